"""What is measured, in order: each run begins with canaries everywhere, and leaves the lanes to the next."""

import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bench.rollback import breaches, outage, promotions
from bench.rollback.breaches import Alerted, Breach
from bench.rollback.controller import Controller, model
from bench.rollback.footprint import footprint
from bench.rollback.killer import Killer
from bench.rollback.lanes import Lanes
from bench.rollback.ours import ShadowRollouts
from bench.rollback.pieces import Pieces
from bench.row import Goal, Row
from examples.demo.player.api_server import ApiServer

REACTION, OUTAGE, LOSSES, COST = "how fast a share is gone", "Prometheus gone", "what is lost", "what it costs"
GROUPS = (REACTION, OUTAGE, LOSSES, COST)
_CANARY_SECONDS = 180.0
_FOOTPRINT_SECONDS = 90.0
_OUTAGE_SECONDS = 180.0
_KILLS = 3
_ALERTS_A_LANE = 4


@dataclass
class Field:
    """What the runs work on.

    Attributes:
        api: the API server.
        pieces: the bench's own pieces.
        lanes: the figures and the client.
        controller: who moves the traffic.
        say: tells people how far it is.
        phases: when the breaches come.
        names: the lanes that the runs are about.
        rounds: how often each of them breaks.
        generation: the number of the present champions; their challengers have the next one.

    """

    api: ApiServer
    pieces: Pieces
    lanes: Lanes
    controller: Controller
    say: Callable[[str], None]
    phases: random.Random
    names: Sequence[str]
    rounds: int
    generation: int = 0
    promotions: int = 0
    rollbacks: int = 0

    @property
    def challenger(self) -> str:
        """The present challenger of each lane."""
        return model(self.generation + 1)

    @contextmanager
    def among(self, names: Sequence[str], rounds: int) -> Iterator[None]:
        """For a while, the runs are about these lanes."""
        before = self.names, self.rounds
        self.names, self.rounds = names, rounds
        try:
            yield
        finally:
            self.names, self.rounds = before

    def canaries(self) -> None:
        """Have every challenger in canary."""
        self.controller.begin(self.names, self.challenger)
        self.lanes.wait_for_canary(self.names, self.challenger, _CANARY_SECONDS)

    def promoted(self) -> None:
        """Every challenger became champion."""
        self.generation += 1
        self.promotions += len(self.names)

    def breaches(self, how: Callable[[], Sequence[Breach]]) -> list[Breach]:
        """Break every lane, `rounds` times."""
        found: list[Breach] = []
        for number in range(self.rounds):
            self.canaries()
            found += how()
            self.say(f"round {number + 1} of {self.rounds}: {_spoken(found)}")
        self.rollbacks += len(found)
        return found


def one_by_one(field: Field, guard: str, median: Goal | None, worst: Goal | None) -> list[Row]:
    """Break lanes one after the other."""
    found = field.breaches(lambda: breaches.one_by_one(field.lanes, field.names, field.challenger, field.phases))
    name = f"breach visible in Prometheus to last challenger answer, {guard}"
    return _reaction(name, found, median, worst)


def at_once(field: Field, guard: str, worst: Goal | None) -> list[Row]:
    """Break all lanes in the same moment."""

    def how() -> list[Breach]:
        time.sleep(field.phases.uniform(0.0, 1.0))
        return breaches.at_once(field.lanes, field.names, field.challenger)

    found = field.breaches(how)
    return _reaction(f"the same, {len(field.names)} lanes breaking at once, {guard}", found, None, worst)


def by_alert(field: Field) -> list[Row]:
    """Post an alert about one healthy challenger after the other, twenty in all where each lane breaks often."""
    found: list[Alerted] = []
    for _ in range(min(field.rounds, _ALERTS_A_LANE)):
        field.canaries()
        found += [breaches.by_alert(field.lanes, name, field.challenger) for name in field.names]
    field.rollbacks += len(found)
    seconds, worst = [each.seconds for each in found], max(found, key=lambda each: each.seconds)
    median = statistics.median(seconds)
    field.say(f"by alert: median {median:.2f} s, worst {worst.seconds:.2f} s, {worst}")
    name, count = "an alert posted to last challenger answer", len(found)
    detail = "TLS, TokenReview and SubjectAccessReview included"
    until_answered = f"the operator had answered it after {worst.answered_at - worst.at:.2f} s"
    return [
        Row(REACTION, f"{name}: median", median, "s", None, count, detail=detail),
        Row(REACTION, f"{name}: worst", worst.seconds, "s", Goal(high=0.2), count, detail=until_answered),
    ]


