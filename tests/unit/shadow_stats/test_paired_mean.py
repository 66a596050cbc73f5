import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from shadow_stats import ConfidenceInterval, Design, Guarantee, PairedMean, SharpeDifference, Verdict

Series = NDArray[np.float64]
DESIGN = Design(0.05, 1000)


def noise(size: int, seed: int = 5) -> Series:
    return np.random.default_rng(seed).normal(size=size)


def fed(values: Series, design: Design = DESIGN, batch: int = 20) -> PairedMean:
    test = PairedMean(design)
    for start in range(0, values.size, batch):
        test.update(values[start : start + batch])
    return test


def test_nothing_is_known_without_data() -> None:
    result = PairedMean(DESIGN).result()
    assert (result.verdict, result.pvalue, result.log_e_value, result.samples) == (Verdict.INCONCLUSIVE, 1.0, 0.0, 0)
    assert math.isnan(result.effect)
    assert math.isnan(result.statistic)
    assert result.samples_needed is None
    assert result.confidence_interval() == ConfidenceInterval(-math.inf, math.inf)


def test_a_clear_gain_is_better() -> None:
    result = fed(noise(1000) + 0.3).result()
    assert result.verdict is Verdict.BETTER
    assert 0.0 < result.confidence_interval().low < 0.3 < result.confidence_interval().high
    assert result.pvalue_better < 1e-6
    assert result.pvalue == 2.0 * result.pvalue_better
    assert result.log_e_better > 10.0 > result.log_e_worse
    assert result.samples_needed == 0


def test_a_clear_loss_is_worse() -> None:
    result = fed(noise(1000) - 0.3).result()
    assert result.verdict is Verdict.WORSE
    assert result.pvalue == 2.0 * result.pvalue_worse
    assert result.log_e_worse > 10.0 > result.log_e_better


def test_a_difference_proven_small_is_equivalent() -> None:
    values = noise(20_000)
    assert fed(values, Design(0.05, 1000, margin=0.1), batch=200).result().verdict is Verdict.EQUIVALENT
    assert fed(values, batch=200).result().verdict is Verdict.INCONCLUSIVE


def test_a_gain_proven_smaller_than_the_margin_is_equivalent() -> None:
    result = fed(noise(20_000) + 0.06, Design(0.05, 10_000, margin=0.2), batch=200).result()
    assert result.confidence_interval().low > 0.0
    assert result.verdict is Verdict.EQUIVALENT


def test_an_effect_that_turned_round_gives_no_verdict() -> None:
    result = fed(np.concatenate([noise(1000) + 0.5, noise(5000, seed=6) - 0.5])).result()
    assert result.withheld is not None
    assert result.withheld.startswith("Evidence changes with the regime")
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.confidence_interval() == (-math.inf, math.inf)
    assert (result.pvalue, result.log_e_value, result.samples_needed) == (1.0, 0.0, None)


def test_a_promotion_needs_one_hundred_samples() -> None:
    values = noise(100) + 5.0
    assert fed(values[:99]).result().pvalue == 1.0
    assert fed(values).result().verdict is Verdict.BETTER


def test_a_promotion_needs_sixty_nonzero_differences() -> None:
    values = np.zeros(1180)
    values[::20] = noise(59) * 0.01 + 5.0
    result = fed(values).result()
    assert (result.nonzero_samples, result.pvalue, result.verdict) == (59, 1.0, Verdict.INCONCLUSIVE)
    more = fed(np.append(values, 5.0)).result()
    assert more.nonzero_samples == 60
    assert more.verdict is Verdict.BETTER


def test_constant_differences_give_no_verdict() -> None:
    result = fed(np.full(500, 0.1)).result()
    assert (result.verdict, result.pvalue) == (Verdict.INCONCLUSIVE, 1.0)
    assert result.effect == pytest.approx(0.1)


def test_more_comparisons_need_more_evidence() -> None:
    values = noise(1000) + 0.12
    assert fed(values).result().verdict is Verdict.BETTER
    assert fed(values, Design(0.05, 1000, comparisons=50)).result().verdict is Verdict.INCONCLUSIVE


def test_the_p_value_never_rises_while_the_e_value_may() -> None:
    test = fed(noise(500) + 0.3)
    before = test.result()
    test.update(noise(300, seed=9) - 0.3)
    after = test.result()
    assert after.pvalue <= before.pvalue
    assert after.log_e_value < before.log_e_value


def test_the_samples_needed_are_about_those_that_it_takes() -> None:
    values = noise(20_000) + 0.08
    test = fed(values[:600])
    needed = test.result().samples_needed
    assert needed is not None
    effect, sd = values[:600].mean(), values[:600].std()
    assert 100 < needed < 40.0 * (sd / effect) ** 2


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e61])
def test_a_number_that_cannot_be_used_is_named_and_nothing_is_added(bad: float) -> None:
    test = fed(noise(200))
    before = test.to_json()
    with pytest.raises(ValueError, match=r"differences\[1\] is"):
        test.update([0.5, bad, 0.5])
    assert test.to_json() == before


@pytest.mark.parametrize("shape", [(), (2, 2)])
def test_differences_are_one_dimensional(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="must be one-dimensional"):
        PairedMean(DESIGN).update(np.zeros(shape))


@pytest.mark.parametrize("comparison", [PairedMean, SharpeDifference])
def test_a_guarantee_that_can_not_be_given_is_refused(comparison: type[PairedMean | SharpeDifference]) -> None:
    with pytest.raises(ValueError, match="guarantee is Bounded: only BoundedMean gives it"):
        comparison(Design(0.05, 1000, Guarantee.BOUNDED, bound=1.0))


def test_designs_of_other_terms_are_not_merged() -> None:
    with pytest.raises(ValueError, match="later is of another design"):
        PairedMean(DESIGN).merge(PairedMean(Design(0.01, 1000)))


def test_the_looks_of_what_is_merged_do_not_count() -> None:
    later = fed(noise(1000) + 0.3)
    assert later.result().verdict is Verdict.BETTER
    merged = fed(noise(4000, seed=6) - 0.1).merge(later).result()
    assert merged.samples == 5000
    assert merged.pvalue_better > 0.025


def test_an_empty_batch_changes_nothing() -> None:
    test = fed(noise(300))
    before = test.to_json()
    test.update([])
    assert test.to_json() == before


def test_the_state_is_small_standard_json() -> None:
    text = json.dumps(fed(noise(300) * 1e-7 + 1e-9).to_json(), allow_nan=False)
    assert len(text) < 4096


def test_a_resumed_state_shares_nothing_with_its_json() -> None:
    saved = fed(noise(300)).to_json()
    text = json.dumps(saved)
    PairedMean.from_json(saved).update(noise(50))
    assert json.dumps(saved) == text


@pytest.mark.parametrize("change", [{"kind": "SharpeDifference"}, {"version": 2}])
def test_a_state_of_another_kind_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected PairedMean version 1"):
        PairedMean.from_json({**PairedMean(DESIGN).to_json(), **change})


def test_a_state_that_lost_a_part_is_refused() -> None:
    state = PairedMean(DESIGN).to_json()
    del state["sequence"]
    with pytest.raises(ValueError, match="has no sequence"):
        PairedMean.from_json(state)


def test_the_design_travels_with_the_state() -> None:
    assert PairedMean.from_json(PairedMean(DESIGN).to_json()).design == DESIGN


def test_the_slow_half_of_scipy_stays_unloaded() -> None:
    code = "import sys, shadow_stats; sys.exit('scipy.stats' in sys.modules)"
    path = {"PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], check=False, env=path).returncode == 0
