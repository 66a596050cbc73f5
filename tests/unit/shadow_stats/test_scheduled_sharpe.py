"""The bootstrap of the difference of Sharpe ratios at few planned looks."""

import json
import math

import numpy as np
import pytest

from shadow_stats import BootstrapSharpe, Design, Guarantee, Verdict, ledoit_wolf_bootstrap

DESIGN = Design(alpha=0.05, planned_samples=500)


def streams(samples: int, edge: float = 0.0, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    market = rng.normal(0.0, 0.7, samples)
    return market + rng.normal(edge, 1.0, samples), market + rng.normal(0.0, 1.0, samples)


def fed(own: np.ndarray, other: np.ndarray, pieces: int = 1, design: Design = DESIGN) -> BootstrapSharpe:
    state = BootstrapSharpe(design)
    for one, two in zip(np.array_split(own, pieces), np.array_split(other, pieces), strict=True):
        state.update(one, two)
    return state


def test_nothing_is_said_before_the_first_planned_look() -> None:
    said = fed(*streams(499, edge=3.0)).result()
    assert (said.pvalue, said.low, said.high) == (1.0, -math.inf, math.inf)
    assert said.withheld == "Look 1 comes at 500 samples, 499 so far."
    assert said.verdict is Verdict.INCONCLUSIVE


def test_the_first_look_is_the_published_test_at_half_of_the_budget() -> None:
    own, other = streams(500, edge=0.2)
    said = fed(own, other).result()
    report = ledoit_wolf_bootstrap(own, other, n_resamples=4_999, rng=1)
    assert said.effect == pytest.approx(report.effect)
    assert said.pvalue_better == pytest.approx(2 * report.pvalue / 2)
    interval = report.confidence_interval(1.0 - 0.025)
    assert (said.low, said.high) == pytest.approx(interval)


def test_a_better_ratio_is_found_and_a_worse_one_too() -> None:
    own, other = streams(2000, edge=0.3)
    assert fed(own, other, pieces=4).result().verdict is Verdict.BETTER
    assert fed(other, own, pieces=4).result().verdict is Verdict.WORSE


def test_a_gain_that_does_not_matter_is_not_better() -> None:
    own, other = streams(2000, edge=0.3)
    effect = fed(own, other, pieces=4).result().effect
    least = Design(alpha=0.05, planned_samples=500, minimum_effect=effect)
    assert fed(own, other, pieces=4, design=least).result().pvalue_better > 0.05


def test_many_samples_are_kept_as_means_of_stretches_and_told_per_sample() -> None:
    own, other = streams(20_000, edge=0.2)
    state = fed(own, other, pieces=9)
    assert len(json.dumps(state.to_json())) < 24_000
    assert state.result().effect == pytest.approx(own.mean() / own.std() - other.mean() / other.std(), abs=0.02)


@pytest.mark.parametrize("samples", [0, 499, 1030, 2051])
def test_it_resumes_bit_for_bit(samples: int) -> None:
    own, other = streams(4000, edge=0.1)
    whole, half = (fed(own[:samples], other[:samples]) for _ in range(2))
    resumed = BootstrapSharpe.from_json(json.loads(json.dumps(half.to_json())))
    for state in (whole, resumed):
        state.update(own[samples:], other[samples:])
    assert str(whole.result()) == str(resumed.result())
    assert whole.to_json() == resumed.to_json()


def test_a_state_that_was_cut_short_is_refused() -> None:
    kept = fed(*streams(600)).to_json()
    with pytest.raises(ValueError, match="it was cut short or edited"):
        BootstrapSharpe.from_json({name: value for name, value in kept.items() if name != "champion"})


def test_what_does_not_vary_says_nothing() -> None:
    own, _ = streams(600)
    assert fed(own, np.ones(600)).result().pvalue == 1.0


def test_only_an_asymptotic_guarantee_can_be_given() -> None:
    with pytest.raises(ValueError, match="a bootstrap is Asymptotic only"):
        BootstrapSharpe(Design(alpha=0.05, planned_samples=500, guarantee=Guarantee.BOUNDED, bound=1.0))


def test_equal_ratios_are_told_apart_as_seldom_as_promised() -> None:
    """At three looks, 60 times: more than 8 have a probability of .004 where the rate is 5 %."""
    found = sum(fed(*streams(2000, seed=seed), pieces=4).result().pvalue <= 0.05 for seed in range(60))
    assert found <= 8
