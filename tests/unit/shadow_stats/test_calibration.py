import math

import numpy as np
import pytest
from numpy.typing import NDArray

from shadow_stats.calibration import ReliabilityCurve, calibration_error, monotonicity, reliability_curve

Series = NDArray[np.float64]


def forecasts(size: int, seed: int, power: float = 1.0) -> tuple[Series, Series]:
    rng = np.random.default_rng(seed)
    probabilities = rng.random(size)
    return probabilities, (rng.random(size) < probabilities**power).astype(np.float64)


# scikit-learn 1.9.1, calibration_curve(n_bins=5) on the same forecasts.
UNIFORM = (
    [0.041237113402061855, 0.13333333333333333, 0.3838383838383838, 0.6936936936936937, 0.8068181818181818],
    [0.10173913261566918, 0.30317382293800654, 0.5080077364460691, 0.6997086035772885, 0.8933093372226591],
)
QUANTILE = (
    [0.04, 0.14, 0.37, 0.69, 0.8],
    [0.10479351722093572, 0.30423692509499284, 0.5049611517230367, 0.6880522760021621, 0.8806920284893174],
)


@pytest.mark.parametrize(("equal_mass", "expected"), [(False, UNIFORM), (True, QUANTILE)])
def test_the_curve_is_the_pinned_one_of_scikit_learn(*, equal_mass: bool, expected: tuple[list[float], ...]) -> None:
    curve = reliability_curve(*forecasts(500, 3, 1.5), bins=5, equal_mass=equal_mass)
    assert curve.observed == pytest.approx(expected[0], rel=1e-14)
    assert curve.predicted == pytest.approx(expected[1], rel=1e-14)
    assert sum(curve.counts) == 500
    assert all(a <= b <= c for a, b, c in zip(curve.low, curve.observed, curve.high, strict=True))


def test_the_expected_error_is_its_definition() -> None:
    result = calibration_error([0.1, 0.1, 0.7, 0.9], [0, 1, 1, 1], bins=2, equal_mass=False)
    assert result.expected == pytest.approx(0.5 * 0.4 + 0.5 * 0.2)
    assert result.debiased_square == pytest.approx(0.5 * (0.16 - 0.25) + 0.5 * 0.04)
    assert (result.debiased, result.bins, result.samples) == (0.0, 2, 4)


def test_chance_moves_the_expected_error_and_not_the_debiased_one() -> None:
    results = [calibration_error(*forecasts(1000, seed)) for seed in range(400)]
    squares = np.array([result.debiased_square for result in results])
    assert abs(squares.mean()) <= 3.0 * squares.std() / 20.0
    assert abs(squares.mean()) <= 2e-4
    assert np.mean([result.expected for result in results]) > 0.03


def test_a_true_distance_is_measured() -> None:
    rng = np.random.default_rng(1)
    roots = [calibration_error(np.full(1000, 0.5), (rng.random(1000) < 0.6).astype(float)).debiased for _ in range(200)]
    assert np.mean(roots) == pytest.approx(0.1, abs=0.002 + 3.0 * float(np.std(roots)) / math.sqrt(200))


def test_a_curve_that_falls_is_found() -> None:
    probabilities, outcomes = forecasts(1000, 2)
    rng = np.random.default_rng(3)
    assert monotonicity(reliability_curve(probabilities, outcomes), rng=rng).pvalue > 0.05
    falling = monotonicity(reliability_curve(1.0 - probabilities, outcomes), rng=rng)
    assert (falling.pvalue, falling.statistic > 100.0) == (0.001, True)


def test_a_flat_curve_counts_as_falling_no_more_often_than_alpha() -> None:
    rng = np.random.default_rng(4)
    pvalues = []
    for _ in range(200):
        curve = reliability_curve(rng.random(400), (rng.random(400) < 0.3).astype(float), bins=8)
        pvalues.append(monotonicity(curve, rng=rng, resamples=99).pvalue)
    assert np.mean(np.array(pvalues) <= 0.05) <= 0.05 + 3.0 * math.sqrt(0.05 * 0.95 / 200)


def test_a_curve_that_never_falls_has_no_distance() -> None:
    curve = ReliabilityCurve((0.1, 0.9), (0.2, 0.8), (0.0, 0.0), (1.0, 1.0), (50, 50))
    result = monotonicity(curve, rng=np.random.default_rng(5))
    assert (result.statistic, result.pvalue) == (0.0, 1.0)


def test_what_is_no_forecast_is_refused() -> None:
    with pytest.raises(ValueError, match="must be paired"):
        calibration_error([0.5], [1, 0])
    with pytest.raises(ValueError, match=r"probabilities\[0\] is 1.5"):
        calibration_error([1.5], [1])
    with pytest.raises(ValueError, match=r"outcomes\[0\] is 0.5"):
        calibration_error([0.5], [0.5])
    with pytest.raises(ValueError, match="probabilities is empty"):
        calibration_error([], [])
    with pytest.raises(ValueError, match="bins is 0"):
        calibration_error([0.5], [1], bins=0)
    with pytest.raises(ValueError, match="resamples is 0"):
        monotonicity(reliability_curve([0.5], [1]), rng=np.random.default_rng(0), resamples=0)
