import math

import numpy as np
import pytest
from scipy.stats import beta, norm

from shadow_stats.allocation import ewma_weights, hedge_weights, limited_weights, thompson_beta, thompson_normal

DRAWS = 20_000


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_beta_draws_are_best_as_often_as_the_posterior_says() -> None:
    grid = np.linspace(0.0, 1.0, 20_001)
    better = np.trapezoid(beta.pdf(grid, 13, 9) * beta.cdf(grid, 10, 12), grid)
    share = thompson_beta([12, 9], [8, 11], rng=rng(), draws=DRAWS)
    assert share[0] == pytest.approx(better, abs=4.0 * math.sqrt(0.25 / DRAWS))
    assert share.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("prior", [math.inf, 0.5])
def test_normal_draws_are_best_as_often_as_the_posterior_says(prior: float) -> None:
    trust = 1.0 / (1.0 + np.array([0.3, 0.4]) ** 2 / prior**2)
    gap, spread = trust @ [0.5, -0.1], math.sqrt(trust @ [0.09, 0.16])
    share = thompson_normal([0.5, 0.1], [0.3, 0.4], rng=rng(), draws=DRAWS, prior_deviation=prior)
    assert share[0] == pytest.approx(norm.cdf(gap / spread), abs=4.0 * math.sqrt(0.25 / DRAWS))


def test_one_draw_is_a_choice_and_a_seed_fixes_it() -> None:
    choice = thompson_beta([5, 5, 5], [5, 5, 5], rng=rng())
    assert sorted(choice) == [0.0, 0.0, 1.0]
    assert np.array_equal(choice, thompson_beta([5, 5, 5], [5, 5, 5], rng=rng()))


def test_recent_profit_is_weighed_by_half_lives() -> None:
    pnl = [[4.0, 0.0, -1.0], [0.0, 6.0, -1.0]]
    assert ewma_weights(pnl, half_life=1.0) == pytest.approx([0.25, 0.75, 0.0])
    assert ewma_weights(-np.ones((3, 2)), half_life=1.0) == pytest.approx([0.5, 0.5])


def test_hedge_is_exponential_in_profit() -> None:
    assert hedge_weights([[1.0, 0.0], [1.0, 0.0]], scale=2.0, learning_rate=math.log(3.0)) == pytest.approx(
        [0.75, 0.25]
    )
    assert hedge_weights(np.ones((5, 1)), scale=1.0) == pytest.approx([1.0])
    assert hedge_weights([[1e6, 0.0]], scale=1.0, learning_rate=1.0) == pytest.approx([1.0, 0.0])


def test_hedge_never_loses_more_than_its_bound_to_the_best_model() -> None:
    pnl = np.random.default_rng(1).random((400, 5)) * [1.0, 1.0, 0.9, 0.5, 1.0]
    rate = math.sqrt(8.0 * math.log(5) / 400)
    earned = 0.0
    for row in range(400):
        weights = hedge_weights(pnl[:row], scale=1.0, learning_rate=rate) if row else np.full(5, 0.2)
        earned += float(weights @ pnl[row])
    assert pnl.sum(axis=0).max() - earned <= math.sqrt(400 / 2.0 * math.log(5))


def test_a_cap_gives_to_the_others_in_proportion() -> None:
    assert limited_weights([6.0, 2.0, 1.0, 1.0], cap=0.4) == pytest.approx([0.4, 0.3, 0.15, 0.15])
    assert limited_weights([1.0, 0.0, 0.0], cap=0.5) == pytest.approx([0.5, 0.25, 0.25])
    assert limited_weights([1.0, 0.0, 0.0], floor=0.1) == pytest.approx([0.8, 0.1, 0.1])
    assert limited_weights([9.0, 1.0], cap=0.5, floor=0.5) == pytest.approx([0.5, 0.5])


def test_smoothing_keeps_a_share_of_the_previous_weights() -> None:
    kept = limited_weights([1.0, 0.0], previous=[0.0, 2.0], smoothing=0.75)
    assert kept == pytest.approx([0.25, 0.75])
    assert limited_weights([1.0, 0.0], previous=[0.0, 1.0], smoothing=0.75, cap=0.6) == pytest.approx([0.4, 0.6])


def test_what_cannot_be_allocated_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot sum to 1"):
        limited_weights([1.0, 1.0], cap=0.4)
    with pytest.raises(ValueError, match="cannot sum to 1"):
        limited_weights([1.0, 1.0], floor=0.6)
    with pytest.raises(ValueError, match="at least one entry must be above 0"):
        limited_weights([0.0, 0.0])
    with pytest.raises(ValueError, match=r"weights\[1\] is -1.0"):
        limited_weights([2.0, -1.0])
    with pytest.raises(ValueError, match="smoothing is 1"):
        limited_weights([1.0], smoothing=1.0)
    with pytest.raises(ValueError, match="2 weights and 1 previous"):
        limited_weights([1.0, 1.0], previous=[1.0])
    with pytest.raises(ValueError, match="one of each for every arm"):
        thompson_beta([1.0], [1.0, 2.0], rng=rng())
    with pytest.raises(ValueError, match=r"successes\[0\] is -1.0: it must be at least 0"):
        thompson_beta([-1.0], [1.0], rng=rng())
    with pytest.raises(ValueError, match="prior is 0"):
        thompson_beta([1.0], [1.0], rng=rng(), prior=0.0)
    with pytest.raises(ValueError, match=r"errors\[0\] is 0.0: it must be positive"):
        thompson_normal([1.0], [0.0], rng=rng())
    with pytest.raises(ValueError, match="prior_deviation is 0"):
        thompson_normal([1.0], [1.0], rng=rng(), prior_deviation=0.0)
    with pytest.raises(ValueError, match="draws is 0"):
        thompson_normal([1.0], [1.0], rng=rng(), draws=0)
    with pytest.raises(ValueError, match="pnl has shape"):
        ewma_weights([1.0], half_life=1.0)
    with pytest.raises(ValueError, match="half_life is 0"):
        ewma_weights([[1.0]], half_life=0.0)
    with pytest.raises(ValueError, match="scale is 0"):
        hedge_weights([[1.0]], scale=0.0)
    with pytest.raises(ValueError, match="scale is 1e-300: it must not be so small"):
        hedge_weights([[1e60, 1.0]], scale=1e-300)
    with pytest.raises(ValueError, match="learning_rate is 0"):
        hedge_weights([[1.0]], scale=1.0, learning_rate=0.0)
    with pytest.raises(ValueError, match=r"pnl\[1\] is nan"):
        hedge_weights([[1.0, math.nan]], scale=1.0)
