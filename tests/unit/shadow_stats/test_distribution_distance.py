import math

import numpy as np
import pytest
from scipy.stats import ks_2samp, kstwobign

from shadow_stats.distribution_distance import histogram_kolmogorov_smirnov, kolmogorov_smirnov


def test_the_pinned_example() -> None:
    result = kolmogorov_smirnov([1, 2, 3, 4, 5], [3, 4, 5, 6, 7])
    assert result.statistic == 0.4
    assert result.pvalue == pytest.approx(0.8730158730, abs=1e-10)
    assert (result.level, result.reference_samples, result.current_samples) == (0.25, 5, 5)


@pytest.mark.parametrize("sizes", [(1, 1), (1, 7), (6, 4), (17, 30), (50, 50), (120, 45), (400, 333)])
@pytest.mark.parametrize("shift", [0.0, 0.4, 1.0])
def test_small_samples_are_exact(sizes: tuple[int, int], shift: float) -> None:
    rng = np.random.default_rng(sizes[0])
    first, second = rng.normal(size=sizes[0]), rng.normal(shift, 1.0, sizes[1])
    expected = ks_2samp(first, second, method="exact")
    result = kolmogorov_smirnov(first, second)
    assert result.statistic == pytest.approx(expected.statistic, abs=1e-14)
    assert result.pvalue == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-10)


def test_large_samples_follow_the_limit_law() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=4000), rng.normal(0.04, 1.0, size=3000)
    expected = ks_2samp(first, second, method="exact").pvalue
    assert kolmogorov_smirnov(first, second).pvalue == pytest.approx(expected, rel=0.1)


def test_rows_that_count_as_fewer_say_less() -> None:
    rng = np.random.default_rng(4)
    first, second = rng.normal(size=400), rng.normal(0.2, 1.0, size=300)
    whole = kolmogorov_smirnov(first, second)
    half = kolmogorov_smirnov(first, second, effective_share=0.5)
    assert (half.statistic, half.level, half.effective_share) == (whole.statistic, whole.level, 0.5)
    assert half.pvalue == pytest.approx(kstwobign.sf(math.sqrt(0.5 * 400 * 300 / 700) * whole.statistic))
    assert half.pvalue > whole.pvalue


def test_ties_only_make_it_conservative() -> None:
    rng = np.random.default_rng(2)
    pvalues = [kolmogorov_smirnov(rng.integers(0, 4, 60), rng.integers(0, 4, 60)).pvalue for _ in range(500)]
    assert np.mean(np.array(pvalues) <= 0.05) <= 0.05


@pytest.mark.parametrize("window", [50, 100, 1000])
def test_windows_without_drift_alarm_at_most_at_the_level(window: int) -> None:
    rng = np.random.default_rng(3)
    pvalues = [kolmogorov_smirnov(rng.normal(size=500), rng.normal(size=window)).pvalue for _ in range(400)]
    assert np.mean(np.array(pvalues) <= 0.05) <= 0.05 + 3.0 * math.sqrt(0.05 * 0.95 / 400)


def test_a_histogram_is_its_sample_with_ties() -> None:
    first, second = [3, 9, 1, 4], [5, 2, 8, 8]
    binned = histogram_kolmogorov_smirnov(first, second)
    assert binned == kolmogorov_smirnov(np.repeat(np.arange(4), first), np.repeat(np.arange(4), second))


def test_totals_of_counters_are_not_too_large() -> None:
    small, large = ([6, 2, 2], [5, 3, 2]), ([6 * 10**12, 2 * 10**12, 2 * 10**12], [5 * 10**12, 3 * 10**12, 2 * 10**12])
    assert histogram_kolmogorov_smirnov(*large).statistic == histogram_kolmogorov_smirnov(*small).statistic
    assert histogram_kolmogorov_smirnov(*large).pvalue == 0.0


@pytest.mark.parametrize(("moved", "level"), [(140, 0.0), (150, 0.15), (249, 0.15), (250, 0.25)])
def test_the_level_is_the_larger_one_reached(moved: int, level: float) -> None:
    assert histogram_kolmogorov_smirnov([500, 500], [500 - moved, 500 + moved]).level == level


def test_equal_samples_have_no_distance_and_distinct_ones_no_chance() -> None:
    assert kolmogorov_smirnov([1.0, 2.0], [1.0, 2.0]).pvalue == 1.0
    far = kolmogorov_smirnov(np.zeros(500), np.ones(500))
    assert far.statistic == 1.0
    assert 0.0 < far.pvalue < 1e-100


def test_what_is_no_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="reference is empty"):
        kolmogorov_smirnov([], [1.0])
    with pytest.raises(ValueError, match=r"current\[0\] is nan"):
        kolmogorov_smirnov([1.0], [math.nan])
    with pytest.raises(ValueError, match="effective_share is 0"):
        kolmogorov_smirnov([1.0], [1.0], effective_share=0.0)
    with pytest.raises(ValueError, match="the same bins"):
        histogram_kolmogorov_smirnov([1], [1, 2])
