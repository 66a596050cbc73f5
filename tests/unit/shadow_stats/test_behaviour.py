import importlib
import math

import numpy as np
import pytest
from scipy.stats import entropy

from shadow_stats.behaviour import action_diversity, agreement, confidence_spread, wilson_interval

metrics = importlib.import_module("sklearn.metrics")
proportion = importlib.import_module("statsmodels.stats.proportion")


def test_diversity_is_shannons() -> None:
    result = action_diversity([50, 30, 20, 0])
    assert result.largest_share == 0.5
    assert result.entropy == pytest.approx(entropy([0.5, 0.3, 0.2]))
    assert result.evenness == pytest.approx(entropy([0.5, 0.3, 0.2], base=4))
    assert result.effective_actions == pytest.approx(math.exp(entropy([0.5, 0.3, 0.2])))
    assert result.samples == 100


def test_one_action_is_no_diversity_and_equal_ones_are_all_of_it() -> None:
    always = action_diversity([0, 7, 0])
    assert (always.largest_share, always.entropy, always.evenness, always.effective_actions) == (1.0, 0.0, 0.0, 1.0)
    assert action_diversity([3]).evenness == 0.0
    assert action_diversity([5, 5, 5]).evenness == pytest.approx(1.0)


def test_spread_is_read_from_the_histogram() -> None:
    result = confidence_spread([10, 80, 10], [0.0, 0.2, 0.4, 1.0])
    assert (result.low, result.median, result.high) == pytest.approx((0.2, 0.3, 0.4))
    assert result.spread == pytest.approx(0.2)
    middles = np.repeat([0.1, 0.3, 0.7], [10, 80, 10])
    assert (result.mean, result.deviation, result.samples) == pytest.approx((middles.mean(), middles.std(), 100))


def test_empty_bins_do_not_move_the_points() -> None:
    result = confidence_spread([0, 10, 0, 0], [0.0, 0.5, 0.6, 0.9, 1.0])
    assert (result.low, result.median, result.high) == pytest.approx((0.51, 0.55, 0.59))


@pytest.mark.parametrize("table", [[[20, 5, 1], [4, 30, 6], [2, 3, 29]], [[5, 90], [80, 3]], [[0, 9], [0, 4]]])
def test_agreement_is_that_of_scikit_learn(table: list[list[int]]) -> None:
    result, actions = agreement(table), range(len(table))
    pairs = [(i, j) for i in actions for j in actions for _ in range(table[i][j])]
    first, second = zip(*pairs, strict=True)
    assert result.share == pytest.approx(metrics.accuracy_score(first, second))
    assert result.kappa == pytest.approx(metrics.cohen_kappa_score(first, second), abs=1e-14)
    assert result.low <= result.share <= result.high


@pytest.mark.parametrize(("count", "samples"), [(0, 7), (3, 7), (7, 7), (81, 263), (1, 10_000)])
def test_wilsons_interval_is_that_of_statsmodels(count: int, samples: int) -> None:
    expected = proportion.proportion_confint(count, samples, method="wilson")
    assert wilson_interval(count / samples, samples) == pytest.approx(expected, abs=1e-12)


def test_wilsons_interval_has_published_ends() -> None:
    """Newcombe (1998), table I, method 3: 81 of 263, 15 of 148, 0 of 20."""
    assert wilson_interval(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(15 / 148, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson_interval(0.0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)


def test_agreement_by_chance_is_worth_nothing() -> None:
    assert agreement([[9, 9], [9, 9]]).kappa == 0.0
    assert math.isnan(agreement([[7, 0], [0, 0]]).kappa)


def test_what_is_no_count_is_refused() -> None:
    with pytest.raises(ValueError, match="counts is empty"):
        action_diversity([0, 0])
    with pytest.raises(ValueError, match="must be square"):
        agreement([[1, 2]])
    with pytest.raises(ValueError, match="is -1"):
        agreement([[1, -1], [0, 1]])
    with pytest.raises(ValueError, match="2 edges for 2 bins"):
        confidence_spread([1, 1], [0.0, 1.0])
    with pytest.raises(ValueError, match=r"edges\[2\] is 1.0 after 1.0"):
        confidence_spread([1, 1], [0.0, 1.0, 1.0])
