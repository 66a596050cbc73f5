import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter

from shadow_stats.regimes import RegimeReading, read_regimes
from shadow_stats.scale_variances import ScaleVariances

Series = NDArray[np.float64]
ROWS = 20_000


def noise(seed: int = 3, rows: int = ROWS) -> Series:
    return np.random.default_rng(seed).normal(size=rows)


def switching(share: float, seed: int = 3, rows: int = ROWS) -> Series:
    rng = np.random.default_rng(seed)
    return rng.normal(size=rows) + 0.3 * (1 - 2 * (np.cumsum(rng.random(rows) < share) % 2))


def read(values: Series, short_variance: float) -> RegimeReading:
    scales = ScaleVariances()
    scales.extend(values.tolist())
    seen = scales.mean_squares()
    return read_regimes(scales.pairs[: len(seen)], seen, short_variance, values.size)


def averaged(share: float, short_variance: float) -> tuple[float, float]:
    readings = [read(switching(share, seed), short_variance) for seed in range(12)]
    return float(np.mean([r.ratio for r in readings])), float(np.mean([r.rows for r in readings]))


def test_independent_numbers_have_no_regime() -> None:
    readings = [read(noise(seed), 1.0) for seed in range(40)]
    assert np.mean([r.ratio for r in readings]) < 1.2
    assert np.mean([r.ratio > 2.0 for r in readings]) <= 0.05


@pytest.mark.parametrize(("share", "rows"), [(0.05, 20), (0.01, 100), (0.004, 250)])
def test_the_variance_and_the_length_of_a_regime_are_found(share: float, rows: int) -> None:
    pull = 0.09 * (2.0 - 2.0 * share) / (2.0 * share)
    raised = 1.2 + 12.0 * rows / ROWS
    ratio, length = averaged(share, short_variance=1.0)
    assert ratio == pytest.approx(1.0 + raised * pull, rel=0.25)
    assert length == pytest.approx(rows, rel=0.5)


@pytest.mark.parametrize("coefficient", [-0.5, 0.5, 0.8])
def test_memory_within_sixteen_rows_is_no_regime(coefficient: float) -> None:
    long_run = 1.0 / (1.0 - coefficient) ** 2
    readings = [read(lfilter([1.0], [1.0, -coefficient], noise(seed)), long_run) for seed in range(12)]
    assert np.mean([r.ratio for r in readings]) < 1.1


def test_the_unit_does_not_matter() -> None:
    plain, scaled = read(switching(0.01), 1.0), read(1e6 * switching(0.01), 1e12)
    assert scaled.ratio == pytest.approx(plain.ratio, rel=1e-9)
    assert scaled.rows == pytest.approx(plain.rows, rel=1e-9)


def test_with_few_rows_no_regime_can_be_told() -> None:
    reading = read(switching(0.5, rows=63), 1.0)
    assert (float(reading.ratio), float(reading.rows)) == (1.0, 0.0)


def test_blocks_that_do_not_vary_are_no_regime() -> None:
    assert read(np.tile([1.0, -1.0], ROWS // 2), 0.05).ratio == 1.0


def test_many_series_are_read_at_once() -> None:
    pairs, squares = [40, 20, 10, 5, 2, 1], np.array([[1.0] * 6, [1.0, 1.0, 2.0, 4.0, 8.0, 9.0]])
    together = read_regimes(pairs, squares, [1.0, 1.1], 640)
    for index, short in enumerate([1.0, 1.1]):
        alone = read_regimes(pairs, squares[index], short, 640)
        assert together.ratio[index] == pytest.approx(float(alone.ratio), rel=1e-12)
        assert together.rows[index] == pytest.approx(float(alone.rows), rel=1e-12)
    assert together.ratio[1] > together.ratio[0]
