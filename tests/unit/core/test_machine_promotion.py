"""The promotion, the watch after it, and the way back."""

from shadow_operator.api.status import ConditionStatus, Phase, Stage
from shadow_operator.core import roles
from shadow_operator.core.events import Reason
from shadow_operator.core.guardrails import Hold
from shadow_operator.core.observed import RouteState
from shadow_operator.core.roles import Role
from shadow_operator.core.split import Split
from tests.world.evidence import better, undecided
from tests.world.journeys import CHAMPION, FIRST, SECOND, Journey, in_canary, watched
from tests.world.rollouts import spec_of


def promoted_but_not_arrived() -> Journey:
    """The decision is made; the route still gives the last step's shares."""
    journey = in_canary(spec_of({"canary.steps": [{"percent": 50}]}))
    journey.evidence[SECOND] = undecided()
    journey.wait("1h").look()
    journey.split = Split({CHAMPION: 50, FIRST: 50}, {SECOND: 25})
    return journey


def test_promotion_makes_the_challenger_champion_and_keeps_the_former_one_as_standby() -> None:
    journey = watched()
    assert journey.champion == FIRST
    assert roles.roles(journey.spec, journey.status)[CHAMPION] is Role.STANDBY
    assert journey.status.watch is not None
    assert journey.status.watch.standby_image == "models/momentum:7"


def test_promotion_ends_the_race_for_the_others() -> None:
    journey = watched()
    assert journey.stage(FIRST) is Stage.PROMOTED
    assert journey.stage(SECOND) is Stage.NOT_PROMOTED


def test_the_former_champion_sees_a_copy_of_everything_while_it_stands_by() -> None:
    journey = watched()
    assert roles.split(journey.spec, journey.status) == Split({FIRST: 100}, {CHAMPION: 100})


def test_a_promotion_is_not_over_before_the_route_was_seen_to_follow() -> None:
    journey = promoted_but_not_arrived()
    journey.look()
    assert journey.phase() is Phase.PROMOTING
    journey.wait("30d").look()
    assert journey.phase() is Phase.PROMOTING
    journey.split = None
    journey.look()
    assert journey.phase() is Phase.WATCHING


def test_the_watch_does_not_start_on_a_route_that_is_not_programmed() -> None:
    journey = promoted_but_not_arrived()
    journey.split, journey.route = None, RouteState.WAITING
    journey.look()
    assert journey.phase() is Phase.PROMOTING


def test_the_watch_completes_after_its_time() -> None:
    journey = watched()
    journey.wait("6d23h59m").look()
    assert journey.phase() is Phase.WATCHING
    journey.wait("1m").look()
    assert journey.phase() is Phase.COMPLETED
    assert journey.last_reason() is Reason.COMPLETED
    assert journey.status.message == f"{FIRST} is champion"


def test_the_watch_does_not_complete_blind() -> None:
    journey = watched()
    journey.hold = Hold("blind", "blind: freshness is 90s, at most 60s is allowed", None)
    journey.wait("30d").look()
    assert journey.phase() is Phase.WATCHING
    journey.hold, journey.blind_guard = None, True
    journey.wait("1d").look()
    assert journey.phase() is Phase.WATCHING


def test_a_breach_in_the_watch_goes_back_to_the_standby() -> None:
    journey = watched()
    journey.mark = journey.breach(FIRST)
    journey.look()
    assert journey.champion == CHAMPION
    assert journey.status.champion is not None
    assert journey.status.champion.image == "models/momentum:7"
    assert journey.status.watch is None
    assert journey.stage(FIRST) is Stage.ROLLED_BACK
    assert journey.phase() is Phase.ROLLED_BACK
    assert roles.split(journey.spec, journey.status).weights == {CHAMPION: 100}


def test_going_back_starts_no_pod() -> None:
    journey = watched()
    safe = roles.without_challenger(journey.spec, journey.status)
    assert safe.weights == {CHAMPION: 100}
    assert set(safe.weights) <= set(roles.roles(journey.spec, journey.status))


def test_a_breach_after_the_watch_is_not_ours_to_undo() -> None:
    journey = watched()
    journey.wait("7d").look()
    journey.mark = journey.breach(FIRST)
    journey.look()
    assert journey.champion == FIRST
    assert journey.phase() is Phase.COMPLETED


def test_nobody_gets_a_share_while_the_new_champion_is_watched() -> None:
    journey = watched()
    journey.evidence[SECOND] = better()
    journey.wait("1d").look()
    assert journey.share == 0


def test_conditions_say_what_a_machine_may_wait_for() -> None:
    journey = promoted_but_not_arrived()
    journey.look()
    assert conditions_of(journey) == {"Ready": "Unknown", "Reconciling": "True", "Stalled": "False"}
    journey.split = None
    journey.look()
    assert conditions_of(journey) == {"Ready": "True", "Reconciling": "False", "Stalled": "False"}
    journey.mark = journey.breach(FIRST)
    journey.look()
    assert conditions_of(journey) == {"Ready": "False", "Reconciling": "False", "Stalled": "True"}


def conditions_of(journey: Journey) -> dict[str, str]:
    found = {each.type: each for each in journey.status.conditions}
    assert found["MetricsAvailable"].status is ConditionStatus.TRUE
    return {kind: found[kind].status.value for kind in ("Ready", "Reconciling", "Stalled")}
