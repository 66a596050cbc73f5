"""A cluster that exists only as answers: enough for the demo's player to believe in it."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

ADDRESSES = {
    "momentum-v7": "10.0.0.7",
    "momentum-v8": "10.0.0.8",
    "momentum-twin": "10.0.0.77",
    "patchtst-v2": "10.0.0.2",
}
SCENE_SECONDS = 0.2
AVAILABLE = {
    "metadata": {"generation": 1},
    "status": {"observedGeneration": 1, "availableReplicas": 1, "updatedReplicas": 1},
}
EVENT = {"metadata": {"uid": "1"}, "reason": "CanaryStarted", "message": "patchtst-v2 has passed"}
HOSTNAME = "momentum.models.internal"

# Phase, canary (challenger, step), stages of v8, twin and patchtst: one scene after the other once the feed runs.
Scene = tuple[str, tuple[str, int] | None, str, str, str]
STORY: tuple[Scene, ...] = (
    ("Shadowing", None, "Shadow", "Shadow", "Shadow"),
    ("Canary", ("patchtst-v2", 1), "Shadow", "Shadow", "Canary"),
    ("Canary", ("patchtst-v2", 2), "Shadow", "Shadow", "Canary"),
    ("Shadowing", None, "Shadow", "Shadow", "RolledBack"),
    ("Canary", ("momentum-v8", 1), "Canary", "Shadow", "RolledBack"),
    ("Canary", ("momentum-v8", 2), "Canary", "Shadow", "RolledBack"),
    ("Canary", ("momentum-v8", 3), "Canary", "Shadow", "RolledBack"),
    ("Watching", None, "Promoted", "NotPromoted", "RolledBack"),
    ("Completed", None, "Promoted", "NotPromoted", "RolledBack"),
)


@dataclass
class FakeCluster:
    """What was asked of it, and what it answers."""

    directory: Path
    story: tuple[Scene, ...] = STORY
    failed: int = 0
    begun: float | None = None
    posts: list[str] = field(default_factory=list)

    @property
    def tools(self) -> Path:
        return self.directory / "tools"

    @property
    def commands(self) -> list[str]:
        """Every command line that kubectl and helm were run with."""
        log = self.directory / "commands"
        return log.read_text().splitlines() if log.exists() else []

    def applied(self, text: str) -> bool:
        return any(text in path.read_text() for path in self.directory.glob("applied-*"))

    def answer(self, path: str, query: dict[str, str]) -> Any:
        """The object at this path, None for 404."""
        answers: dict[str, Callable[[], Any]] = {
            "/shadowrollouts/momentum": lambda: self._rollout() if self.applied("kind: ShadowRollout") else None,
            "/gateways/models": lambda: {"status": {"conditions": [{"type": "Programmed", "status": "True"}]}},
            "/deployments/scorer": lambda: AVAILABLE,
            "/deployments/prometheus": lambda: AVAILABLE,
            "/envoy-gateway-system/services": lambda: {"items": [{"metadata": {"name": "envoy-trading-models-1"}}]},
            "/pods": lambda: {"items": self._pods(query)},
            "/pods/envoy-1/log": lambda: "\n".join(["[info] not json", *self._access_log(query)]),
            "/events": lambda: {"items": [EVENT]},
            "/report": self._feed,
            "/api/v1/query": lambda: {"data": {"result": [{"values": self._results(query["query"])}]}},
        }
        return next((answer() for ending, answer in answers.items() if path.endswith(ending)), None)

    def _scene(self) -> tuple[Scene, float]:
        """The scene that is on, and when it began."""
        if self.begun is None:
            self.begun = time.time() if self.applied("app: feed") else None
        if self.begun is None:
            return self.story[0], time.time()
        number = min(int((time.time() - self.begun) / SCENE_SECONDS), len(self.story) - 1)
        return self.story[number], self.begun + number * SCENE_SECONDS

    def _rollout(self) -> dict[str, Any]:
        (phase, canary, *stages), since = self._scene()
        names = ("momentum-v8", "momentum-twin", "patchtst-v2")
        lines = [
            {"name": name, "stage": stage, "samples": 100, "effect": "5.1", "interval": ["2", "8"], "pvalue": "1e-09"}
            for name, stage in zip(names, stages, strict=True)
        ]
        if stages[2] == "RolledBack" and self.begun is not None:
            at = moment(self.begun + 3 * SCENE_SECONDS)
            lines[2]["rollback"] = {
                "guardrail": "max-drawdown",
                "value": "5.31%",
                "limit": "5%",
                "breachedAt": at,
                "zeroAt": at,
            }
        champion = "momentum-v8" if stages[0] == "Promoted" else "momentum-v7"
        status: dict[str, Any] = {"phase": phase, "challengers": lines, "champion": {"name": champion}}
        if canary is not None:
            status["canary"] = {"challenger": canary[0], "step": canary[1], "since": moment(since)}
        return {"status": status}

    def _pods(self, query: dict[str, str]) -> list[dict[str, Any]]:
        if "owning-gateway" in query.get("labelSelector", ""):
            return [{"metadata": {"name": "envoy-1"}}]
        if not self.applied("kind: ShadowRollout"):
            return []
        return [
            {"metadata": {"labels": {"shadowrollouts.io/model": name}}, "status": {"podIP": address}}
            for name, address in ADDRESSES.items()
        ]

    def _access_log(self, query: dict[str, str]) -> Iterator[str]:
        assert query["container"] == "envoy"
        for tenth in range(100):
            at = (self.begun or 0.0) + tenth / 100.0
            address = ADDRESSES["patchtst-v2" if tenth % 10 == 0 else "momentum-v7"]
            yield json.dumps(
                {
                    "start_time": moment(at),
                    ":authority": HOSTNAME,
                    "x-envoy-origin-path": "/predict",
                    "upstream_host": f"{address}:8080",
                }
            )

    def _feed(self) -> dict[str, Any]:
        self._scene()
        begun = self.begun or 0.0
        return {
            "sent": 400,
            "failed": self.failed,
            "failures": [],
            "answers": {"momentum-v7": 300, "patchtst-v2": 20, "momentum-v8": 80},
            "lastAnswer": {"patchtst-v2": begun + 3 * SCENE_SECONDS + 0.01},
            "perSecond": [],
        }

    def _results(self, query: str) -> list[tuple[float, str]]:
        """Nothing is won; 600 are lost with a capital of 10,000, just before the rollback."""
        begun = self.begun or 0.0
        lost = "model_loss_total" in query
        return [
            (begun + SCENE_SECONDS * 1.5, "0"),
            (begun + SCENE_SECONDS * 1.9, "600" if lost else "0"),
            (begun + SCENE_SECONDS * 2.8, "1900" if lost else "0"),
        ]


def moment(at: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))
    return f"{whole}.{round(at % 1 * 1e6) % 1000000:06d}Z"


KUBECTL = """#!/bin/sh
echo "kubectl $*" >> {directory}/commands
case "$1" in
proxy) echo "Starting to serve on 127.0.0.1:{port}"; exec sleep 60 ;;
apply) cat > {directory}/applied-$$ ;;
get) [ "$2" != lease ] || printf shadow-operator-leads ;;
esac
"""
HELM = """#!/bin/sh
echo "helm $*" >> {directory}/commands
"""


@contextmanager
def fake_cluster(directory: Path) -> Iterator[FakeCluster]:
    cluster = FakeCluster(directory)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            split = urlsplit(self.path)
            found = cluster.answer(split.path, {key: values[0] for key, values in parse_qs(split.query).items()})
            body = found if isinstance(found, str) else json.dumps(found)
            self.send_response(404 if found is None else 200)
            self.end_headers()
            self.wfile.write(body.encode())

        def do_POST(self) -> None:
            cluster.posts.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    cluster.tools.mkdir()
    (directory / "kubeconfig").touch()
    for name, text in (("kubectl", KUBECTL), ("helm", HELM)):
        program = cluster.tools / name
        program.write_text(text.format(directory=directory, port=server.server_port))
        program.chmod(0o755)
    try:
        yield cluster
    finally:
        server.shutdown()
        server.server_close()
