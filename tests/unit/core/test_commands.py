"""What people ask for by annotation, and who has the last word."""

import pytest

from shadow_operator.api.rollout import Spec
from shadow_operator.api.status import CommandStatus, ConditionStatus, Phase, Stage
from shadow_operator.core import roles
from shadow_operator.core.command import COMMAND_ANNOTATION, COMMAND_BY_ANNOTATION, Command, Verb, command_of
from shadow_operator.core.events import Reason
from shadow_operator.core.guardrails import Hold
from tests.world.evidence import better, blinded, undecided
from tests.world.journeys import CHAMPION, FIRST, SECOND, Journey, in_canary, in_shadow, watched
from tests.world.rollouts import spec_of

_MANUAL = {"promotion": {"mode": "Manual", "watch": "7d"}}
_HOLD = Hold("blind", "blind: freshness is 90s, at most 60s is allowed", None)


def ready_to_promote(spec: Spec | None = None) -> Journey:
    """The canary has done its last step, and nobody was asked yet."""
    journey = in_canary(spec or spec_of(_MANUAL))
    while journey.share < 50:
        journey.wait("1d").look()
        journey.look()
    journey.wait("1d")
    return journey


def awaiting() -> Journey:
    journey = ready_to_promote()
    journey.look()
    assert journey.phase() is Phase.AWAITING_APPROVAL
    return journey


def say(journey: Journey, text: str, by: str = "ann") -> CommandStatus:
    journey.command = Command(text, by)
    journey.look()
    answered = journey.status.command
    assert answered is not None
    return answered


@pytest.mark.parametrize(
    ("text", "verb", "challenger"),
    [
        ("promote/1", Verb.PROMOTE, None),
        ("reject/2026-03-02T09:00:00Z/momentum-v8", Verb.REJECT, "momentum-v8"),
        ("promote", None, None),
        ("promote/", None, None),
        ("/1", None, None),
        ("Promote/1", None, None),
        ("drop/1", None, None),
        ("reject/1/a/b", None, None),
        ("reject/1/", None, ""),
    ],
)
def test_a_command_is_a_verb_and_a_nonce_and_may_name_a_challenger(
    text: str, verb: Verb | None, challenger: str | None
) -> None:
    command = Command(text, "ann")
    assert (command.verb, command.challenger) == (verb, challenger)


def test_a_command_is_read_from_two_annotations() -> None:
    assert command_of({COMMAND_ANNOTATION: "promote/1", COMMAND_BY_ANNOTATION: "ann"}) == Command("promote/1", "ann")
    assert command_of({COMMAND_BY_ANNOTATION: "ann"}) is None
    nameless = command_of({COMMAND_ANNOTATION: "promote/1"})
    assert nameless == Command("promote/1", "somebody who did not say who")


def test_manual_mode_waits_at_the_last_share_ready_and_says_what_to_type() -> None:
    journey = awaiting()
    assert (journey.share, journey.champion) == (50, CHAMPION)
    assert journey.last_reason() is Reason.APPROVAL_NEEDED
    assert journey.status.message == (
        f"{FIRST} has done everything and waits for a person: "
        "set the annotation shadowrollouts.io/command to promote/<nonce> or reject/<nonce>"
    )
    states = {each.type: each.status for each in journey.status.conditions}
    assert (states["Ready"], states["Reconciling"], states["Stalled"]) == (
        ConditionStatus.TRUE,
        ConditionStatus.FALSE,
        ConditionStatus.FALSE,
    )
    events = len(journey.reasons)
    journey.wait("30d").look()
    assert len(journey.reasons) == events, "it asks once"


def test_a_person_promotes_and_the_status_says_who() -> None:
    journey = awaiting()
    answered = say(journey, "promote/1", by="ann")
    assert journey.champion == FIRST
    assert (answered.by, answered.answer) == ("ann", f"{FIRST} is promoted")


def test_a_person_need_not_have_been_asked_first() -> None:
    journey = ready_to_promote()
    say(journey, "promote/1")
    assert journey.champion == FIRST


@pytest.mark.parametrize("mode", ["Automatic", "Manual"])
def test_a_promotion_in_the_midst_of_the_steps_is_refused(mode: str) -> None:
    journey = in_canary(spec_of({"promotion.mode": mode}))
    answered = say(journey.wait("1d"), "promote/1")
    assert answered.answer.startswith("refused: ")
    assert journey.champion == CHAMPION
    assert Reason.COMMAND_REFUSED in journey.reasons


