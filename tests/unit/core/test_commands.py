"""What people ask for by annotation, and who has the last word."""

import pytest

from shadow_operator.api.rollout import Spec
from shadow_operator.api.status import CommandStatus, ConditionStatus, Phase, Stage
from shadow_operator.core import roles
from shadow_operator.core.command import (
    COMMAND_ANNOTATION,
    COMMAND_BY_ANNOTATION,
    COMMAND_REASON_ANNOTATION,
    Command,
    Verb,
    command_of,
)
from shadow_operator.core.events import Reason
from shadow_operator.core.guardrails import Hold
from shadow_operator.core.policy import policy_of
from tests.world.evidence import better, blinded, undecided
from tests.world.journeys import CHAMPION, FIRST, SECOND, Journey, in_canary, in_shadow, watched
from tests.world.rollouts import spec_of

_MANUAL = {"promotion": {"mode": "Manual", "watch": "7d"}}
_CAUGHT_UP = {
    "champion": {"name": FIRST, "image": "models/momentum:8"},
    "challengers[0]": {"name": CHAMPION, "image": "models/momentum:7"},
}
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


def say(journey: Journey, text: str, by: str = "ann", reason: str = "") -> CommandStatus:
    journey.command = Command(text, by, reason)
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
        ("reject/1/a/b", None, "a"),
        ("reject/1/", None, ""),
        ("activate/1/momentum-v8/20", Verb.ACTIVATE, "momentum-v8"),
        ("activate/1/momentum-v8", None, "momentum-v8"),
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
    told = command_of({COMMAND_ANNOTATION: "promote/1", COMMAND_REASON_ANNOTATION: " the desk agreed "})
    assert told is not None
    assert told.reason == "the desk agreed"
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
    assert answered.answer == "refused: suspended, nothing advances; it waits for the manifest: spec.suspend is true"
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
        'refused: "pormote/1" is no command: write one of promote, reject, pause, resume, rollback, rollback-full, '
        "rollback-nuclear, retry, reset, force-promote, activate, stop-trading, start-trading, then a slash and a "
        "nonce that was not used before, as in promote/1; a challenger may follow after another slash, as in "
        "reject/2/momentum-v8, and for activate its share in percent"
    )
    assert journey.share == 5


def test_a_breach_while_waiting_for_a_person_takes_the_share_back() -> None:
    journey = awaiting()
    journey.mark = journey.breach(FIRST)
    say(journey, "promote/1")
    assert journey.champion == CHAMPION
    assert journey.stage(FIRST) is Stage.ROLLED_BACK


def test_an_old_command_that_comes_back_is_not_heard_again() -> None:
    journey = in_canary()
    say(journey, "pause/1")
    say(journey, "resume/1")
    say(journey, "pause/1")
    assert journey.status.paused is None
    for number in range(2, 40):
        say(journey, f"pause/{number}")
        say(journey, f"resume/{number}")
    assert len(journey.status.heard) == 20


def test_a_pause_stops_every_advance_and_no_rollback() -> None:
    journey = in_canary()
    assert say(journey, "pause/1").answer == "paused: nothing advances until resume/<nonce>, rollbacks work"
    journey.wait("30d").look()
    assert journey.share == 5
    assert journey.status.message == f"paused by ann, nothing advances: {FIRST} acts on 5 percent of the requests"
    line = journey.status.challenger(FIRST)
    assert line is not None
    assert line.waiting_for == "the command resume: ann paused it"
    journey.mark = journey.breach(FIRST)
    journey.look()
    assert journey.stage(FIRST) is Stage.ROLLED_BACK


def test_after_resume_it_goes_on_where_it_was() -> None:
    journey = in_canary()
    say(journey, "pause/1")
    journey.wait("30d").look()
    assert say(journey, "resume/1", by="bob").answer == "resumed"
    assert journey.share == 10


