"""Constants of the normal mixture are those that the unit tests of the confseq package take from a reference in R."""

import math

import numpy as np
import pytest

from shadow_stats import HybridBoundary, mixture_bound, mixture_log_e, mixture_rho
from shadow_stats.boundary import HORIZON_SHARE, Alternative, supremum_bound, supremum_pvalue


def test_the_best_mixing_precision_is_the_published_one() -> None:
    assert mixture_rho(100, 0.05) == pytest.approx(12.60056, rel=1e-6)


@pytest.mark.parametrize(("alternative", "log_e"), [("two-sided", -0.6510052), ("greater", -0.06502391)])
def test_the_mixture_e_value_is_the_published_one(alternative: Alternative, log_e: float) -> None:
    rho = mixture_rho(100, 0.05, alternative)
    assert mixture_log_e(10, 100, rho, alternative) == pytest.approx(log_e, rel=1e-6)


@pytest.mark.parametrize(("alternative", "bound"), [("two-sided", 30.35209), ("greater", 27.66071)])
def test_the_mixture_bound_is_the_published_one(alternative: Alternative, bound: float) -> None:
    rho = mixture_rho(100, 0.05, alternative)
    assert mixture_bound(100, rho, 0.05, alternative) == pytest.approx(bound, abs=5e-6)


@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
@pytest.mark.parametrize("alpha", [0.45, 0.05, 1e-4, 1e-12])
@pytest.mark.parametrize("variance", [1.0, 300.0, 1e7])
def test_the_e_value_at_the_bound_is_one_over_alpha(alternative: Alternative, alpha: float, variance: float) -> None:
    bound = mixture_bound(variance, 50.0, alpha, alternative)
    assert mixture_log_e(bound, variance, 50.0, alternative) == pytest.approx(-math.log(alpha), rel=1e-9)


def test_the_two_sided_e_value_is_the_average_of_both_directions() -> None:
    up, down = (mixture_log_e(sign * 25.0, 300.0, 40.0, "greater") for sign in (1, -1))
    average = math.log(0.5 * (math.exp(up) + math.exp(down)))
    assert mixture_log_e(25.0, 300.0, 40.0) == pytest.approx(average, rel=1e-12)


def test_brownian_motion_leaves_the_published_band_five_percent_of_the_time() -> None:
    assert supremum_bound(0.025) == pytest.approx(2.2414, abs=5e-5)
    assert supremum_pvalue(supremum_bound(0.025)) == pytest.approx(0.025, rel=1e-12)
    assert supremum_pvalue(-1.0) == 1.0


@pytest.mark.parametrize("samples", [100, 1219, 1220, 1221, 10**6])
def test_the_p_value_at_the_hybrid_bound_is_its_level(samples: int) -> None:
    boundary = HybridBoundary.planned(0.025, 1000)
    assert boundary.pvalue(boundary.bound(samples), samples) == pytest.approx(0.025, rel=1e-9)


@pytest.mark.parametrize(
    ("look_every", "relief"), [(1, 0.0), (4, 0.5826), (100, 9 * 0.5826), (1000, (math.sqrt(1220 / 6) - 1) * 0.5826)]
)
def test_looks_that_are_far_apart_need_a_lower_level(look_every: int, relief: float) -> None:
    often, seldom = HybridBoundary.planned(0.025, 1000), HybridBoundary.planned(0.025, 1000, look_every=look_every)
    assert often.ceiling - seldom.ceiling == pytest.approx(relief, abs=1e-3)
    assert seldom.pvalue(seldom.ceiling, 900) == pytest.approx(0.025, rel=1e-9)
    assert seldom.bound(10_000) == often.bound(10_000)


def test_walks_looked_at_now_and_then_cross_the_lower_level_as_often_as_they_may() -> None:
    boundary = HybridBoundary.planned(0.1, 500, stretch=1.0, look_every=25)
    steps = np.random.default_rng(3).normal(scale=5.0, size=(20_000, 20))
    crossed = (np.cumsum(steps, axis=1) >= boundary.ceiling).any(axis=1).mean()
    assert crossed == pytest.approx(HORIZON_SHARE * 0.1, abs=3.5 * math.sqrt(0.09 * 0.91 / 20_000) + 0.001)


@pytest.mark.parametrize("look_every", [300, 500, 1000, 1220])
def test_few_looks_within_the_horizon_spend_no_more_than_their_share(look_every: int) -> None:
    boundary = HybridBoundary.planned(0.1, 1000, look_every=look_every)
    looks = np.arange(look_every, 1221, look_every)
    steps = np.random.default_rng(4).normal(scale=math.sqrt(look_every), size=(40_000, looks.size))
    crossed = (np.cumsum(steps, axis=1) >= [boundary.bound(look) for look in looks.tolist()]).any(axis=1).mean()
    assert crossed <= 0.1 + 3.0 * math.sqrt(0.09 / 40_000)


def test_the_hybrid_stays_finite_for_ever() -> None:
    boundary = HybridBoundary.planned(0.025, 1000)
    assert boundary.bound(1220) < boundary.bound(1221) < boundary.bound(10**9) < math.inf


@pytest.mark.parametrize("drift", [0.5, 0.1, 0.08, 0.03, 0.001])
@pytest.mark.parametrize("after", [100, 2000])
def test_the_expected_sample_is_the_first_at_the_boundary(drift: float, after: int) -> None:
    boundary = HybridBoundary.planned(0.025, 1000)
    until = boundary.samples_until(drift, after)
    assert until is not None
    assert until > after
    assert drift * until >= boundary.bound(until)
    assert until == after + 1 or drift * (until - 1) < boundary.bound(until - 1)


def test_the_e_value_of_a_boundary_starts_at_one() -> None:
    assert HybridBoundary.planned(0.025, 1000).log_e(0.0, 0, has_reached_ceiling=False) == pytest.approx(0.0, abs=1e-9)


def test_the_e_value_is_one_on_average_at_a_fixed_time() -> None:
    boundary, samples = HybridBoundary.planned(0.025, 1000), 700
    nodes, weights = np.polynomial.hermite_e.hermegauss(150)
    scores = math.sqrt(samples) * nodes
    # A path that ends at s has reached the ceiling c before with the chance exp(-2 c (c - s) / n), and 1 above it.
    passed = np.exp(np.minimum(-2.0 * boundary.ceiling * (boundary.ceiling - scores) / samples, 0.0))
    values = [
        chance * math.exp(boundary.log_e(score, samples, has_reached_ceiling=True))
        + (1.0 - chance) * math.exp(boundary.log_e(score, samples, has_reached_ceiling=False))
        for score, chance in zip(scores, passed, strict=True)
    ]
    assert np.average(values, weights=weights) == pytest.approx(1.0, rel=1e-3)


@pytest.mark.parametrize("samples", [100, 1219, 1220, 1221, 10**6])
def test_the_e_value_on_the_boundary_is_at_least_one_over_its_level(samples: int) -> None:
    boundary = HybridBoundary.planned(0.025, 1000)
    score = boundary.bound(samples) * (1.0 + 1e-12)
    reached = boundary.reaches_ceiling(score, samples)
    assert boundary.log_e(score, samples, has_reached_ceiling=reached) >= -math.log(0.025) - 1e-9


def test_no_sample_is_expected_for_a_hopeless_drift() -> None:
    assert HybridBoundary.planned(0.025, 1000).samples_until(1e-300, 100) is None
