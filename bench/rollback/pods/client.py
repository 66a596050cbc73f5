"""The client of all lanes: asks the gateway at a steady rate, and remembers who answered when."""

import asyncio
import functools
import os
import random
import ssl
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web

WEBHOOK = "https://shadow-operator-alerts.shadow-system:8443/alerts"
TOKEN = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
CERTIFICATE = Path("/certificate/tls.crt")
TIMEOUT_SECONDS = 5.0
MOST_SECONDS = 7200.0
MOST_OPEN = 200
RECENT_SECONDS = 2.0
KEPT_FAILURES = 5


@dataclass
class Lane:
    """What was seen in one lane. Until the first answer the gateway may not know its route: those are no failures."""

    rate: float
    sent: int = 0
    answered: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    failures: list[str] = field(default_factory=list)
    last: dict[str, float] = field(default_factory=dict)
    recent: deque[tuple[float, str]] = field(default_factory=deque)
    alerted_at: float | None = None
    alert_answered_at: float | None = None
    alert_said: str = ""

    def answer(self, model: str, at: float) -> None:
        """It was answered by this model."""
        self.answered[model] += 1
        self.last[model] = at
        self.recent.append((at, model))
        while self.recent[0][0] < at - RECENT_SECONDS:
            self.recent.popleft()

    def failure(self, what: str) -> None:
        """It was not answered."""
        if not self.answered:
            return
        self.failed += 1
        if len(self.failures) < KEPT_FAILURES:
            self.failures.append(f"{time.time():.3f} {what}")

    def seen(self) -> dict[str, object]:
        """All of it, as JSON."""
        now = time.time()
        recent = Counter(model for at, model in self.recent if at >= now - RECENT_SECONDS)
        return {
            "sent": self.sent,
            "failed": self.failed,
            "failures": self.failures,
            "answered": dict(self.answered),
            "last": self.last,
            "recent": dict(recent),
            "alerted_at": self.alerted_at,
            "alert_answered_at": self.alert_answered_at,
            "alert_said": self.alert_said,
        }


def token() -> str:
    """The one that the kubelet renews."""
    return TOKEN.read_text()


@functools.cache
def trusted() -> ssl.SSLContext:
    """What the operator has to show."""
    return ssl.create_default_context(cafile=CERTIFICATE)


class Client:
    """Open loop: a slow answer delays no other request."""

    def __init__(self, session: aiohttp.ClientSession, gateway: str) -> None:
        self._session = session
        self._gateway = gateway
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._open: set[asyncio.Task[None]] = set()
        self.lanes: dict[str, Lane] = {}

    def ask(self, name: str, rate: float) -> None:
        """Ask this lane so many times a second from now on."""
        lane = self.lanes.setdefault(name, Lane(rate))
        lane.rate = rate
        if name not in self._asking:
            self._asking[name] = asyncio.create_task(self._keep_asking(name, lane))

    async def alert(self, name: str) -> None:
        """Post an alert about this lane's challenger to the operator, as an Alertmanager does."""
        lane = self.lanes[name]
        labels = {"alertname": "Bench", "namespace": "bench", "shadowrollout": name}
        body = {"version": "4", "alerts": [{"status": "firing", "labels": labels}]}
        headers, shown = {"Authorization": f"Bearer {token()}"}, trusted()
        lane.alerted_at = time.time()
        async with self._session.post(WEBHOOK, json=body, headers=headers, ssl=shown) as response:
            lane.alert_said = f"{response.status} {await response.text()}"
            lane.alert_answered_at = time.time()

    async def _keep_asking(self, name: str, lane: Lane) -> None:
        start = due = time.monotonic() + random.random() / lane.rate  # noqa: S311 - a phase
        while due < start + MOST_SECONDS:
            await asyncio.sleep(due - time.monotonic())
            if len(self._open) < MOST_OPEN:
                task = asyncio.create_task(self._request(name, lane))
                self._open.add(task)
                task.add_done_callback(self._open.discard)
            due = max(due + 1.0 / lane.rate, time.monotonic() - 0.25)

    async def _request(self, name: str, lane: Lane) -> None:
        lane.sent += 1
        try:
            async with self._session.post(
                f"{self._gateway}/predict", data=b"{}", headers={"Host": f"{name}.bench.internal"}
            ) as response:
                text = await response.text()
                if response.status == 200:
                    lane.answer(response.headers.get("x-model", "unnamed"), time.time())
                else:
                    lane.failure(f"{response.status} {text[:100]}")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            lane.failure(repr(error))


async def serve() -> None:
    """Ask until the pod ends, or its time is up."""
    connector = aiohttp.TCPConnector(limit=MOST_OPEN)
    # Without a threshold above it, its end is rounded up to a whole second.
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS, ceil_threshold=2 * TIMEOUT_SECONDS)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        client = Client(session, os.environ["GATEWAY_URL"])

        async def ask(request: web.Request) -> web.Response:
            for name in request.query["lanes"].split(","):
                client.ask(name, float(request.query["rate"]))
            return web.Response()

        async def alert(request: web.Request) -> web.Response:
            await client.alert(request.query["lane"])
            return web.Response()

        async def lanes(_: web.Request) -> web.Response:
            return web.json_response({name: lane.seen() for name, lane in client.lanes.items()})

        app = web.Application()
        app.router.add_post("/ask", ask)
        app.router.add_post("/alert", alert)
        app.router.add_get("/lanes", lanes)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "0.0.0.0", 8080).start()  # noqa: S104 - a pod's own address is not known before it runs
        await asyncio.sleep(MOST_SECONDS)


if __name__ == "__main__":
    asyncio.run(serve())