def test_a_pause_or_its_end_that_changes_nothing_is_refused() -> None:
    journey = in_canary()
    assert say(journey, "resume/1").answer == "refused: it is not paused"
    say(journey, "pause/1")
    assert say(journey, "pause/2").answer == "refused: ann paused it before: resume/<nonce> lets it go on"
    journey = in_canary()
    journey.spec = spec_of({"suspend": True})
    assert say(journey, "resume/1").answer == "refused: spec.suspend is true: the manifest ends that"


@pytest.mark.parametrize("verb", ["rollback", "rollback-full"])
def test_a_rollback_by_command_takes_the_canary_s_share_back(verb: str) -> None:
    journey = in_canary()
    answered = say(journey, f"{verb}/1", reason="the desk saw slippage")
    assert answered.answer == f"{FIRST} was taken out of the traffic"
    assert roles.split(journey.spec, journey.status).weights == {CHAMPION: 100}
    line = journey.status.challenger(FIRST)
    assert line is not None
    assert line.stage is Stage.ROLLED_BACK
    assert line.rollback is not None
    assert (line.rollback.guardrail, line.rollback.value) == ("command", "ann")


@pytest.mark.parametrize("verb", ["rollback", "rollback-full"])
@pytest.mark.parametrize("days", [1, 30])
def test_a_rollback_after_a_promotion_restores_the_former_champion_with_its_image_and_policy(
    verb: str, days: int
) -> None:
    journey = in_canary()
    before = policy_of("a/b", journey.spec, in_shadow().status).digest
    while journey.status.canary is not None:
        journey.wait("1d").look()
        journey.look()
    journey.wait(f"{days}d").look()
    journey.spec = spec_of(_CAUGHT_UP)
    journey.look()
    say(journey, f"{verb}/1")
    champion = journey.status.champion
    assert champion is not None
    assert (champion.name, champion.image) == (CHAMPION, "models/momentum:7")
    assert roles.split(journey.spec, journey.status).weights == {CHAMPION: 100}
    assert policy_of("a/b", journey.spec, journey.status).digest == before
    assert journey.status.message is not None
    assert f"{FIRST} was taken back by ann after its promotion" in journey.status.message


def test_a_rollback_works_while_frozen_suspended_and_paused() -> None:
    journey = in_canary()
    say(journey, "pause/1")
    journey.spec, journey.frozen = spec_of({"suspend": True}), "the exchange is down"
    say(journey, "rollback/1")
    assert journey.share == 0


def test_a_rollback_of_nobody_is_refused() -> None:
    journey = in_shadow()
    assert say(journey, "rollback/1").answer.startswith("refused: no challenger acts and no champion has a standby")
    journey = in_canary()
    assert say(journey, f"rollback/1/{SECOND}").answer == f"refused: {SECOND} does not act, {FIRST} does: name that one"


def test_nothing_rises_in_the_pass_that_takes_something_back() -> None:
    journey = in_canary()
    journey.evidence[SECOND] = better()
    say(journey, "rollback/1")
    assert journey.status.canary is None
    journey.look()
    assert journey.status.canary is not None
    assert journey.status.canary.challenger == SECOND


def test_a_retry_begins_another_run_with_no_evidence() -> None:
    journey = in_canary()
    say(journey, "rollback/1")
    journey.evidence.clear()
    assert say(journey, f"retry/1/{FIRST}").answer == f"{FIRST} begins again with no evidence"
    line = journey.status.challenger(FIRST)
    assert line is not None
    assert (line.stage, line.run, line.samples, line.rollback) == (Stage.PENDING, 2, 0, None)
    journey.look()
    assert journey.stage(FIRST) is Stage.SHADOW


def test_a_retry_needs_one_that_is_out_of_the_race() -> None:
    journey = in_shadow()
    assert say(journey, f"retry/1/{FIRST}").answer == (
        f"refused: {FIRST} is not out of the race, and nobody is out of the race"
    )
    say(journey, f"reject/1/{SECOND}")
    assert say(journey, f"retry/2/{FIRST}").answer == (
        f"refused: {FIRST} is not out of the race: name one of {SECOND}, as in retry/2/NAME"
    )
    say(journey, "retry/3")
    assert journey.stage(SECOND) is Stage.PENDING, "the only one need not be named"


