"""What is around the operator but not on a bare control plane: a gateway, pods that start, figures of the models."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from shadow_operator.api.dataset import report
from shadow_operator.core.contract import FIGURE_LABEL, MODEL_LABEL, Figure
from shadow_operator.metrics import MetricsError, QueryRefusedError, Sample, Track
from tests.control_plane.api_server import ApiServer

_TICK = timedelta(seconds=3)
_TICKS = 40_000
# Prometheus hands out the last sample of a series that ended for so long.
_LOOKBACK = timedelta(minutes=5)
_DECISIONS_A_TICK = 10.0
_ASKED = re.compile(rf'"{MODEL_LABEL}", "(?P<model>[^"]+)", "", ""\), "{FIGURE_LABEL}", "(?P<figure>[^"]+)"')
_ASKED_TOGETHER = re.compile(
    r'namespace=~"(?P<namespace>[^"]+)",rollout=~"(?P<rollout>[^"]+)",model=~"(?P<model>[^"]+)"'
    rf'[^=]+"{MODEL_LABEL}", "\$1", "model", "\(\.\+\)"\), "{FIGURE_LABEL}", "(?P<figure>[^"]+)"'
)
_ROLLOUT = re.compile(r'namespace="(?P<namespace>[^"]+)",rollout="(?P<rollout>[^"]+)"')
_PODS_SECONDS = 30.0


class Clock:
    """Time that passes when a test says so, and by a microsecond whenever somebody reads it: no two moments are one."""

    def __init__(self) -> None:
        self.now = datetime(2030, 1, 7, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now

    def advance(self, **length: float) -> None:
        self.now += timedelta(**length)


@dataclass
class Book:
    """What one model earns.

    Attributes:
        edge: mean result of a tick, in account currency; a tick's result scatters around it by 10.
        seed: of the scatter.
        lumps: single results, each with its moment.
        silent_from: when its last sample was taken, None while it goes on.

    """

    edge: float
    seed: int
    lumps: list[tuple[datetime, float]] = field(default_factory=list)
    silent_from: datetime | None = None

    def __post_init__(self) -> None:
        results = np.random.default_rng(self.seed).normal(self.edge, 10.0, _TICKS)
        self._profits = np.cumsum(np.maximum(results, 0.0))
        self._losses = np.cumsum(np.maximum(-results, 0.0))

    def figures(self, at: datetime, opened: datetime) -> dict[Figure, float]:
        """Its counters as they can be queried at that moment; empty when it has been silent for long."""
        sampled = at if self.silent_from is None else min(at, self.silent_from)
        if at - sampled > _LOOKBACK:
            return {}
        tick = (sampled - opened) // _TICK
        lumps = [result for moment, result in self.lumps if moment <= sampled]
        return {
            Figure.PROFIT: float(self._profits[tick]) + sum(max(result, 0.0) for result in lumps),
            Figure.LOSS: float(self._losses[tick]) + sum(max(-result, 0.0) for result in lumps),
            Figure.DECISIONS: _DECISIONS_A_TICK * tick,
            Figure.TRADES: _DECISIONS_A_TICK * tick,
            Figure.SAMPLED_AT: sampled.timestamp(),
        }


class ScriptedSource:
    """A metric source that answers from the models' books instead of a Prometheus."""

    def __init__(self, books: dict[str, Book], clock: Clock) -> None:
        self._books = books
        self._clock = clock
        self._opened = clock() - timedelta(hours=1)
        self._answers = asyncio.Event()
        self._answers.set()
        self.is_down = False
        self.refuses = ""
        self.asked: list[str] = []

    def hang(self) -> None:
        """From now on, no query is ever answered."""
        self._answers.clear()

    async def instant(self, query: str, at: datetime | None = None) -> Sequence[Sample]:
        await self._wait()
        self.asked.append(query)
        if self.refuses and self.refuses in query:
            raise QueryRefusedError("the scripted source refuses the query")
        found = self._series(query, [at or self._clock()])
        return [Sample(track.labels, value) for track in found for _, value in track.points]

    async def range(self, query: str, start: datetime, end: datetime, step: timedelta) -> Sequence[Track]:
        await self._wait()
        count = (end - start) // step + 1
        return self._series(query, [start + step * number for number in range(count)])

    async def _wait(self) -> None:
        await self._answers.wait()
        if self.is_down:
            raise MetricsError("the scripted source can't be reached")

    def _series(self, query: str, moments: Sequence[datetime]) -> list[Track]:
        return [
            Track(labels, points)
            for labels in (*_asked_alone(query), *_asked_together(query))
            if (points := self._points(labels[MODEL_LABEL], Figure(labels[FIGURE_LABEL]), moments))
        ]

    def _points(self, model: str, figure: Figure, moments: Sequence[datetime]) -> tuple[tuple[float, float], ...]:
        known = ((moment, self._books[model].figures(moment, self._opened)) for moment in moments)
        return tuple((moment.timestamp(), figures[figure]) for moment, figures in known if figure in figures)


