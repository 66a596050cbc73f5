"""What is measured of our operator, and of another controller."""

from collections.abc import Sequence
from pathlib import Path

from bench.rollback import certificate, runs
from bench.rollback.breaches import USUALLY
from bench.rollback.killer import Killer
from bench.rollback.ours import ShadowRollouts
from bench.rollback.peer import Peer
from bench.rollback.runs import Field
from bench.row import Goal, Row
from examples.demo.player.tools import Tools

_SECOND, _QUARTER = "guard every second", "guard every 250 ms"
# Whoever breaks alone does so beside a few others, as it was measured of other controllers: twenty lanes and their
# requests need all of two cores, and then the machine is what is measured.
_FEW = 5


def ours(tools: Tools, field: Field, operator: ShadowRollouts, killer: Killer, promotions: int) -> list[Row]:
    """Measure our operator; each lane is promoted so many times."""
    field.say("the operator, the gateway, Prometheus, the client")
    shown = certificate.bring_up(tools)
    operator.install(1.0)
    field.pieces.bring_up(shown)
    killer.bring_up()
    try:
        rows = _beside_one(field, operator)
        few = field.names[:_FEW]
        _bring_up(field, operator, few)
        with field.among(few, field.rounds * len(field.names) // len(few)):
            rows += runs.one_by_one(field, _SECOND, Goal(high=0.6), Goal(high=1.3))
            rows += runs.by_alert(field)
            operator.install(0.25)
            field.say(_QUARTER)
            rows += runs.one_by_one(field, _QUARTER, Goal(high=0.25), Goal(high=0.6))
            operator.install(1.0)
        _bring_up(field, operator, field.names[len(few) :])
        rows += runs.at_once(field, _SECOND, Goal(high=2.0))
        field.canaries()
        rows += runs.leader_killed(field, operator, killer)
        field.canaries()
        runs.promoted(field, operator, promotions)
        rows += runs.without_prometheus(field, operator)
        return rows + runs.lost(field)
    finally:
        killer.remove()
        field.pieces.remove()


def _bring_up(field: Field, operator: ShadowRollouts, names: Sequence[str]) -> None:
    field.say(f"{len(names)} rollouts, {USUALLY:g} requests a second each")
    operator.bring_up(names)
    field.lanes.ask(names, USUALLY)


def _beside_one(field: Field, operator: ShadowRollouts) -> list[Row]:
    """What the operator costs while the first lane is alone."""
    first = field.names[:1]
    operator.bring_up(first)
    field.lanes.ask(first, USUALLY)
    field.lanes.wait_for_canary(first, field.challenger, 60.0)
    field.say("one canary")
    return runs.cost(field, operator)


def peer(field: Field, other: Peer, kubeconfig: Path) -> list[Row]:
    """Measure another controller: how fast it is, and what it does without Prometheus."""
    field.say(f"{other.title}: the gateway, Prometheus, the client")
    field.pieces.bring_up("")
    try:
        with other.running(kubeconfig):
            field.say(f"{len(field.names)} lanes, {USUALLY:g} requests a second each")
            other.bring_up(field.names)
            rows = runs.one_by_one(field, other.title, None, None)
            rows += runs.at_once(field, other.title, None)
            return rows + runs.shares_without_prometheus(field)
    finally:
        field.pieces.remove()
