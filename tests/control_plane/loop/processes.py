"""Operators as processes of their own, and a stand-in for the Prometheus that they ask."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Middleware

from shadow_operator.core.kinds import LEASE
from tests.control_plane.api_server import ApiServer, RefusedError
from tests.control_plane.loop.stand_ins import Clock, ScriptedSource

_ROOT = Path(__file__).parents[3]


class WallClock(Clock):
    """The time that processes of their own go by."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)


class StandInPrometheus:
    """Answers queries over HTTP, as Prometheus would, from a scripted source."""

    def __init__(self, source: ScriptedSource) -> None:
        self._source = source

    @contextlib.asynccontextmanager
    async def served(self, *middlewares: Middleware) -> AsyncIterator[str]:
        """Serve it; yields its address."""
        application = web.Application(middlewares=middlewares)
        application.router.add_post("/api/v1/query", self._query)
        application.router.add_post("/api/v1/query_range", self._query_range)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        port = free_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            await runner.cleanup()

    async def _query(self, request: web.Request) -> web.Response:
        asked = await request.post()
        at = None if "time" not in asked else _moment(asked["time"])
        found = await self._source.instant(str(asked["query"]), at)
        now = datetime.now(UTC).timestamp()
        return _answer("vector", [{"metric": dict(each.labels), "value": [now, str(each.value)]} for each in found])

    async def _query_range(self, request: web.Request) -> web.Response:
        asked = await request.post()
        step = timedelta(seconds=float(str(asked["step"])))
        tracks = await self._source.range(str(asked["query"]), _moment(asked["start"]), _moment(asked["end"]), step)
        rows = [
            {"metric": dict(each.labels), "values": [[at, str(value)] for at, value in each.points]} for each in tracks
        ]
        return _answer("matrix", rows)


def _moment(text: object) -> datetime:
    return datetime.fromtimestamp(float(str(text)), UTC)


def _answer(kind: str, rows: Sequence[dict[str, Any]]) -> web.Response:
    return web.json_response({"status": "success", "data": {"resultType": kind, "result": list(rows)}})


@dataclass(frozen=True)
class Addresses:
    """Where one operator answers probes, and shows its metrics."""

    probe: str
    metrics: str


@dataclass
class Processes:
    """Operators that contend for one Lease, in the namespace of the test."""

    server: ApiServer
    kubeconfig: str
    directory: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    addresses: dict[str, Addresses] = field(default_factory=dict)

    def start(self, name: str) -> subprocess.Popen[bytes]:
        probe, metrics = free_port(), free_port()
        environment = os.environ | {
            "KUBECONFIG": self.kubeconfig,
            "WATCH_NAMESPACES": self.server.namespace,
            "POD_NAMESPACE": self.server.namespace,
            "POD_NAME": name,
            "OPERATOR_IMAGE": "shadow/operator:1",
            "PROBE_PORT": str(probe),
            "METRICS_PORT": str(metrics),
            "PYTHONPATH": f"{_ROOT / 'operator'}:{_ROOT}",
        }
        with self.log_of(name).open("ab") as log:
            command = [sys.executable, "-m", "shadow_operator", "--log-format=plain"]
            started = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        self.running[name] = started
        self.addresses[name] = Addresses(f"http://127.0.0.1:{probe}/healthz", f"http://127.0.0.1:{metrics}/metrics")
        return started

    def log_of(self, name: str) -> Path:
        return self.directory / f"{name}.log"

    def told(self, name: str) -> str:
        return self.log_of(name).read_text()

    def lease(self) -> dict[str, Any]:
        path = f"{LEASE.root}/namespaces/{self.server.namespace}/{LEASE.plural}/shadow-operator"
        try:
            return dict(self.server.request("GET", path)["spec"])
        except RefusedError:
            return {}

    def leader(self) -> str | None:
        return self.lease().get("holderIdentity")

    def end(self) -> None:
        for each in self.running.values():
            if each.poll() is None:
                each.send_signal(signal.SIGKILL)
                each.wait()


async def until(holds: Callable[[], bool], seconds: float, what: str) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not holds():  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"{what} did not happen in {seconds} s") from None


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])
