"""One rollout on the API server, the operator's parts around it, and what is to be seen from outside."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from shadow_operator.api.rollout import ShadowRollout
from shadow_operator.api.status import Status
from shadow_operator.cluster import Cluster
from shadow_operator.core.comparison import Comparison, Comparisons, Rivals, design_of, terms_of
from shadow_operator.core.contract import Figure
from shadow_operator.core.interval import Book as Gains
from shadow_operator.core.interval import Interval, Pair
from shadow_operator.core.kinds import SHADOW_ROLLOUT
from shadow_operator.core.roles import split
from shadow_operator.fleet import Fleet, Key, Memory
from shadow_operator.guard import Guard, Sight
from shadow_operator.reconcile import Reconciler
from shadow_operator.settings import Settings
from shadow_operator.traffic.gateway_api import GatewayAPIRouter
from tests.control_plane.api_server import ApiServer
from tests.control_plane.loop.stand_ins import Book, Clock, ScriptedSource, StandInGateway, StandInKubelet, routes
from tests.world.manifests import changed

CHAMPION, CHALLENGER, EQUAL = "steady", "better", "equal"
PASSED_SAMPLES = 400


def manifest(name: str = "momentum") -> dict[str, Any]:
    """A rollout of two challengers, one of them better, whose whole way takes hours."""
    return {
        "apiVersion": "shadowrollouts.io/v1alpha1",
        "kind": "ShadowRollout",
        "metadata": {"name": name},
        "spec": {
            "champion": {"name": CHAMPION, "image": "models/steady:1"},
            "challengers": [
                {"name": CHALLENGER, "image": "models/better:1"},
                {"name": EQUAL, "image": "models/equal:1", "mirrorPercent": 50},
            ],
            "traffic": {"gatewayAPI": {"parentRefs": [{"name": "models"}]}},
            "metrics": {"prometheus": {"address": "http://prometheus:9090"}, "capital": "100000"},
            "shadow": {"minDuration": "1h", "minTrades": 100},
            "errorBudget": {"plannedSamples": 100},
            "gates": [{"name": "mean-pnl", "test": "PairedMean", "role": "Primary"}],
            "guardrails": [
                {"name": "max-drawdown", "metric": "drawdown", "above": "5%"},
                {"name": "behind", "metric": "performance", "above": "3%"},
                {
                    "name": "blind",
                    "metric": "freshness",
                    "above": "60s",
                    "action": "Hold",
                    "then": {"after": "10m"},
                },
            ],
            "canary": {"steps": [{"percent": 5, "minDuration": "1h"}, {"percent": 25, "minDuration": "1h"}]},
            "promotion": {"watch": "1h"},
        },
    }


@dataclass
class Operator:
    """One process of the operator: what it remembers goes with it."""

    reconciler: Reconciler
    guard: Guard
    fleet: Fleet


@dataclass
class Field:
    """One namespace, its rollouts, and the operator that looks after them."""

    cluster: Cluster
    server: ApiServer
    clock: Clock = field(default_factory=Clock)
    books: dict[str, Book] = field(
        default_factory=lambda: {CHAMPION: Book(0.0, 1), CHALLENGER: Book(3.0, 2), EQUAL: Book(0.0, 3)}
    )

    def __post_init__(self) -> None:
        self.router = GatewayAPIRouter(self.cluster)
        self.gateway, self.kubelet = StandInGateway(self.server), StandInKubelet(self.server)
        self.evaluations = ScriptedSource(self.books, self.clock)
        self.looks = ScriptedSource(self.books, self.clock)
        self.operator = self.start_operator()

    def start_operator(self, every: timedelta = timedelta(seconds=1)) -> Operator:
        """Start an operator that remembers nothing."""
        fleet = Fleet()
        sight = Sight(lambda _: self.looks, lambda _: self.looks, lambda _: self.looks)
        guard = Guard(fleet, self.cluster, self.router, sight, self.clock, every)
        self.operator = Operator(self.reconciler_over(self.cluster, fleet), guard, fleet)
        return self.operator

    def reconciler_over(self, cluster: Cluster, fleet: Fleet | None = None) -> Reconciler:
        """Passes of this operator, by another way to the API server."""
        settings = Settings(evaluation_seconds=60, checkpoint_seconds=600, operator_image="shadow/operator:1")
        known = self.operator.fleet if fleet is None else fleet
        return Reconciler(cluster, self.router, lambda _: self.evaluations, known, self.clock, settings)

    def key(self, name: str = "momentum") -> Key:
        return Key(self.server.namespace, name)

    def create(self, body: Mapping[str, Any]) -> None:
        self.server.apply(dict(body), dry=False)

    async def one_pass(self, name: str = "momentum") -> timedelta | None:
        return await self.operator.reconciler.once(self.key(name))

    async def look(self, name: str = "momentum") -> None:
        key = self.key(name)
        await self.operator.guard.look(key, self.operator.fleet.of(key))

    async def settle(self) -> None:
        """Pods start, and the gateway follows."""
        await self.kubelet.run_pods()
        self.gateway.program()

    async def tick(self) -> None:
        """What goes on all the time: a pass, the world that follows, a look of the guard, a pass that knows of it."""
        await self.one_pass()
        await self.settle()
        await self.look()
        await self.one_pass()
        await self.settle()

    async def in_shadow(self, edits: Mapping[str, Any] | None = None) -> None:
        """Bring a rollout to where its challengers see the requests."""
        self.create(changed(manifest(), edits or {}))
        await self.tick()
        self.clock.advance(seconds=1)
        await self.tick()

    async def in_canary(self, name: str = "momentum", edits: Mapping[str, Any] | None = None) -> Memory:
        """Put a rollout into its canary at once, as an operator that was just started finds it."""
        self.create(changed(manifest(name), edits or {}))
        rollout = await self.read(name)
        await self.stand_at(rollout, canary_status(rollout, self.clock))
        rollout = await self.read(name)
        await self.router.apply(rollout, split(rollout.spec, rollout.status), mark=None, unless_newer_than=None)
        return self.remember(rollout)

    def lose(self, model: str, amount: float) -> None:
        """The model loses so much at once, and four seconds later everybody can know it."""
        self.books[model].lumps.append((self.clock(), -amount))
        self.clock.advance(seconds=4)

    def remember(self, rollout: ShadowRollout) -> Memory:
        memory = self.operator.fleet.of(self.key(rollout.metadata.name))
        memory.rollout, memory.comparisons = rollout, passed(rollout)
        return memory

    async def stand_at(self, rollout: ShadowRollout, status: Status) -> None:
        where = rollout.metadata
        document = status.model_dump(by_alias=True, exclude_none=True, mode="json")
        await self.cluster.apply_status(SHADOW_ROLLOUT, where.namespace, where.name, document, where.resource_version)

    async def read(self, name: str = "momentum") -> ShadowRollout:
        return ShadowRollout.model_validate(self.stored(name))

    def stored(self, name: str = "momentum") -> dict[str, Any]:
        return self.server.request("GET", f"{self.server.rollouts}/{name}")

    def status(self, name: str = "momentum") -> Status:
        return Status.model_validate(self.stored(name).get("status", {}))

    def objects(self, group: str, plural: str) -> dict[str, dict[str, Any]]:
        """The namespace's objects of one kind, by name."""
        root = f"/api/{group}" if group == "v1" else f"/apis/{group}"
        found = self.server.request("GET", f"{root}/namespaces/{self.server.namespace}/{plural}")["items"]
        return {each["metadata"]["name"]: each for each in found}

    def weights(self, name: str = "momentum") -> dict[str, int]:
        """Percent of the real requests, by model."""
        (rule,) = self._route(name)["spec"]["rules"]
        return {each["name"].removeprefix(f"{name}-"): each["weight"] for each in rule["backendRefs"]}

    def mirrors(self, name: str = "momentum") -> dict[str, int]:
        """Percent of the requests that are copied, by model."""
        (rule,) = self._route(name)["spec"]["rules"]
        copied = [each["requestMirror"] for each in rule.get("filters", [])]
        return {each["backendRef"]["name"].removeprefix(f"{name}-"): each.get("percent", 100) for each in copied}

    def policy_roles(self, name: str = "momentum") -> dict[str, str]:
        """The role of each model, as the models read it."""
        return {model: policy["role"] for model, policy in self.policy(name)["models"].items()}

    def policy(self, name: str = "momentum") -> dict[str, Any]:
        """The policy document, as the models read it."""
        document: dict[str, Any] = json.loads(self.objects("v1", "configmaps")[f"{name}-policy"]["data"]["policy.json"])
        return document

    def reasons(self, name: str = "momentum") -> list[str]:
        """The reasons of the rollout's events, in the order in which they were posted."""
        found = [each for each in self.objects("v1", "events").values() if each["involvedObject"]["name"] == name]
        return [each["reason"] for each in sorted(found, key=lambda each: int(each["metadata"]["resourceVersion"]))]

    def _route(self, name: str) -> dict[str, Any]:
        return self.server.request("GET", f"{routes(self.server)}/{name}")


