"""The bootstrap of the mean at few planned looks."""

import json
import math

import numpy as np
import pytest

from shadow_stats import BootstrapMean, Design, Guarantee, Verdict, bootstrap

DESIGN = Design(alpha=0.05, planned_samples=500)


def fed(values: np.ndarray, pieces: int = 1, design: Design = DESIGN) -> BootstrapMean:
    state = BootstrapMean(design)
    for piece in np.array_split(values, pieces):
        state.update(piece)
    return state


def noise(samples: int, mean: float = 0.0, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(mean, 1.0, size=samples)


def test_nothing_is_said_before_the_first_planned_look() -> None:
    said = fed(noise(499, mean=5.0)).result()
    assert (said.pvalue, said.low, said.high) == (1.0, -math.inf, math.inf)
    assert said.withheld == "Look 1 comes at 500 samples, 499 so far."
    assert said.verdict is Verdict.INCONCLUSIVE


def test_the_first_look_spends_half_of_the_budget() -> None:
    values = noise(500, mean=0.1)
    said = fed(values).result()
    mean = bootstrap(values, n_resamples=9_999, studentised=True, rng=1).mean
    reached = np.sum(mean.studentised_distribution >= mean.estimate / mean.estimate_error)
    assert said.pvalue_better == pytest.approx(2 * (1 + reached) / 10_000)
    low, high = mean.confidence_interval(1.0 - 0.025, method="studentised")
    assert said.low == pytest.approx(low)
    assert said.high == pytest.approx(high)


def test_looks_come_at_doublings_however_the_series_is_cut() -> None:
    values = noise(4000, mean=0.05)
    # 500, 1,000, 2,000 and 4,000 are ends of both kinds of pieces.
    assert fed(values, pieces=40).result() == pytest.approx(fed(values, pieces=80).result(), nan_ok=True)


def test_more_looks_cost_more() -> None:
    """The same 2,000 rows, judged at the first look or at the third one."""
    values = noise(2000, mean=0.06)
    early = fed(values, pieces=4)
    late = fed(values, design=Design(alpha=0.05, planned_samples=2000))
    assert late.result().pvalue_better < early.result().pvalue_better


def test_many_samples_are_kept_as_means_of_stretches() -> None:
    values = noise(20_000, mean=0.05)
    state = fed(values, pieces=9)
    assert state.result().effect == pytest.approx(values.mean())
    assert len(json.dumps(state.to_json())) < 12_000


@pytest.mark.parametrize("samples", [0, 499, 1030, 2051])
def test_it_resumes_bit_for_bit(samples: int) -> None:
    values = noise(4000)
    whole, half = fed(values[:samples]), fed(values[:samples])
    resumed = BootstrapMean.from_json(json.loads(json.dumps(half.to_json())))
    for state in (whole, resumed):
        state.update(values[samples:])
    assert str(whole.result()) == str(resumed.result())
    assert whole.to_json() == resumed.to_json()


def test_a_state_that_was_cut_short_is_refused() -> None:
    kept = fed(noise(600)).to_json()
    with pytest.raises(ValueError, match="it was cut short or edited"):
        BootstrapMean.from_json({name: value for name, value in kept.items() if name != "blocks"})


def test_what_does_not_vary_says_nothing() -> None:
    assert fed(np.ones(600)).result().pvalue == 1.0
    assert fed(np.zeros(600)).result().pvalue == 1.0


def test_a_gain_that_does_not_matter_is_not_better() -> None:
    values = noise(1000, mean=0.3)
    least = Design(alpha=0.05, planned_samples=500, minimum_effect=0.3)
    assert fed(values, pieces=2).result().pvalue_better < 0.001
    assert fed(values, pieces=2, design=least).result().pvalue_better > 0.05


def test_only_an_asymptotic_guarantee_can_be_given() -> None:
    with pytest.raises(ValueError, match="a bootstrap is Asymptotic only"):
        BootstrapMean(Design(alpha=0.05, planned_samples=500, guarantee=Guarantee.BOUNDED, bound=1.0))


def test_equal_models_are_told_apart_as_seldom_as_promised() -> None:
    """At three looks, 60 times: more than 8 have a probability of .004 where the rate is 5 %."""
    rng = np.random.default_rng(11)
    found = sum(fed(rng.standard_t(5, size=2000), pieces=4).result().pvalue <= 0.05 for _ in range(60))
    assert found <= 8