def test_nobody_can_promote_over_the_gates_veto() -> None:
    journey = awaiting()
    journey.evidence[FIRST] = undecided()
    answered = say(journey, "promote/1")
    assert journey.champion == CHAMPION
    assert answered.answer.startswith("refused: ")


def test_nobody_can_promote_blind() -> None:
    journey = awaiting()
    journey.evidence[FIRST] = blinded(better())
    assert say(journey, "promote/1").answer.startswith("refused: ")
    assert journey.phase() is Phase.CANARY, "what is blind waits for figures, not for a person"
    journey.evidence[FIRST] = better()
    journey.hold = _HOLD
    assert say(journey, "promote/2").answer.startswith("refused: ")
    journey.hold, journey.blind_guard = None, True
    assert say(journey, "promote/3").answer.startswith("refused: ")
    assert journey.champion == CHAMPION


def test_nobody_can_promote_while_suspended() -> None:
    journey = awaiting()
    journey.spec = spec_of(_MANUAL | {"suspend": True})
    answered = say(journey, "promote/1")
    assert answered.answer == "refused: spec.suspend is true: make it false, then promote again with another nonce"
    assert journey.champion == CHAMPION


def test_a_refused_command_is_not_heard_again_when_it_would_be_allowed() -> None:
    journey = in_canary(spec_of(_MANUAL))
    say(journey, "promote/1")
    while journey.share < 50:
        journey.wait("1d").look()
        journey.look()
    for _ in range(3):
        journey.wait("1d").look()
    assert journey.champion == CHAMPION
    say(journey, "promote/2")
    assert journey.champion == FIRST


def test_a_command_is_handled_once() -> None:
    journey = awaiting()
    say(journey, "reject/1")
    assert journey.stage(FIRST) is Stage.REJECTED
    events = len(journey.reasons)
    journey.look()
    assert len(journey.reasons) == events


def test_the_promotion_of_a_model_that_is_not_in_canary_is_refused() -> None:
    journey = awaiting()
    answered = say(journey, f"promote/1/{SECOND}")
    assert answered.answer == f"refused: {SECOND} is not in canary, {FIRST} is: name that one"
    say(journey, f"promote/2/{FIRST}")
    assert journey.champion == FIRST


def test_a_rejected_canary_loses_its_share_at_once() -> None:
    journey = in_canary()
    answered = say(journey, "reject/1", by="bob")
    assert journey.stage(FIRST) is Stage.REJECTED
    assert roles.split(journey.spec, journey.status).weights == {CHAMPION: 100}
    assert (answered.by, answered.answer) == ("bob", f"{FIRST} is rejected")


def test_a_challenger_in_shadow_is_rejected_by_its_name() -> None:
    journey = in_canary()
    say(journey, f"reject/1/{SECOND}")
    assert journey.stage(SECOND) is Stage.REJECTED
    assert journey.share == 5


def test_a_rejection_works_while_suspended() -> None:
    journey = in_canary()
    journey.spec = spec_of({"suspend": True})
    say(journey, "reject/1")
    assert journey.share == 0


@pytest.mark.parametrize("text", ["reject/1", "reject/1/nobody", f"reject/1/{CHAMPION}"])
def test_a_rejection_of_nobody_in_the_race_is_refused_with_the_choice(text: str) -> None:
    journey = in_shadow()
    answered = say(journey, text)
    assert f"name one of {FIRST}, {SECOND}" in answered.answer
    assert journey.stage(FIRST) is journey.stage(SECOND) is Stage.SHADOW


def test_a_champion_that_was_promoted_can_not_be_rejected() -> None:
    journey = watched()
    assert say(journey, f"reject/1/{FIRST}").answer.startswith("refused: ")
    assert journey.champion == FIRST


def test_what_is_no_command_is_refused_with_what_would_be_accepted() -> None:
    journey = in_canary()
    assert say(journey, "pormote/1").answer == (
        'refused: "pormote/1" is no command: write promote or reject, a slash, and a nonce that was not used before, '
        "as in promote/1; a challenger may follow after another slash, as in reject/2/momentum-v8"
    )
    assert journey.share == 5


def test_a_breach_while_waiting_for_a_person_takes_the_share_back() -> None:
    journey = awaiting()
    journey.mark = journey.breach(FIRST)
    say(journey, "promote/1")
    assert journey.champion == CHAMPION
    assert journey.stage(FIRST) is Stage.ROLLED_BACK
