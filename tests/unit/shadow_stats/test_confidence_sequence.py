import math

import pytest

from shadow_stats import Design, Sides, Verdict
from shadow_stats.confidence_sequence import ConfidenceSequence, Estimate

DESIGN = Design(0.05, 1000)


def looked(*estimates: Estimate, design: Design = DESIGN) -> ConfidenceSequence:
    sequence = ConfidenceSequence(design)
    for estimate in estimates:
        sequence.look(estimate)
    return sequence


def test_looks_that_contradict_each_other_give_no_verdict() -> None:
    up, down = Estimate(0.5, 1.0, 1000, 1000), Estimate(-0.5, 1.0, 4000, 4000)
    result = looked(up, down).result(down)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert all(math.isnan(end) for end in result.confidence_interval())
    assert result.samples_needed is None
    assert not result.non_inferior


def test_a_look_in_doubt_counts_for_nothing() -> None:
    doubtful = Estimate(0.5, 1.0, 1000, 1000, "The variance is a guess.")
    sequence = looked(doubtful)
    assert sequence.to_json() == ConfidenceSequence(DESIGN).to_json()
    assert sequence.result(doubtful).withheld == "The variance is a guess."


def test_while_in_doubt_nothing_is_said_and_afterwards_all_looks_are() -> None:
    sure, doubtful = Estimate(0.5, 1.0, 1000, 1000), Estimate(0.5, 1.0, 1001, 1001, "The variance is a guess.")
    sequence = looked(sure, doubtful)
    assert sequence.result(doubtful).pvalue == 1.0
    assert sequence.result(doubtful).verdict is Verdict.INCONCLUSIVE
    assert sequence.result(sure).verdict is Verdict.BETTER


def test_a_gain_up_to_the_least_one_is_not_better() -> None:
    seen = Estimate(0.3, 1.0, 2000, 2000)
    assert looked(seen).result(seen).verdict is Verdict.BETTER
    design = Design(0.05, 1000, minimum_effect=0.3)
    result = looked(seen, design=design).result(seen)
    assert (result.verdict, result.pvalue_better) == (Verdict.INCONCLUSIVE, 1.0)
    assert result.low > 0.0
    more = Estimate(0.6, 1.0, 2000, 2000)
    assert looked(more, design=design).result(more).verdict is Verdict.BETTER


def test_one_side_gets_the_whole_budget_and_the_other_none() -> None:
    design = Design(0.05, 1000, sides=Sides.GREATER)
    up, down = Estimate(0.1, 1.0, 1000, 1000), Estimate(-0.9, 1.0, 1000, 1000)
    one, two = looked(up, design=design).result(up), looked(up).result(up)
    assert one.low > two.low
    assert one.pvalue == one.pvalue_better
    worse = looked(down, design=design).result(down)
    assert (worse.verdict, worse.pvalue_worse, worse.high) == (Verdict.INCONCLUSIVE, 1.0, math.inf)
    assert (worse.log_e_worse, worse.log_e_value) == (0.0, worse.log_e_better)


@pytest.mark.parametrize(("effect", "non_inferior"), [(0.0, True), (-0.05, True), (-0.3, False)])
def test_a_loss_within_the_margin_is_not_inferior(effect: float, non_inferior: bool) -> None:  # noqa: FBT001 - expected
    seen = Estimate(effect, 1.0, 5000, 5000)
    assert looked(seen, design=Design(0.05, 5000, margin=0.2)).result(seen).non_inferior is non_inferior


def test_the_e_value_reaches_one_over_the_level_exactly_where_the_level_boundary_is_reached() -> None:
    design = Design(0.05, 1000, sides=Sides.GREATER)
    sequence = ConfidenceSequence(design)
    for effect, samples, reached in ((0.05, 900, False), (0.2, 901, True), (0.0, 902, True)):
        seen = Estimate(effect, 1.0, samples, samples)
        sequence.look(seen)
        assert (sequence.result(seen).log_e_better >= -math.log(design.level)) is reached


def test_what_can_not_come_is_not_waited_for() -> None:
    design = Design(0.05, 1000, sides=Sides.GREATER, margin=0.5)
    seen = Estimate(-1.0, 1.0, 500, 500)
    assert looked(seen, design=design).result(seen).samples_needed is None


def test_a_look_sooner_than_the_design_allows_is_not_taken() -> None:
    design = Design(0.05, 1000, look_every=10)
    sequence = looked(Estimate(0.05, 1.0, 1000, 1000), design=design)
    sequence.look(Estimate(0.12, 1.0, 1009, 1009))
    assert sequence.result(Estimate(0.12, 1.0, 1009, 1009)).verdict is Verdict.INCONCLUSIVE
    sequence.look(Estimate(0.12, 1.0, 1010, 1010))
    assert sequence.result(Estimate(0.12, 1.0, 1010, 1010)).verdict is Verdict.BETTER


def test_sharing_the_budget_plans_for_more_samples() -> None:
    assert Design(0.05, 1000).expected_samples == pytest.approx(1000.0)
    assert Design(0.05, 1000, comparisons=20).expected_samples == pytest.approx(1900.0, rel=0.01)
