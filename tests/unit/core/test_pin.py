"""Going back to a ledger entry as a whole."""

import pytest

from shadow_operator.api.status import CommandStatus, Phase, Stage
from shadow_operator.core import roles
from shadow_operator.core.command import Command
from shadow_operator.core.events import Reason
from shadow_operator.core.ledger import Taken, entry, good_entry, replay
from shadow_operator.core.machine import decide
from shadow_operator.core.observed import GoodEntry
from shadow_operator.core.plan import plan
from shadow_operator.ledger import versions
from tests.world.evidence import better
from tests.world.journeys import CHAMPION, FIRST, SECOND, Journey, in_canary, in_shadow, watched
from tests.world.rollouts import rollout_of, spec_of

_BROKEN = {
    "champion.image": "models/momentum:7-broken",
    "workload.template": {"spec": {"containers": [{"name": "model", "env": [{"name": "MODE", "value": "wrong"}]}]}},
    "canary.steps": [{"percent": 50}],
}


def adopted() -> GoodEntry:
    """The entry of the first pass, in which the champion was taken up."""
    journey = Journey()
    observed = journey.observed()
    rollout = rollout_of(status=journey.status)
    decision = decide(rollout.spec, 1, journey.status, observed, journey.now)
    good = good_entry("momentum-1", entry(Taken(rollout, observed, decision, journey.now), 1, {}, versions()))
    assert good is not None
    return good


def misled() -> Journey:
    """Git asks for something broken, and it was carried out."""
    journey = in_canary()
    journey.generation = 2
    journey.spec = spec_of(_BROKEN)
    journey.look()
    journey.look()
    return journey


def go_back(journey: Journey, good: GoodEntry | None) -> CommandStatus:
    journey.good, journey.command = good, Command("rollback-nuclear/1", "ann")
    journey.look()
    assert journey.status.command is not None
    return journey.status.command


def test_all_that_follows_from_the_spec_is_that_of_the_entry() -> None:
    journey, good = misled(), adopted()
    answered = go_back(journey, good)
    assert answered.answer == "back to ledger entry momentum-1 as a whole, and paused"
    champion = journey.status.champion
    assert champion is not None
    assert (champion.name, champion.image) == (CHAMPION, "models/momentum:7")
    assert roles.split(good.spec, journey.status).weights == {CHAMPION: 100}
    restored = plan(rollout_of().model_copy(update={"spec": good.spec}), journey.status, journey.now)
    first = plan(rollout_of(), good.status, journey.now)
    assert restored.workloads == first.workloads
    assert restored.policy.digest == first.policy.digest


def test_the_manifest_does_not_hold_until_it_changes() -> None:
    journey, good = misled(), adopted()
    go_back(journey, good)
    for _ in range(3):
        journey.wait("30d").look()
    assert journey.status.champion is not None
    assert journey.status.champion.image == "models/momentum:7"
    assert journey.status.message is not None
    assert journey.status.message.startswith(
        "held to ledger entry momentum-1 by ann until the manifest changes; paused"
    )
    journey.generation, journey.good = 3, None
    journey.look()
    assert journey.status.pinned is None
    assert journey.status.champion.image == "models/momentum:7-broken"
    assert Reason.PIN_ENDED in journey.reasons


def test_nobody_acts_until_a_person_resumes_and_then_with_new_evidence() -> None:
    journey, good = misled(), adopted()
    run = journey.status.challenger(FIRST)
    assert run is not None
    go_back(journey, good)
    journey.evidence = {FIRST: better(), SECOND: better()}
    journey.wait("30d").look()
    journey.wait("30d").look()
    assert journey.status.canary is None
    line = journey.status.challenger(FIRST)
    assert line is not None
    assert line.run > run.run
    journey.command = Command("resume/2", "ann")
    journey.look()
    journey.wait("30d").look()
    assert journey.status.canary is not None


def test_a_manifest_that_can_not_be_carried_out_is_no_hindrance() -> None:
    journey, good = in_shadow(), adopted()
    journey.generation, journey.spec = 2, spec_of({"champion": {"name": "momentum-v9", "image": "models/momentum:9"}})
    assert journey.look().refused
    go_back(journey, good)
    assert journey.phase() is not Phase.ROLLED_BACK
    assert journey.stage(FIRST) is Stage.PENDING
    assert not journey.look().refused


def test_without_such_an_entry_it_is_refused() -> None:
    journey = misled()
    assert go_back(journey, None).answer.startswith("refused: the ledger has no entry at which a champion stood alone")
    assert journey.status.pinned is None


def test_a_champion_without_pods_is_not_gone_back_to() -> None:
    journey, good = misled(), adopted()
    journey.unready = {CHAMPION}
    answered = go_back(journey, good)
    assert answered.answer.startswith(
        f"refused: {CHAMPION}, the champion of ledger entry momentum-1, has no ready pods"
    )
    assert journey.status.champion is not None
    assert journey.status.champion.image == "models/momentum:7-broken"


def test_it_is_heard_once() -> None:
    journey, good = misled(), adopted()
    go_back(journey, good)
    count = journey.reasons.count(Reason.ROLLED_BACK)
    for _ in range(3):
        journey.look()
    assert journey.reasons.count(Reason.ROLLED_BACK) == count


@pytest.mark.parametrize("journey", [in_canary(), watched()])
def test_an_entry_with_somebody_on_the_way_is_none_to_go_back_to(journey: Journey) -> None:
    observed = journey.observed()
    rollout = rollout_of(status=journey.status)
    decision = decide(rollout.spec, 1, journey.status, observed, journey.now)
    recorded = entry(Taken(rollout, observed, decision, journey.now), 1, {}, versions())
    assert good_entry("momentum-1", recorded.model_copy(update={"reason": "CanaryStepped"})) is None


def test_the_ledger_entry_of_going_back_can_be_decided_again() -> None:
    journey, good = misled(), adopted()
    journey.good, journey.command = good, Command("rollback-nuclear/1", "ann")
    observed = journey.observed()
    rollout = rollout_of(status=journey.status).model_copy(update={"spec": good.spec})
    decision = decide(rollout.spec, 1, journey.status, observed, journey.now)
    recorded = entry(Taken(rollout, observed, decision, journey.now), 9, {}, versions())
    assert recorded.actor == "ann: rollback-nuclear/1"
    assert replay(recorded) == []
