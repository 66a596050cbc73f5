"""Groups of gates, the score, and what follows from it."""

from dataclasses import replace
from typing import Any

import pytest

from shadow_operator.api.gates import Gate
from shadow_operator.api.rollout import Spec
from shadow_operator.api.status import Phase, Stage
from shadow_operator.core.command import Command
from shadow_operator.core.events import Reason
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.gates import GateResult, Outcome, evaluate_all, group
from shadow_operator.core.score import score
from tests.world.evidence import better, blinded, undecided
from tests.world.journeys import FIRST, Journey, in_shadow
from tests.world.rollouts import spec_of

PASS, FAIL, WAIT, BLIND = Outcome.PASS, Outcome.FAIL, Outcome.INSUFFICIENT, Outcome.BLIND


def five_plus_three(**edits: Any) -> Spec:
    """Five Primary gates and three Secondary ones; MinDays and LiveSharpe can be set to hold or not."""
    gates = [
        {"name": "mean", "test": "PairedMean"},
        {"name": "sharpe", "test": "Sharpe"},
        {"name": "wins", "test": "WinRate"},
        {"name": "drawdown", "test": "MaxDrawdown", "atMost": "5%"},
        {"name": "factor", "test": "ProfitFactor", "atLeast": "1"},
        *({"name": f"bonus-{n}", "test": "LiveSharpe", "atLeast": "0", "role": "Secondary"} for n in range(3)),
    ]
    return spec_of({"gates": gates, "promotion.score": {}, "shadow": {"minTrades": 0, "minDuration": "1d"}} | edits)


def result(outcome: Outcome, **fields: Any) -> GateResult:
    gate = Gate.model_validate({"name": "gate", "test": "PairedMean", **fields})
    return GateResult(gate, outcome, 100)


@pytest.mark.parametrize(
    ("passed", "bonus", "points"), [(5, 3, 100), (5, 0, 70), (4, 0, 56), (4, 3, 86), (3, 1, 52), (3, 0, 42), (0, 0, 0)]
)
def test_five_primary_gates_make_seventy_and_three_secondary_ones_the_rest(
    passed: int, bonus: int, points: int
) -> None:
    primary = [result(PASS if number < passed else FAIL) for number in range(5)]
    secondary = [result(PASS if number < bonus else FAIL, role="Secondary") for number in range(3)]
    assert score([*primary, *secondary]) == points


def test_weights_of_ones_own_replace_the_usual_ones() -> None:
    assert score([result(PASS, weight=30), result(FAIL, weight=10)]) == 75


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ((PASS, PASS, PASS, FAIL), PASS),
        ((PASS, PASS, PASS, BLIND), PASS),
        ((PASS, PASS, WAIT, FAIL), WAIT),
        ((PASS, PASS, WAIT, BLIND), WAIT),
        ((PASS, PASS, BLIND, FAIL), BLIND),
        ((PASS, PASS, FAIL, FAIL), FAIL),
        ((BLIND, BLIND, BLIND, BLIND), BLIND),
    ],
)
def test_three_of_four_gates_carry_their_group(outcomes: tuple[Outcome, ...], expected: Outcome) -> None:
    members = [result(outcome, role="Member", group="behaviour") for outcome in outcomes]
    others = [result(PASS), result(PASS, role="Member", group="another")]
    groups = spec_of(
        {
            "groups": [{"name": "behaviour", "atLeast": 3}],
            "gates": [
                {"name": f"gate-{number}", "test": "PairedMean", "role": "Member", "group": "behaviour"}
                for number in range(4)
            ],
        }
    ).groups
    found = group.evaluate(groups[0], [*members, *others])
    assert (found.outcome, found.figure, found.limit) == (expected, outcomes.count(PASS), 3)
    assert not found.final


def test_a_group_counts_once_in_the_score_and_its_members_not() -> None:
    spec = spec_of(
        {
            "groups": [{"name": "behaviour", "atLeast": 1}],
            "gates": [
                {"name": "mean", "test": "PairedMean"},
                {"name": "wins", "test": "WinRate", "role": "Member", "group": "behaviour"},
                {"name": "drawdown", "test": "MaxDrawdown", "role": "Member", "group": "behaviour"},
            ],
        }
    )
    results = evaluate_all(spec, undecided())
    assert [each.outcome for each in results] == [WAIT, WAIT, PASS, PASS]
    assert score(results) == 50


def judged(spec: Spec, evidence: Evidence | None = None) -> Journey:
    """In shadow for as long as it has to be, with evidence that leaves tests undecided unless it says otherwise."""
    journey = in_shadow(spec)
    journey.evidence[FIRST] = evidence or undecided()
    journey.wait("2d").look()
    journey.look()
    return journey


def test_all_of_it_goes_on_by_itself() -> None:
    journey = judged(five_plus_three(), evidence=better())
    assert journey.stage(FIRST) is Stage.CANARY


def test_a_score_that_is_not_due_waits() -> None:
    journey = judged(five_plus_three())
    assert journey.stage(FIRST) is Stage.SHADOW
    assert journey.phase() is Phase.SHADOWING


def in_review() -> Journey:
    """Two of five Primary gates and all Secondary ones passed when the planned samples are there: a score of 58."""
    journey = judged(five_plus_three(errorBudget={"plannedSamples": 1000}))
    assert journey.phase() is Phase.AWAITING_APPROVAL
    return journey


def test_a_middling_score_asks_a_person_once() -> None:
    journey = in_review()
    journey.look()
    assert journey.reasons.count(Reason.APPROVAL_NEEDED) == 1
    line = journey.status.challenger(FIRST)
    assert line is not None
    assert line.score == 58
    assert FIRST in (journey.status.message or "")


def test_a_person_lets_it_act_and_that_is_written_down() -> None:
    journey = in_review()
    journey.command = Command("promote/1", "ann")
    journey.look()
    journey.look()
    assert journey.stage(FIRST) is Stage.CANARY
    line = journey.status.challenger(FIRST)
    assert line is not None
    assert (line.approved_by, line.review_since) == ("ann", None)
    assert Reason.APPROVED in journey.reasons


def test_a_person_rejects_it() -> None:
    journey = in_review()
    journey.command = Command(f"reject/1/{FIRST}", "ann")
    journey.look()
    assert journey.stage(FIRST) is Stage.REJECTED


def test_blind_gates_are_no_low_score() -> None:
    journey = judged(five_plus_three(errorBudget={"plannedSamples": 1000}), evidence=blinded(undecided()))
    assert journey.stage(FIRST) is Stage.SHADOW
    assert journey.phase() is Phase.SHADOWING


def test_a_low_score_ends_the_run() -> None:
    spec = five_plus_three(errorBudget={"plannedSamples": 1000}, **{"promotion.score": {"promote": 90, "review": 60}})
    journey = judged(spec)
    assert journey.stage(FIRST) is Stage.REJECTED
    assert journey.last_reason() is Reason.REJECTED


def test_a_score_that_passes_needs_every_primary_gate_as_well() -> None:
    """A score of 86 without the win rate, which is undecided."""
    undecided_wins = {**{name: better().tests[name] for name in ("mean", "sharpe")}, "wins": undecided().tests["wins"]}
    journey = judged(five_plus_three(), evidence=replace(better(), tests=undecided_wins))
    assert journey.stage(FIRST) is Stage.SHADOW
