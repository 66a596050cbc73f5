import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from shadow_stats.sharpe_bootstrap import ledoit_wolf_bootstrap
from shadow_stats.sharpe_report import ledoit_wolf_hac

Series = NDArray[np.float64]
REPOSITORY = Path(__file__).parents[3]
HEDGE_FUNDS = Path(os.environ.get("SHADOW_STATS_LW2008", REPOSITORY / "../shared/data/lw2008_hedge_funds.csv"))


def pair(size: int, gain: float = 0.0, seed: int = 2) -> tuple[Series, Series]:
    shared, first, second = np.random.default_rng(seed).normal(size=(3, size))
    return shared + first + gain, shared + second


@pytest.fixture(scope="module")
def hedge_funds() -> tuple[Series, Series]:
    if not HEDGE_FUNDS.exists():
        pytest.skip("the hedge-fund returns of Ledoit and Wolf (2008) are not here")
    table = np.loadtxt(HEDGE_FUNDS, delimiter=",", skiprows=1)
    return table[:, 0], table[:, 1]


@pytest.mark.parametrize(("length", "percent", "error"), [(1, 5.8, 0.22011), (4, 29.4, 0.39158), (None, 29.4, 0.39158)])
def test_the_hedge_funds_have_the_published_p_value(
    hedge_funds: tuple[Series, Series], length: int | None, percent: float, error: float
) -> None:
    report = ledoit_wolf_bootstrap(*hedge_funds, block_length=length, rng=1)
    assert 100.0 * report.pvalue == pytest.approx(percent, abs=1.5)
    assert report.standard_error == pytest.approx(error, abs=1e-4)


def test_one_resample_is_studentised_by_its_own_blocks() -> None:
    first, second = pair(60, 0.2)
    report = ledoit_wolf_bootstrap(first, second, block_length=7, n_resamples=5, rng=3)
    starts = np.random.default_rng(3).integers(60, size=(5, 8))
    for row, expected in zip(starts, report.bootstrap_distribution, strict=True):
        chosen = ((row[:, None] + np.arange(7)) % 60).ravel()
        influence, effect = np.zeros(56), 0.0
        for series, sign in ((first[chosen], 1.0), (second[chosen], -1.0)):
            standard, ratio = (series - series.mean()) / series.std(), series.mean() / series.std()
            influence += sign * (standard - 0.5 * ratio * (standard**2 - 1.0))
            effect += sign * ratio
        blocks = influence.reshape(8, 7).sum(axis=1)
        error = np.sqrt(blocks @ blocks) / 56.0
        assert abs(effect - report.effect) / error == pytest.approx(expected, rel=1e-9)


def test_test_and_interval_agree() -> None:
    for gain in (0.0, 0.05, 0.1, 0.15, 0.2, 0.3):
        report = ledoit_wolf_bootstrap(*pair(200, gain), n_resamples=999, rng=1)
        low, high = report.confidence_interval()
        assert (low > 0.0 or high < 0.0) == (report.pvalue < 0.05)


def test_sides_and_units_do_not_matter() -> None:
    first, second = pair(150, 0.2)
    there = ledoit_wolf_bootstrap(first, second, block_length=1, n_resamples=500, rng=1)
    back = ledoit_wolf_bootstrap(1e-4 * second, 1e3 * first, block_length=1, n_resamples=500, rng=1)
    assert back.effect == pytest.approx(-there.effect)
    assert back.pvalue == there.pvalue


def test_a_clear_gain_is_found_and_the_error_is_that_of_the_kernel() -> None:
    first, second = pair(300, 0.6)
    report = ledoit_wolf_bootstrap(first, second, block_length=5, n_resamples=999, rng=1)
    assert report.pvalue <= 0.002
    assert report.standard_error == ledoit_wolf_hac(first, second, prewhiten=True).standard_error
    assert (report.samples, report.block_length) == (300, 5)


def test_what_cannot_be_tested_is_refused() -> None:
    first, second = pair(50)
    with pytest.raises(ValueError, match="champion is constant"):
        ledoit_wolf_bootstrap(first, np.ones(50))
    with pytest.raises(ValueError, match="block_length is 26"):
        ledoit_wolf_bootstrap(first, second, block_length=26)
    with pytest.raises(ValueError, match="n_resamples is 0"):
        ledoit_wolf_bootstrap(first, second, n_resamples=0)