def _asked_alone(query: str) -> list[dict[str, str]]:
    of = _ROLLOUT.search(query)
    return [
        {MODEL_LABEL: asked["model"], FIGURE_LABEL: asked["figure"], "instance": "book"}
        | ({} if of is None else of.groupdict())
        for asked in _ASKED.finditer(query)
    ]


def _asked_together(query: str) -> list[dict[str, str]]:
    return [
        {MODEL_LABEL: model, FIGURE_LABEL: asked["figure"], "instance": "book"}
        | {"namespace": namespace, "rollout": rollout}
        for asked in _ASKED_TOGETHER.finditer(query)
        for namespace in asked["namespace"].split("|")
        for rollout in asked["rollout"].split("|")
        for model in asked["model"].split("|")
    ]


class StandInGateway:
    """Says of every route what a Gateway would: accepted and resolved, at the route's present generation."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server

    def program(self) -> None:
        for route in self._server.request("GET", routes(self._server))["items"]:
            self._accept(route)

    def _accept(self, route: dict[str, Any]) -> None:
        conditions = [
            {
                "type": kind,
                "status": "True",
                "reason": kind,
                "message": "",
                "observedGeneration": route["metadata"]["generation"],
                "lastTransitionTime": "2030-01-07T00:00:00Z",
            }
            for kind in ("Accepted", "ResolvedRefs")
        ]
        parents = [
            {"parentRef": {"name": parent["name"]}, "controllerName": "tests/stand-in", "conditions": conditions}
            for parent in route["spec"]["parentRefs"]
        ]
        self._write_status(route, {"parents": parents})

    def _write_status(self, route: dict[str, Any], status: dict[str, Any]) -> None:
        name = route["metadata"]["name"]
        body = {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": {"name": name},
            "status": status,
        }
        path = f"{routes(self._server)}/{name}/status"
        self._server.request("PATCH", path, body, fieldManager="stand-in-gateway", force="true")


class StandInKubelet:
    """Says of every pod that it is ready; the real controllers make the rest of it.

    Attributes:
        data: the fingerprint that the check finds in the pods of each model; they run only where it ends well.

    """

    def __init__(self, server: ApiServer) -> None:
        self.data: dict[str, str] = {}
        self._server = server
        self._pods = f"/api/v1/namespaces/{server.namespace}/pods"
        self._deployments = f"/apis/apps/v1/namespaces/{server.namespace}/deployments"

    async def run_pods(self) -> None:
        """Wait until every Deployment has all of its pods, updated, and ready unless their data is refused."""
        async with asyncio.timeout(_PODS_SECONDS):
            while True:
                refused = {label_of(pod) for pod in self._server.request("GET", self._pods)["items"] if self._run(pod)}
                deployments = self._server.request("GET", self._deployments)["items"]
                if all(_has_its_pods(each) or _is_stuck(each, refused) for each in deployments):
                    return
                await asyncio.sleep(0.05)

    def _run(self, pod: dict[str, Any]) -> bool:
        """Start a pod that waits for it. Returns whether its check refused the data."""
        if pod["status"].get("phase") == "Running" or "deletionTimestamp" in pod["metadata"]:
            return False
        check = next((each for each in pod["spec"].get("initContainers", []) if each["name"] == "dataset"), None)
        status: dict[str, Any] = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        code = 0
        if check is not None:
            path, expected = check["args"][1], check["args"][3]
            found = self.data[label_of(pod)]
            code = int(found != expected and "--allow-mismatch" not in check["args"])
            status = status if code == 0 else {"phase": "Pending"}
            status["initContainerStatuses"] = [_ended(check["image"], code, report(path, found, expected))]
        self._write(pod["metadata"]["name"], status)
        return code != 0

    def _write(self, name: str, status: dict[str, Any]) -> None:
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "status": status}
        self._server.request(
            "PATCH", f"{self._pods}/{name}/status", body, fieldManager="stand-in-kubelet", force="true"
        )


def label_of(pod: dict[str, Any]) -> str:
    """The name of the model that the pod, or the Deployment, is of."""
    return str(pod["metadata"]["labels"]["shadowrollouts.io/model"])


def _ended(image: str, code: int, message: str) -> dict[str, Any]:
    """An init container that ended; one that failed waits for its next try, as the kubelet says it."""
    end = {"terminated": {"exitCode": code, "message": message}}
    states = {"state": end} if code == 0 else {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": end}
    rest = {"ready": code == 0, "restartCount": code, "image": image, "imageID": ""}
    return {"name": "dataset", **rest, **states}


def _is_stuck(deployment: dict[str, Any], refused: set[str]) -> bool:
    current = deployment.get("status", {}).get("observedGeneration", 0) == deployment["metadata"]["generation"]
    return current and label_of(deployment) in refused


def _has_its_pods(deployment: dict[str, Any]) -> bool:
    status, wanted = deployment.get("status", {}), deployment["spec"]["replicas"]
    seen = [status.get(field, 0) for field in ("observedGeneration", "readyReplicas", "updatedReplicas")]
    return seen == [deployment["metadata"]["generation"], wanted, wanted]


def routes(server: ApiServer) -> str:
    return f"/apis/gateway.networking.k8s.io/v1/namespaces/{server.namespace}/httproutes"
