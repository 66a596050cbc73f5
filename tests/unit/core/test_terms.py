"""Pre-registration: what a challenger is judged by is fixed at the first look at its evidence."""

from typing import Any

import pytest

from shadow_operator.api.status import ConditionStatus, Stage
from shadow_operator.core.command import Command
from shadow_operator.core.comparison import Comparisons
from shadow_operator.core.events import Reason
from shadow_operator.core.guardrails import Hold
from shadow_operator.core.moment import to_text
from shadow_operator.core.terms import refusal, terms_digest
from tests.world.evidence import better, undecided
from tests.world.journeys import FIRST, SECOND, Journey, in_canary, in_shadow
from tests.world.rollouts import spec_of

_CHANGES: dict[str, dict[str, Any]] = {
    "a gate's role": {"gates[1].role": "Primary"},
    "a gate's limit": {"gates[1].ratio": "80%"},
    "another gate": {"gates[2]": {"name": "bootstrap", "test": "BootstrapMean"}},
    "the error rate": {"errorBudget": {"alpha": "10%"}},
    "the levels of the score": {"promotion.score": {"promote": 60, "review": 50}},
}
_FREE: dict[str, dict[str, Any]] = {
    "the canary's steps": {"canary.steps": [{"percent": 20}]},
    "another challenger": {"challengers[2]": {"name": "momentum-v9", "image": "models/momentum:9"}},
    "a default that is written out": {"errorBudget": {"alpha": "5%", "plannedSamples": 2000}},
    "the watch": {"promotion.watch": "3d"},
}


def looked_at() -> Journey:
    journey = in_shadow()
    journey.evidence = {FIRST: undecided(), SECOND: undecided()}
    journey.look()
    return journey


@pytest.mark.parametrize("change", _CHANGES.values(), ids=_CHANGES.keys())
def test_a_change_after_the_first_look_is_refused_with_the_way_out(change: dict[str, Any]) -> None:
    journey = looked_at()
    journey.spec = spec_of(change)
    decision = journey.look()
    assert decision.refused
    stalled = next(each for each in journey.status.conditions if each.type == "Stalled")
    assert (stalled.status, stalled.reason) == (ConditionStatus.TRUE, "TermsChanged")
    assert f"after the evidence of {FIRST}, {SECOND} was looked at" in stalled.message
    assert "reset/<nonce>" in stalled.message
    assert [event.reason for event in decision.events] == [Reason.SPEC_REFUSED]
    assert not journey.look().events, "it is said once"


@pytest.mark.parametrize("change", _CHANGES.values(), ids=_CHANGES.keys())
def test_before_the_first_look_everything_may_change(change: dict[str, Any]) -> None:
    journey = in_shadow()
    journey.spec = spec_of(change)
    assert not journey.look().refused


@pytest.mark.parametrize("change", _FREE.values(), ids=_FREE.keys())
def test_what_nobody_is_judged_by_may_change_at_any_time(change: dict[str, Any]) -> None:
    journey = looked_at()
    journey.spec = spec_of(change)
    assert not journey.look().refused


def test_the_former_terms_lift_the_refusal_and_no_evidence_is_lost() -> None:
    journey = looked_at()
    comparisons = Comparisons()
    comparisons.pairs(journey.spec, journey.status)
    before = comparisons.to_json()
    former, journey.spec = journey.spec, spec_of(_CHANGES["another gate"] | _CHANGES["the error rate"])
    comparisons.pairs(journey.spec, journey.status)
    assert comparisons.to_json() == before
    assert journey.look().refused
    journey.spec = former
    assert not journey.look().refused


def test_a_reset_starts_the_evidence_anew_by_the_new_terms() -> None:
    journey = looked_at()
    comparisons = Comparisons()
    comparisons.pairs(journey.spec, journey.status)
    before = comparisons.to_json()
    journey.spec = spec_of(_CHANGES["another gate"])
    journey.command = Command("reset/1", "ann")
    decision = journey.look()
    assert not decision.refused
    assert journey.stage(FIRST) is journey.stage(SECOND) is Stage.PENDING
    comparisons.pairs(journey.spec, journey.status)
    assert comparisons.to_json() != before
    journey.look()
    journey.look()
    line = journey.status.challenger(FIRST)
    assert line is not None
    assert line.terms == terms_digest(journey.spec)


def test_a_reset_of_one_leaves_the_other_bound() -> None:
    journey = looked_at()
    journey.spec = spec_of(_CHANGES["a gate's role"])
    journey.command = Command(f"reset/1/{FIRST}", "ann")
    decision = journey.look()
    assert decision.refused
    answered = journey.status.command
    assert answered is not None
    assert answered.answer == f"{FIRST} begins again with no evidence"
    assert Reason.RESTARTED in [event.reason for event in decision.events]
    left = refusal(journey.spec, journey.status)
    assert left is not None
    assert f"the evidence of {SECOND} was looked at" in left.message


def test_while_the_terms_are_refused_a_canary_keeps_its_share() -> None:
    journey = in_canary()
    journey.evidence[FIRST] = better()
    journey.look()
    journey.spec = spec_of(_CHANGES["the error rate"])
    journey.wait("30d").look()
    assert journey.share == 5


def test_the_order_of_gates_is_no_change() -> None:
    one = spec_of()
    other = one.model_copy(update={"gates": list(reversed(one.gates))})
    assert terms_digest(one) == terms_digest(other)


@pytest.mark.parametrize("text", ["rollback/1", "rollback-full/1", "reject/1"])
def test_while_the_terms_are_refused_a_person_still_takes_a_share_back(text: str) -> None:
    journey = in_canary()
    journey.look()
    journey.spec = spec_of(_CHANGES["the error rate"])
    assert journey.look().refused
    journey.command = Command(text, "ann")
    decision = journey.look()
    assert not decision.refused, "the route has to follow"
    assert journey.share == 0
    stalled = next(each for each in journey.status.conditions if each.type == "Stalled")
    assert (stalled.status, stalled.reason) == (ConditionStatus.TRUE, "TermsChanged")


def test_while_the_terms_are_refused_the_guards_rollback_is_written_down() -> None:
    journey = in_canary()
    journey.look()
    journey.spec = spec_of(_CHANGES["the error rate"])
    journey.mark = journey.breach(FIRST)
    journey.look()
    assert journey.stage(FIRST) is Stage.ROLLED_BACK


def test_while_the_terms_are_refused_it_is_said_what_holds() -> None:
    journey = in_canary()
    journey.look()
    journey.spec = spec_of(_CHANGES["the error rate"])
    since = journey.now
    journey.hold = Hold("blind", "no sample", None, since=since)
    assert journey.look().refused
    assert journey.status.canary is not None
    assert (journey.status.canary.held_by, journey.status.canary.held_since) == ("blind", to_text(since))
    journey.hold = None
    assert journey.look().refused
    assert journey.status.canary.held_since is None


def test_while_the_terms_are_refused_nobody_is_promoted_by_command() -> None:
    journey = in_canary()
    journey.look()
    journey.spec = spec_of(_CHANGES["the error rate"])
    journey.command = Command(f"force-promote/1/{FIRST}", "ann", "why not")
    assert journey.look().refused
    assert journey.share == 5
