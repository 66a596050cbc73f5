"""The operator may die at any write: nobody ever has more than was approved, and the next leader ends alike.

The acting, the router and the guard's write are the real ones, over an API server in memory.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random

from hypothesis import currently_in_test_context, event, given, settings
from hypothesis import strategies as st

from shadow_operator.act import Act
from shadow_operator.api.decision import DecisionSpec
from shadow_operator.api.rollout import ShadowRollout
from shadow_operator.api.status import Phase
from shadow_operator.cluster import ConflictError
from shadow_operator.core import roles
from shadow_operator.core.command import Command
from shadow_operator.core.guardrails import Motive
from shadow_operator.core.kinds import DEPLOYMENT, HTTP_ROUTE, NETWORK_POLICY, ROLLOUT_DECISION, SHADOW_ROLLOUT, Kind
from shadow_operator.core.ledger import replay
from shadow_operator.core.machine import decide
from shadow_operator.core.observed import RouteState
from shadow_operator.core.split import Split
from shadow_operator.fleet import Memory
from shadow_operator.freeze import Freeze
from shadow_operator.metrics import MetricSource, Sample, Track
from shadow_operator.observe import Ports
from shadow_operator.traffic.gateway_api import GatewayAPIRouter, route_of
from tests.world.evidence import better
from tests.world.journeys import FIRST, Journey
from tests.world.manifests import changed, valid_manifest
from tests.world.memory_cluster import MemoryCluster, PowerCutError

_SPEC = {
    "spec.shadow": {"minDuration": "1d", "minTrades": 0},
    "spec.promotion.watch": "3d",
    "spec.workload.fence": {"cidrs": ["203.0.113.0/24"]},
}
_NEVER = 99
_OFTEN, _SELDOM = 0.2, 0.05
# What happens once on the way of one challenger that never steps back.
_ONCE = {"CanaryStarted", "CanaryStepped", "Promoted", "Completed"}


class NoMetrics(MetricSource):
    """Nothing is asked here: what is known comes from the journey."""

    async def instant(self, query: str, _at: datetime | None = None) -> list[Sample]:
        raise AssertionError(query)

    async def range(self, query: str, *_: object) -> list[Track]:
        raise AssertionError(query)


def happened(what: str) -> None:
    """Count it, where hypothesis counts."""
    if currently_in_test_context():
        event(what)


@dataclass
class Operator:
    """One leader after the other over the same API server."""

    cluster: MemoryCluster = field(default_factory=MemoryCluster)
    journey: Journey = field(default_factory=Journey)
    memory: Memory = field(default_factory=Memory)

    def path(self, kind: Kind) -> str:
        return f"{kind.root}/namespaces/default/{kind.plural}/momentum"

    @property
    def rollout(self) -> ShadowRollout:
        return ShadowRollout.model_validate(self.cluster.objects[self.path(SHADOW_ROLLOUT)])

    @property
    def ledger(self) -> list[DecisionSpec]:
        """The entries of decisions that were taken, in their order."""
        place = f"{ROLLOUT_DECISION.root}/namespaces/default/{ROLLOUT_DECISION.plural}/"
        found = [each for path, each in sorted(self.cluster.objects.items()) if path.startswith(place)]
        assert all("outcome" in each.get("status", {}) for each in found)
        taken = [each for each in found if each["status"]["outcome"]["result"] != "Superseded"]
        return [DecisionSpec.model_validate(each["spec"]) for each in taken]

    @property
    def split(self) -> Split | None:
        found = self.cluster.objects.get(self.path(HTTP_ROUTE))
        return None if found is None else route_of(found, self.rollout).split

    async def reconcile(self) -> None:
        """One pass, as in reconcile.py, with the world's figures taken from the journey."""
        rollout = self.rollout
        self.memory.rollout = rollout
        router = GatewayAPIRouter(self.cluster)
        route = await router.observed(rollout)
        if route.split is not None:
            # The Gateway of this world accepts whatever it is given, at once.
            route = replace(route, state=RouteState.PROGRAMMED)
        if self.memory.rollback is not None and self.memory.rollback.zero_at is not None:
            route = replace(route, rollback=self.memory.rollback)
        self.journey.spec, self.journey.status = rollout.spec, rollout.status
        observed = replace(self.journey.observed(), route=route)
        decision = decide(rollout.spec, rollout.metadata.generation, rollout.status, observed, self.journey.now)
        ports = Ports(self.cluster, router, NoMetrics(), Freeze(self.cluster, None))
        await Act(ports, rollout, self.memory, observed).carry_out(decision, self.journey.now)

    async def take_back(self) -> None:
        """What the guard does when a guardrail of the acting model is broken."""
        rollout = self.memory.rollout
        model = None if rollout is None else roles.under_guard(rollout.status)
        if rollout is None or model is None:
            return
        mark = self.journey.breach(model, Motive.BREACH)
        self.memory.rollback = replace(mark, zero_at=None)
        safe = roles.without_challenger(rollout.spec, rollout.status)
        await GatewayAPIRouter(self.cluster).apply(rollout, safe, mark=mark, unless_newer_than=None)
        self.memory.rollback = mark
        happened("rolled back")

    def restart(self) -> None:
        """A new leader knows only what the API server has."""
        self.memory = Memory()
        self.cluster.writes_left = None

    def check(self) -> None:
        """Nobody but the champion, and the standby that it goes back to, has more than the status approves."""
        rollout, shares = self.rollout, self.split
        self.check_fence(rollout)
        if shares is None:
            return
        assert shares.weights.keys() <= self.outside_the_fence(), "who gets requests can act on them"
        status = rollout.status
        safe = {roles.champion_of(rollout.spec, status), None if status.watch is None else status.watch.standby}
        for name, share in shares.weights.items():
            is_canary = status.canary is not None and status.canary.challenger == name
            most = roles.canary_percent(rollout.spec, status) if is_canary else 0
            assert name in safe or share <= most

    def check_fence(self, rollout: ShadowRollout) -> None:
        """Nobody is let out before it is written down that he acts, and no pod is there before its fence."""
        assert self.outside_the_fence() <= roles.outside_the_fence(rollout.spec, rollout.status)
        place = f"{DEPLOYMENT.root}/namespaces/default/{DEPLOYMENT.plural}/"
        running = [path for path in self.cluster.objects if path.startswith(place)]
        assert not running or self.fence in self.cluster.objects

    @property
    def fence(self) -> str:
        return f"{NETWORK_POLICY.root}/namespaces/default/{NETWORK_POLICY.plural}/momentum-fence"

    def outside_the_fence(self) -> set[str]:
        found = self.cluster.objects.get(self.fence)
        terms = [] if found is None else found["spec"]["podSelector"].get("matchExpressions", [])
        return {name for term in terms for name in term["values"]}