def canary_status(rollout: ShadowRollout, clock: Clock) -> Status:
    """The challenger in its canary, the other one in shadow."""
    since = clock().strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def line(name: str, stage: str) -> dict[str, Any]:
        model = rollout.spec.model(name)
        image = "" if model is None else model.image
        return {"name": name, "image": image, "stage": stage, "since": since, "shadowSince": since}

    return Status.model_validate(
        {
            "observedGeneration": 1,
            "phase": "Canary",
            "champion": {"name": CHAMPION, "image": rollout.spec.champion.image, "since": since},
            "canary": {"challenger": CHALLENGER, "step": 1, "since": since},
            "challengers": [line(CHALLENGER, "Canary"), line(EQUAL, "Shadow")],
        }
    )


def _pair(own: float, champions: float) -> Pair:
    return Pair(*(_interval(result) for result in (own, champions)))


_PASSED_AT = datetime(2026, 3, 2, tzinfo=UTC)


def _interval(result: float) -> Interval:
    book = Gains(max(result, 0.0), max(-result, 0.0))
    return Interval(_PASSED_AT, book, decisions=1.0, of_capital=0.0, counts={Figure.TRADES: 1.0})


def passed(rollout: ShadowRollout) -> Comparisons:
    """The evidence on which the challenger of `canary_status` went into its canary."""
    champion = rollout.spec.champion
    comparisons = []
    for name, edge in ((CHALLENGER, 3.0), (EQUAL, 0.0)):
        model = rollout.spec.model(name)
        rivals = Rivals(name, "" if model is None else model.image, champion.name, champion.image)
        comparison = Comparison(rivals, design_of(rollout.spec))
        comparison.take_up(rollout.spec.gates, terms_of(rollout.spec))
        noise = np.random.default_rng(7).normal(size=(PASSED_SAMPLES, 2))
        comparison.look([_pair(edge + own, champions) for own, champions in noise.tolist()])
        comparisons.append(comparison.to_json())
    return Comparisons.from_json(
        {"lastAt": None, "fresh": [], "counters": {}, "samples": {}, "comparisons": comparisons}
    )
