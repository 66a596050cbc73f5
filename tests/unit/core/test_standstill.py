"""At a standstill nothing advances, and whatever lowers a risk goes on."""

import pytest

from shadow_operator.api.status import ConditionStatus, Phase, Stage
from shadow_operator.core import roles
from shadow_operator.core.events import Reason
from shadow_operator.core.guardrails import Hold, Motive
from tests.world.evidence import better, worse
from tests.world.journeys import CHAMPION, FIRST, SECOND, Journey, in_canary, in_shadow, watched
from tests.world.rollouts import spec_of

_SUSPENDED = spec_of({"suspend": True})
_WHY = "the manifest: spec.suspend is true"


def suspended(journey: Journey) -> Journey:
    journey.spec = _SUSPENDED
    return journey


def waiting_for(journey: Journey, name: str = FIRST) -> str | None:
    line = journey.status.challenger(name)
    assert line is not None
    return line.waiting_for


def test_no_canary_begins_and_the_status_says_why() -> None:
    journey = suspended(in_shadow())
    journey.evidence[FIRST] = better()
    journey.wait("30d").look()
    assert journey.phase() is Phase.SHADOWING
    assert waiting_for(journey) == _WHY
    assert journey.status.message == f"suspended, nothing advances: 2 of 2 challengers in shadow of {CHAMPION}"
    ready = next(each for each in journey.status.conditions if each.type == "Ready")
    assert ready.status is ConditionStatus.TRUE, "a suspended rollout is as its manifest asks"


def test_shadows_begin_and_are_compared() -> None:
    journey = Journey(spec=_SUSPENDED)
    journey.look()
    journey.look()
    assert journey.stage(FIRST) is Stage.SHADOW
    journey.evidence[FIRST] = better()
    journey.look()
    line = journey.status.challenger(FIRST)
    assert line is not None
    assert line.samples == 1000


def test_a_worse_challenger_is_rejected_all_the_same() -> None:
    journey = suspended(in_shadow())
    journey.evidence[FIRST] = worse()
    journey.wait("1d").look()
    assert journey.stage(FIRST) is Stage.REJECTED
    assert journey.stage(SECOND) is Stage.SHADOW


def test_a_canary_keeps_its_share_and_takes_its_next_step_once_it_may() -> None:
    journey = suspended(in_canary())
    journey.wait("30d").look()
    assert journey.share == 5
    assert waiting_for(journey) == _WHY
    journey.spec = spec_of()
    journey.look()
    assert journey.share == 10, "the time at a share counts: it was acted on"
    journey.look()
    assert journey.share == 10, "the next step has a clock of its own"


def test_nobody_is_promoted() -> None:
    journey = in_canary()
    while journey.share < 50:
        journey.wait("1d").look()
        journey.look()
    suspended(journey).wait("30d").look()
    assert (journey.share, journey.champion) == (50, CHAMPION)


@pytest.mark.parametrize(("motive", "stage"), [(Motive.BREACH, Stage.ROLLED_BACK), (Motive.BLIND, Stage.SHADOW)])
def test_a_rollback_is_never_suspended(motive: Motive, stage: Stage) -> None:
    journey = suspended(in_canary())
    journey.mark = journey.breach(FIRST, motive)
    journey.look()
    assert journey.share == 0
    assert journey.stage(FIRST) is stage


def test_a_canary_whose_gates_pass_no_more_goes_back() -> None:
    journey = suspended(in_canary())
    journey.evidence[FIRST] = worse()
    journey.look()
    assert journey.share == 0
    assert journey.last_reason() is Reason.STEPPED_BACK


def test_a_watch_goes_on_and_still_goes_back_to_the_standby() -> None:
    journey = suspended(watched())
    journey.wait("30d").look()
    assert journey.phase() is Phase.WATCHING
    journey.mark = journey.breach(FIRST)
    journey.look()
    assert roles.split(journey.spec, journey.status).weights == {CHAMPION: 100}


def test_a_watch_ends_once_it_may() -> None:
    journey = suspended(watched())
    journey.wait("30d").look()
    journey.spec = spec_of()
    journey.look()
    assert journey.phase() is Phase.COMPLETED


def test_a_hold_is_noticed() -> None:
    journey = suspended(in_canary())
    journey.hold = Hold("blind", "blind: freshness is 90s, at most 60s is allowed", None)
    journey.look()
    assert journey.last_reason() is Reason.CANARY_HELD


def test_a_freeze_of_the_fleet_stops_everything_that_advances() -> None:
    journey = in_canary()
    journey.frozen = "ConfigMap shadow-system/shadow-operator-freeze is there, because of the year's end"
    journey.wait("30d").look()
    assert journey.share == 5
    assert waiting_for(journey) == f"the freeze: {journey.frozen}"
    assert journey.status.message is not None
    assert journey.status.message.startswith("frozen with the whole fleet, nothing advances: ")
    journey.mark = journey.breach(FIRST)
    journey.look()
    assert journey.stage(FIRST) is Stage.ROLLED_BACK
