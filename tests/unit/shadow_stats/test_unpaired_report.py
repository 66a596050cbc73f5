import math

import numpy as np
import pytest
from scipy import stats

from shadow_stats.fixed_sample import Side
from shadow_stats.unpaired_report import welch

FIRST = [27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4]
SECOND = [27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 30.5, 24.4]


def test_the_published_sample_gives_the_published_figures() -> None:
    report = welch(FIRST, SECOND)
    assert report.statistic == pytest.approx(-2.8529548702, abs=1e-10)
    assert report.pvalue == pytest.approx(0.0080719382, abs=1e-10)
    assert report.df == pytest.approx(27.8873, abs=5e-5)


@pytest.mark.parametrize("alternative", ["two-sided", "less", "greater"])
def test_all_sides_are_those_of_scipy(alternative: Side) -> None:
    first, second = FIRST[:9], SECOND
    report = welch(first, second, alternative=alternative)
    oracle = stats.ttest_ind(first, second, equal_var=False, alternative=alternative)
    assert (report.statistic, report.pvalue, report.df) == pytest.approx((oracle.statistic, oracle.pvalue, oracle.df))
    assert report.confidence_interval(0.9) == pytest.approx(tuple(oracle.confidence_interval(0.9)))


def test_one_side_that_does_not_vary_is_enough() -> None:
    assert math.isfinite(welch([1.0, 1.0, 1.0], FIRST).pvalue)


def test_what_cannot_be_tested_is_refused() -> None:
    with pytest.raises(ValueError, match="champion has 1 entries"):
        welch(FIRST, [1.0])
    with pytest.raises(ValueError, match="neither series varies"):
        welch(np.full(7, 0.1), np.full(9, 0.3))
    with pytest.raises(ValueError, match="alternative is 'up'"):
        welch(FIRST, SECOND, alternative="up")  # type: ignore[arg-type] # that is what is tested
    with pytest.raises(ValueError, match="confidence_level is 1"):
        welch(FIRST, SECOND).confidence_interval(1.0)