def test_a_reset_takes_the_canary_s_share_and_evidence_away() -> None:
    journey = in_canary()
    say(journey, f"reset/1/{FIRST}")
    assert (journey.share, journey.stage(FIRST), journey.stage(SECOND)) == (0, Stage.PENDING, Stage.SHADOW)


def test_a_forced_promotion_is_written_down_with_who_and_why_and_what_was_overruled() -> None:
    journey = in_canary()
    journey.evidence[SECOND] = undecided()
    answered = say(journey, f"force-promote/1/{SECOND}", by="cro", reason="v7 trades a delisted venue")
    assert answered.answer == f"{SECOND} is promoted by force"
    champion = journey.status.champion
    assert champion is not None
    assert champion.forced is not None
    assert (champion.name, champion.forced.by, champion.forced.reason) == (SECOND, "cro", "v7 trades a delisted venue")
    assert champion.forced.overruled
    assert journey.stage(FIRST) is Stage.NOT_PROMOTED
    assert journey.status.watch is not None
    assert journey.status.watch.standby == CHAMPION


def test_a_promotion_that_was_earned_is_not_forced() -> None:
    champion = watched().status.champion
    assert champion is not None
    assert champion.forced is None


def test_a_promotion_can_not_be_forced_without_a_reason_a_name_ready_pods_or_while_frozen() -> None:
    journey = in_shadow()
    assert "has no reason" in say(journey, f"force-promote/1/{FIRST}").answer
    assert "name the challenger" in say(journey, "force-promote/2", reason="why").answer
    journey.unready = {FIRST}
    assert "are not ready" in say(journey, f"force-promote/3/{FIRST}", reason="why").answer
    journey.unready, journey.frozen = set(), "the exchange is down"
    assert "frozen with the whole fleet" in say(journey, f"force-promote/4/{FIRST}", reason="why").answer
    journey.frozen = None
    assert journey.champion == CHAMPION


def test_a_person_gives_the_canary_a_higher_share_at_once() -> None:
    journey = in_canary()
    answered = say(journey, f"activate/1/{FIRST}/25")
    assert answered.answer == f"{FIRST} gets 25 percent of the requests"
    assert (journey.share, journey.champion) == (25, CHAMPION)
    journey.wait("1d").look()
    journey.look()
    journey.wait("1d").look()
    assert journey.share == 50, "from there on it goes its way"


@pytest.mark.parametrize(
    ("percent", "says"),
    [("30", "there is no such step of the canary: name one of 10, 25, 50 percent"), ("5", "name one of 10, 25, 50")],
)
def test_a_share_that_is_no_higher_step_is_refused_with_the_choice(percent: str, says: str) -> None:
    journey = in_canary()
    assert says in say(journey, f"activate/1/{FIRST}/{percent}").answer
    assert journey.share == 5


def test_nobody_is_activated_over_the_gates_a_hold_a_standstill_or_before_its_guard_has_seen_it() -> None:
    journey = in_canary()
    assert "has not done its shadow" in say(journey, f"activate/1/{SECOND}/25").answer
    journey.hold = _HOLD
    assert "is held" in say(journey, f"activate/2/{FIRST}/25").answer
    journey.hold, journey.blind_guard = None, True
    assert "is held" in say(journey, f"activate/3/{FIRST}/25").answer
    journey.blind_guard, journey.frozen = False, "the exchange is down"
    assert "nothing advances" in say(journey, f"activate/4/{FIRST}/25").answer
    journey.frozen = None
    journey.evidence[FIRST] = undecided()
    say(journey, f"activate/5/{FIRST}/25")
    assert journey.share == 0, "without its gates it goes back into shadow"


def test_whoever_has_passed_everything_may_begin_with_a_higher_share() -> None:
    journey = in_shadow()
    journey.evidence[FIRST] = better()
    journey.wait("14d")
    say(journey, f"activate/1/{FIRST}/50")
    assert journey.share == 50
    assert journey.stage(FIRST) is Stage.CANARY