def started(edits: dict[str, object] | None = None) -> Operator:
    operator = Operator()
    manifest = changed(valid_manifest(), _SPEC | (edits or {}))
    stored = {**manifest, "metadata": {**manifest["metadata"], "uid": "5c0a", "generation": 1, "resourceVersion": "0"}}
    operator.cluster.objects[operator.path(SHADOW_ROLLOUT)] = stored
    operator.journey.evidence = {FIRST: better()}
    return operator


async def live(operator: Operator, cuts: list[int], breach_at: int | None) -> None:
    """Passes a day apart; before each, `cuts` says after how many writes the power goes."""
    for number, cut in enumerate(cuts):
        operator.journey.wait("1d1s", decisions=5)
        operator.cluster.writes_left = None if cut == _NEVER else cut
        try:
            if number == breach_at:
                await operator.take_back()
            operator.check()
            await operator.reconcile()
        except PowerCutError:
            happened("died")
            operator.check()
            operator.restart()
        except ConflictError:
            happened("conflict")
        operator.check()


async def live_long(operator: Operator, random: Random, passes: int) -> Counter[str]:
    """Passes with a restart, a breach or a command now and then. Says how often what happened."""
    came: Counter[str] = Counter()
    for number in range(passes):
        asked = random.choice((f"retry/{number}/{FIRST}", f"rollback/{number}"))
        operator.journey.command = Command(asked, "ann") if random.random() < _OFTEN else None
        breach_at = 0 if random.random() < _SELDOM else None
        cut = random.randrange(10) if random.random() < _OFTEN else _NEVER
        before = operator.memory
        await live(operator, [cut], breach_at)
        came["died"] += operator.memory is not before
        came[operator.rollout.status.phase] += 1
    return came


