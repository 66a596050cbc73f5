"""What moves a canary from step to step, what holds it, and what takes it back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shadow_operator.api.status import Phase, Stage
from shadow_operator.core.events import Reason
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.guardrails import Hold, Motive
from shadow_operator.core.moment import from_text, to_text
from shadow_operator.core.observed import RouteState
from shadow_operator.core.split import Split
from tests.world.evidence import better, blinded, undecided, worse
from tests.world.journeys import CHAMPION, FIRST, SECOND, Journey, in_canary, in_shadow
from tests.world.manifests import REMOVED
from tests.world.rollouts import spec_of

_HOLD = Hold("blind", "blind: freshness is 90s, at most 60s is allowed", None)


def test_the_steps_of_the_spec_are_climbed_one_by_one() -> None:
    journey = in_canary()
    shares = [journey.share]
    while journey.status.canary is not None:
        journey.wait("1d").look()
        journey.look()
        shares.append(journey.share)
    assert shares == [5, 10, 25, 50, 0]
    assert journey.champion == FIRST


def test_a_step_lasts_its_least_time() -> None:
    journey = in_canary()
    journey.wait("23h59m").look()
    assert journey.share == 5
    journey.wait("1m").look()
    assert journey.share == 10


def test_the_clock_of_a_step_starts_when_the_route_was_seen_to_give_its_share() -> None:
    journey = in_shadow()
    journey.evidence[FIRST] = better()
    journey.wait("14d").look()
    journey.split = Split({CHAMPION: 100}, {SECOND: 25})
    journey.wait("10d").look()
    assert journey.status.canary is not None
    assert journey.status.canary.since is None
    journey.split = None
    journey.wait("10d").look()
    assert journey.share == 5
    assert journey.status.canary.since is not None


def test_a_step_needs_real_decisions_of_the_challenger() -> None:
    journey = in_canary()
    journey.wait("10d", decisions=0).look()
    assert journey.share == 5
    journey.wait("1s", decisions=1).look()
    assert journey.share == 10


def test_no_step_is_made_while_the_gates_are_blind() -> None:
    journey = in_canary()
    journey.evidence[FIRST] = blinded(better())
    journey.wait("10d").look()
    assert journey.share == 5


@pytest.mark.parametrize("evidence", [undecided(), worse()], ids=["no longer better", "worse"])
def test_a_canary_whose_gates_pass_no_more_goes_back_to_where_its_evidence_can_grow(evidence: Evidence) -> None:
    journey = in_canary()
    journey.evidence[FIRST] = evidence
    journey.look()
    assert journey.share == 0
    assert journey.last_reason() is Reason.STEPPED_BACK
    line = journey.status.challenger(FIRST)
    assert line is not None
    assert line.stage is Stage.SHADOW


def test_another_share_for_the_same_step_starts_its_clock_anew() -> None:
    journey = in_canary()
    journey.wait("30m").look()
    journey.spec = spec_of({"canary.steps[0].percent": 6})
    for _ in range(3):
        journey.wait("1s").look()
    assert journey.share == 6
    journey.wait("40m", decisions=5).look()
    assert journey.share == 6, "an hour at this share is asked for, forty minutes have passed"


def test_a_step_needs_its_pods_to_be_ready() -> None:
    journey = in_canary()
    journey.unready = {FIRST}
    journey.wait("10d").look()
    assert journey.share == 5


def test_a_step_needs_the_guard_to_see() -> None:
    journey = in_canary()
    journey.blind_guard = True
    journey.wait("10d").look()
    assert journey.share == 5


@pytest.mark.parametrize("state", [RouteState.ABSENT, RouteState.WAITING, RouteState.REFUSED])
def test_a_step_needs_the_route_to_give_its_share_still(state: RouteState) -> None:
    journey = in_canary()
    journey.route = state
    journey.wait("10d").look()
    assert journey.share == 5


def test_a_step_is_not_done_on_a_route_that_somebody_wrote_by_hand() -> None:
    journey = in_canary()
    journey.split = Split({CHAMPION: 99, FIRST: 1})
    journey.wait("10d").look()
    assert journey.share == 5


def test_a_hold_freezes_the_clock_of_the_step() -> None:
    journey = in_canary()
    journey.wait("12h").look()
    journey.hold = _HOLD
    journey.look()
    assert journey.last_reason() is Reason.CANARY_HELD
    journey.wait("5d").look()
    assert journey.share == 5
    journey.hold = None
    journey.look()
    assert journey.last_reason() is Reason.CANARY_RESUMED
    journey.wait("11h59m").look()
    assert journey.share == 5
    journey.wait("1m").look()
    assert journey.share == 10


def test_a_hold_that_begins_before_the_clock_costs_no_time() -> None:
    journey = in_shadow()
    journey.evidence[FIRST] = better()
    journey.wait("14d").look()
    journey.hold = _HOLD
    journey.look()
    journey.wait("1d").look()
    journey.hold = None
    journey.look()
    assert journey.status.canary is not None
    assert journey.status.canary.since is not None
    assert from_text(journey.status.canary.since) <= journey.now


def test_a_hold_is_said_once_and_shown() -> None:
    journey = in_canary()
    journey.hold = _HOLD
    journey.look()
    journey.wait("1m").look()
    assert journey.reasons.count(Reason.CANARY_HELD) == 1
    assert journey.status.message == f"{FIRST} acts on 5 percent of the requests and is held there"


def test_a_breach_ends_the_run_of_the_challenger() -> None:
    journey = in_canary()
    journey.mark = journey.breach(FIRST)
    journey.look()
    assert journey.stage(FIRST) is Stage.ROLLED_BACK
    assert journey.share == 0
    assert journey.champion == CHAMPION
    line = journey.status.challenger(FIRST)
    assert line is not None
    assert line.rollback is not None
    assert (line.rollback.guardrail, line.rollback.value, line.rollback.limit) == ("max-drawdown", "6.00%", "5%")
    assert journey.last_reason() is Reason.ROLLED_BACK


def test_a_breach_is_recorded_once() -> None:
    journey = in_canary()
    journey.mark = journey.breach(FIRST)
    journey.look()
    journey.wait("1m").look()
    assert journey.reasons.count(Reason.ROLLED_BACK) == 1


def test_a_rolled_back_challenger_never_comes_back_by_itself() -> None:
    journey = in_canary()
    journey.mark = journey.breach(FIRST)
    journey.look()
    journey.mark = None
    journey.wait("100d").look()
    assert journey.stage(FIRST) is Stage.ROLLED_BACK


def test_the_other_challengers_go_on_after_a_rollback() -> None:
    journey = in_canary()
    journey.mark = journey.breach(FIRST)
    journey.look()
    journey.mark = None
    journey.evidence[SECOND] = better()
    journey.look()
    assert journey.stage(SECOND) is Stage.CANARY


def test_nothing_advances_in_the_pass_that_records_a_rollback() -> None:
    journey = in_canary()
    journey.evidence[SECOND] = better()
    journey.mark = journey.breach(FIRST)
    journey.look()
    assert journey.stage(SECOND) is Stage.SHADOW
    assert journey.phase() is Phase.SHADOWING


def test_a_blind_canary_steps_back_into_shadow_and_did_not_fail() -> None:
    journey = in_canary()
    journey.mark = journey.breach(FIRST, Motive.BLIND)
    journey.look()
    assert journey.stage(FIRST) is Stage.SHADOW
    assert journey.share == 0
    assert journey.last_reason() is Reason.STEPPED_BACK


def test_who_stepped_back_blind_may_act_again_from_the_first_step() -> None:
    journey = in_canary()
    journey.wait("1d").look()
    assert journey.share == 10
    journey.look()
    journey.mark = journey.breach(FIRST, Motive.BLIND)
    journey.look()
    journey.mark = None
    journey.wait("1m").look()
    assert journey.stage(FIRST) is Stage.CANARY
    assert journey.share == 5


def test_a_note_of_an_earlier_rollback_does_not_end_a_new_run() -> None:
    journey = in_canary()
    earlier = journey.breach(FIRST, Motive.BLIND)
    journey.mark = earlier
    journey.look()
    journey.mark = None
    journey.wait("1m").look()
    journey.mark = earlier
    journey.wait("1s").look()
    assert journey.stage(FIRST) is Stage.CANARY


def test_a_rollback_is_recorded_although_the_clock_went_back() -> None:
    journey = in_canary()
    journey.now -= timedelta(days=1)
    journey.mark = journey.breach(FIRST)
    journey.look()
    assert journey.stage(FIRST) is Stage.ROLLED_BACK


def test_a_rollback_of_another_model_is_not_recorded() -> None:
    journey = in_canary()
    journey.mark = journey.breach(SECOND)
    journey.look()
    assert journey.stage(FIRST) is Stage.CANARY


def test_rollback_needs_no_evaluation_loop() -> None:
    journey = in_canary()
    journey.evidence.clear()
    journey.route = RouteState.WAITING
    journey.blind_guard = True
    journey.mark = journey.breach(FIRST)
    journey.look()
    assert journey.stage(FIRST) is Stage.ROLLED_BACK


def test_fewer_steps_end_at_the_last_one() -> None:
    journey = in_canary()
    while journey.share < 25:
        journey.wait("1d").look()
        journey.look()
    journey.spec = spec_of({"canary.steps": [{"percent": 5}, {"percent": 10}]})
    journey.look()
    assert journey.share == 10
    assert journey.status.step == "2/2"
    for _ in range(4):
        journey.wait("1d").look()
    assert journey.champion == FIRST


def test_time_that_goes_backwards_advances_nothing() -> None:
    journey = in_canary()
    journey.now -= timedelta(days=30)
    journey.decisions += 1
    journey.look()
    assert journey.share == 5


def test_a_removed_challenger_loses_its_share_at_once() -> None:
    journey = in_canary()
    journey.spec = spec_of({"challengers[0]": REMOVED})
    journey.look()
    assert journey.status.canary is None
    assert journey.status.challenger(FIRST) is None
    assert journey.share == 0


def test_the_canary_is_looked_at_more_often_than_the_evaluation_runs() -> None:
    assert in_canary().look().requeue_after == timedelta(seconds=2)
    assert in_shadow().look().requeue_after is None


def test_a_new_journey_is_pending() -> None:
    assert Journey().look().status.phase is Phase.PENDING


def test_the_status_says_since_when_the_guard_sees_what_holds() -> None:
    journey = in_canary()
    for seconds in (1, 2, 30):
        since = journey.now - timedelta(seconds=seconds)
        journey.hold = replace(_HOLD, since=since)
        journey.look()
        assert journey.status.canary is not None
        assert journey.status.canary.held_since == to_text(since)
        told = journey.reasons.count(Reason.CANARY_HELD)
        journey.look()
        assert journey.reasons.count(Reason.CANARY_HELD) == told, "a hold that lasts is told once"
