import math

import numpy as np
import pytest
from scipy.stats import chi2

from shadow_stats.stability_index import PopulationStability, histogram_stability, population_stability

REPLICATIONS = 1500
# Three standard errors of a share of 5 % seen in that many replications.
MOST = 0.05 + 3.0 * math.sqrt(0.05 * 0.95 / REPLICATIONS)


def test_the_index_and_its_p_value_follow_the_formula() -> None:
    before, now = np.array([10.5, 30.5, 60.5]) / 101.5, np.array([20.5, 20.5, 10.5]) / 51.5
    index = float(((now - before) * np.log(now / before)).sum())
    result = histogram_stability([10, 30, 60], [20, 20, 10])
    assert result.statistic == pytest.approx(index, rel=1e-14)
    assert result.pvalue == pytest.approx(chi2.sf(index / (1 / 100 + 1 / 50), 2), rel=1e-12)
    assert (result.bins, result.reference_samples, result.current_samples) == (3, 100, 50)


def test_equal_histograms_have_no_distance() -> None:
    assert histogram_stability([5, 5], [5, 5]) == PopulationStability(0.0, 1.0, 0.0, 2, 10, 10)


@pytest.mark.parametrize(("moved", "level"), [(5000, 0.0), (6600, 0.1), (7250, 0.2), (7450, 0.25), (7700, 0.3)])
def test_the_level_is_the_largest_one_reached(moved: int, level: float) -> None:
    assert histogram_stability([5000, 5000], [moved, 10_000 - moved]).level == level


def test_the_p_value_agrees_with_pearson_on_a_published_table() -> None:
    """Both are chi-square to first order; Pearson's value is the one in Evidently's tests."""
    reference, current = np.array([16, 18, 16, 14, 12, 12]), np.array([16, 16, 16, 16, 16, 8])
    result = histogram_stability(reference * 1000, current * 10)
    pearson = chi2.sf((((current - reference) ** 2) / reference).sum() * 10, 5)
    assert result.pvalue == pytest.approx(pearson, abs=0.03)


@pytest.mark.parametrize(("window", "reference"), [(50, 1000), (100, 1000), (1000, 1000), (50, 50)])
def test_windows_without_drift_alarm_at_most_at_the_level(window: int, reference: int) -> None:
    rng = np.random.default_rng(20_26)
    alarms = [
        population_stability(rng.standard_t(4, reference), rng.standard_t(4, window)).pvalue <= 0.05
        for _ in range(REPLICATIONS)
    ]
    assert np.mean(alarms) <= MOST


def test_the_index_alone_alarms_most_of_the_time_in_small_windows() -> None:
    rng = np.random.default_rng(1)
    levels = [population_stability(rng.normal(size=1000), rng.normal(size=50)).level for _ in range(300)]
    assert np.mean(np.array(levels) >= 0.1) > 0.5


def test_a_moved_distribution_is_found() -> None:
    rng = np.random.default_rng(2)
    result = population_stability(rng.normal(size=1000), rng.normal(0.5, 1.0, 500))
    assert result.pvalue < 1e-6
    assert result.bins == 10


def test_a_constant_reference_sees_both_sides() -> None:
    assert population_stability(np.full(100, 2.0), np.full(100, 2.0)).pvalue == 1.0
    for other in (1.0, 3.0):
        assert population_stability(np.full(100, 2.0), np.full(100, other)).pvalue < 1e-6


def test_discrete_values_keep_bins_of_their_own() -> None:
    reference = np.repeat([0.0, 1.0, 2.0], [600, 200, 200])
    assert population_stability(reference, np.repeat([0.0, 1.0], [600, 400])).pvalue < 1e-6


@pytest.mark.parametrize(
    ("reference", "current", "message"),
    [
        ([1, 2], [1, 2, 3], "the same bins"),
        ([1, -1], [1, 1], r"reference\[1\] is -1"),
        ([1, 1], [0.5, 1], r"current\[0\] is 0.5"),
        ([0, 0], [1, 1], "reference is empty"),
        ([], [], "reference is empty"),
        ([1, math.nan], [1, 1], r"reference\[1\] is nan"),
    ],
)
def test_what_is_no_histogram_is_refused(reference: list[float], current: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        histogram_stability(reference, current)


def test_what_is_no_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="current is empty"):
        population_stability([1.0], [])
    with pytest.raises(ValueError, match="bins is 1"):
        population_stability([1.0], [1.0], bins=1)
    with pytest.raises(TypeError, match=r"bins is 2\.5"):
        population_stability([1.0], [1.0], bins=2.5)  # type: ignore[arg-type] # that is what is tested
    with pytest.raises(ValueError, match=r"current\[0\] is inf"):
        population_stability([1.0], [math.inf])