async def settle(operator: Operator) -> None:
    """Passes in which no time goes by, until what was begun is finished."""
    operator.restart()
    for _ in range(4):
        await operator.reconcile()
        operator.check()


powers = st.lists(st.sampled_from([_NEVER, _NEVER, 0, 1, 2, 3, 4, 6, 9]), min_size=4, max_size=24)


@settings(max_examples=80, deadline=None)
@given(powers, st.none() | st.integers(4, 20))
def test_dying_at_any_write_never_gives_more_than_was_approved_and_converges(
    cuts: list[int], breach_at: int | None
) -> None:
    operator = started()
    asyncio.run(live(operator, cuts, breach_at))
    asyncio.run(settle(operator))
    rollout = operator.rollout
    assert operator.split == roles.split(rollout.spec, rollout.status)
    assert operator.outside_the_fence() == roles.outside_the_fence(rollout.spec, rollout.status)
    assert operator.split.weights.keys() <= operator.outside_the_fence()


@settings(max_examples=60, deadline=None)
@given(powers)
def test_dying_anywhere_only_delays_the_promotion(cuts: list[int]) -> None:
    operator = started()
    asyncio.run(live(operator, cuts, None))
    asyncio.run(live(operator, [_NEVER] * 20, None))
    assert operator.rollout.status.phase is Phase.COMPLETED
    assert operator.split == Split({FIRST: 100}, {"momentum-v7": 100})


def test_ten_thousand_passes_with_restarts_keep_the_books() -> None:
    operator = started()
    came = asyncio.run(live_long(operator, Random(20261127), 10_000))  # noqa: S311 - a history that can be told again
    operator.journey.command = None
    asyncio.run(settle(operator))
    status = operator.rollout.status
    assert operator.split == roles.split(operator.rollout.spec, status)
    # A history in which little happens would prove little.
    assert min(came[each] for each in ("died", Phase.CANARY, Phase.WATCHING, Phase.ROLLED_BACK)) >= 100, came
    sequences = [each.sequence for each in operator.ledger]
    assert sequences == sorted(set(sequences))
    assert all(replay(each) == [] for each in operator.ledger[::20])


@settings(max_examples=60, deadline=None)
@given(st.integers(4, 9), powers)
def test_a_rollback_is_never_forgotten(calm: int, cuts: list[int]) -> None:
    operator = started()
    asyncio.run(live(operator, [_NEVER] * calm, None))
    guarded = roles.under_guard(operator.rollout.status)
    asyncio.run(operator.take_back())
    asyncio.run(live(operator, cuts, None))
    asyncio.run(settle(operator))
    status = operator.rollout.status
    line = status.challenger(guarded or "")
    assert guarded is None or (line is not None and line.rollback is not None)
    assert operator.split is not None
    assert guarded is None or guarded not in operator.split.weights


@settings(max_examples=80, deadline=None)
@given(powers, st.none() | st.integers(4, 20))
def test_every_move_is_in_the_ledger_once_and_can_be_decided_again(cuts: list[int], breach_at: int | None) -> None:
    operator = started()
    asyncio.run(live(operator, cuts, breach_at))
    asyncio.run(settle(operator))
    entries = operator.ledger
    assert [each.sequence for each in entries] == sorted({each.sequence for each in entries})
    assert all(replay(each) == [] for each in entries)
    after = operator.rollout.status
    assert entries[-1].after.champion == (None if after.champion is None else after.champion.name)
    assert entries[-1].after.percent == roles.canary_percent(operator.rollout.spec, after)
    moved = [(each.reason, each.before.percent, each.after.percent) for each in entries if each.reason in _ONCE]
    assert len(moved) == len(set(moved)) or breach_at is not None