def leader_killed(field: Field, ours: ShadowRollouts, killer: Killer) -> list[Row]:
    """Kill the leader's process and break a lane in the same moment."""
    found: list[float] = []
    for name in field.names[:_KILLS]:
        ours.wait_for_leader()
        killed_at = killer.kill(ours.leader())
        (breach,) = breaches.at_once(field.lanes, [name], field.challenger)
        found.append(breach.last_at - killed_at)
        field.say(f"leader killed: the share was gone after {found[-1]:.1f} s")
    field.rollbacks += len(found)
    goal = Goal(high=10.0)
    detail = f"each of {', '.join(f'{each:.1f}' for each in found)} s: a lane breaks as the leader is killed"
    return [
        Row(
            REACTION,
            "leader killed (SIGKILL) to last challenger answer, worst",
            max(found),
            "s",
            goal,
            len(found),
            detail=detail,
        )
    ]


def promoted(field: Field, ours: ShadowRollouts, rounds: int) -> None:
    """Promote every lane's challenger, so many times."""
    for number in range(rounds):
        if number:
            next_challengers(field, ours)
        promotions.promote_all(ours, field.lanes, field.names, field.generation)
        field.promoted()
        field.say(f"{field.promotions} promotions")


def next_challengers(field: Field, ours: ShadowRollouts, step: str = "1h") -> None:
    """Bring the next challengers after a promotion, for a canary of so long."""
    promotions.next_generation(ours, field.lanes, field.names, field.generation, step)


def without_prometheus(field: Field, ours: ShadowRollouts) -> list[Row]:
    """Take Prometheus away from canaries whose step would have ended long before it comes back."""
    next_challengers(field, ours, step="1m")
    field.say(f"Prometheus goes for {_OUTAGE_SECONDS:.0f} s")
    found = outage.outage(ours, field.lanes, field.pieces, field.names, field.challenger, _OUTAGE_SECONDS)
    field.promoted()
    lanes = len(field.names)
    field.say(f"{found}")
    return [
        Row(
            OUTAGE,
            f"canaries that ended, stepped or were promoted in {_OUTAGE_SECONDS:.0f} s without Prometheus",
            found.moved,
            f"of {lanes}",
            Goal(high=0),
            lanes,
            detail="their step asked for 60 s",
        ),
        Row(
            OUTAGE,
            "canaries whose condition MetricsAvailable said so",
            found.blind,
            f"of {lanes}",
            Goal(low=lanes),
            lanes,
        ),
        Row(
            OUTAGE,
            "Prometheus back to the last of them promoted",
            found.seconds_to_promotion,
            "s",
            Goal(high=120.0),
            lanes,
            detail="they go on where they stood: what their step asks for begins anew",
        ),
    ]


def shares_without_prometheus(field: Field) -> list[Row]:
    """Take Prometheus away from healthy canaries of whatever controller, and see which lose their share."""
    field.canaries()
    field.say(f"Prometheus goes for {_OUTAGE_SECONDS:.0f} s")
    lost_after = outage.shares_lost(field.lanes, field.pieces, field.challenger, _OUTAGE_SECONDS)
    detail = ", ".join(f"{each:.0f}" for each in lost_after)
    name = f"canaries that lost their share in {_OUTAGE_SECONDS:.0f} s without Prometheus"
    lanes = len(field.names)
    return [
        Row(OUTAGE, name, len(lost_after), f"of {lanes}", None, lanes, detail=f"after {detail} s" if detail else "")
    ]


def lost(field: Field) -> list[Row]:
    """What the client missed in all runs so far."""
    seen = field.lanes.seen().values()
    failed, sent = sum(each.failed for each in seen), sum(each.sent for each in seen)
    field.say(f"{sent} requests, {failed} failed: {[each.failures for each in seen if each.failures][:3]}")
    detail = f"of {sent:,}, in {field.promotions} promotions and {field.rollbacks} rollbacks, leaders killed among them"
    return [Row(LOSSES, "requests failed", failed, "requests", Goal(high=0), detail=detail)]


def cost(field: Field, ours: ShadowRollouts) -> list[Row]:
    """What the operator uses while one canary runs."""
    found = footprint(field.api, ours.leader(), _FOOTPRINT_SECONDS)
    detail = f"by the kubelet, over {_FOOTPRINT_SECONDS:.0f} s; another pod stands by"
    return [
        Row(COST, "memory of the leader in one canary", found.mebibytes, "MiB", Goal(high=120.0), detail=detail),
        Row(COST, "processor of the leader in one canary", found.millicores, "mcore", Goal(high=30.0), detail=detail),
    ]


def _reaction(name: str, found: Sequence[Breach], median: Goal | None, worst: Goal | None) -> list[Row]:
    seconds = [each.seconds for each in found]
    since_failure = [each.last_at - each.at for each in found]
    detail = f"from the failure itself: median {statistics.median(since_failure):.2f}, worst {max(since_failure):.2f} s"
    count = len(found)
    return [
        Row(REACTION, f"{name}: median", statistics.median(seconds), "s", median, count, detail=detail),
        Row(REACTION, f"{name}: worst", max(seconds), "s", worst, count),
    ]


def _spoken(found: Sequence[Breach]) -> str:
    seconds = [each.seconds for each in found]
    return f"{len(found)} breaches, median {statistics.median(seconds):.2f} s, worst {max(seconds):.2f} s"
