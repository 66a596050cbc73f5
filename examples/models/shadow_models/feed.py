"""Asks the gateway about one bar after the other, at a steady rate."""

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

import aiohttp

from .environment import Environment
from .feed_record import FeedRecord
from .messages import Question

LOG = logging.getLogger(__name__)
UNNAMED = "unnamed"


@dataclass(frozen=True)
class FeedSettings:
    """What the feed is told by its environment. It always ends: after so many requests, or so many seconds."""

    gateway_url: str
    hostname: str
    rate: float = 40.0
    concurrency: int = 32
    max_requests: int = 40_000
    max_seconds: float = 900.0
    timeout_seconds: float = 5.0
    warm_up_seconds: float = 60.0
    first_pass: int | None = None
    """None: the present second, so that a feed that was restarted does not repeat what was settled."""
    host: str = "0.0.0.0"  # noqa: S104 - a pod's own address is not known before it runs
    port: int = 8080

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Self:
        """Read the environment.

        Raises:
            ValueError: a variable is missing or not what it must be.

        """
        environment = Environment(variables)
        return cls(
            gateway_url=environment.required("GATEWAY_URL").rstrip("/"),
            hostname=environment.required("ROLLOUT_HOSTNAME"),
            rate=environment.read("RATE", float, cls.rate),
            concurrency=environment.read("CONCURRENCY", int, cls.concurrency),
            max_requests=environment.read("MAX_REQUESTS", int, cls.max_requests),
            max_seconds=environment.read("MAX_SECONDS", float, cls.max_seconds),
            timeout_seconds=environment.read("TIMEOUT_SECONDS", float, cls.timeout_seconds),
            warm_up_seconds=environment.read("WARM_UP_SECONDS", float, cls.warm_up_seconds),
            first_pass=environment.read("FIRST_PASS", int, None),
            host=environment.read("HOST", str, cls.host),
            port=environment.read("PORT", int, cls.port),
        )


class Feed:
    """Open loop: a slow answer delays no other request, until so many are open that the gateway must be stuck."""

    def __init__(self, settings: FeedSettings, tape: Iterator[Question], record: FeedRecord) -> None:
        self._settings = settings
        self._tape = tape
        self._record = record
        self._stopped = asyncio.Event()
        self._places = asyncio.Semaphore(settings.concurrency)

    def stop(self) -> None:
        """Ask nothing more."""
        self._stopped.set()

    async def run(self) -> None:
        """Replay until stopped, or until either bound is reached."""
        settings = self._settings
        connector = aiohttp.TCPConnector(limit=settings.concurrency)
        timeout = aiohttp.ClientTimeout(total=settings.timeout_seconds)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            await self._warm_up(session)
            async with asyncio.TaskGroup() as open_requests:
                await self._send_at_rate(session, open_requests)
        LOG.info("The feed ended: %d sent, %d failed.", self._record.sent, self._record.failed)

    async def _warm_up(self, session: aiohttp.ClientSession) -> None:
        """Wait until the gateway knows the route: it is accepted a moment before it is in force."""
        deadline = time.monotonic() + self._settings.warm_up_seconds
        while time.monotonic() < deadline and not self._stopped.is_set():
            self._record.warm_up_probes += 1
            try:
                async with session.get(f"{self._settings.gateway_url}/healthz", headers=self._headers) as response:
                    if response.status == 200:
                        return
            except (aiohttp.ClientError, TimeoutError) as error:
                LOG.info("The gateway does not answer yet: %r", error)
            await asyncio.sleep(0.5)

    async def _send_at_rate(self, session: aiohttp.ClientSession, open_requests: asyncio.TaskGroup) -> None:
        start = due = time.monotonic()
        for _ in range(self._settings.max_requests):
            if self._stopped.is_set() or due - start >= self._settings.max_seconds:
                return
            await asyncio.sleep(due - time.monotonic())
            self._record.behind += self._places.locked()
            await self._places.acquire()
            open_requests.create_task(self._ask(session, next(self._tape)))
            # A feed that fell behind does not catch up in a burst.
            due = max(due + 1.0 / self._settings.rate, time.monotonic() - 0.25)

    async def _ask(self, session: aiohttp.ClientSession, question: Question) -> None:
        try:
            url = f"{self._settings.gateway_url}/predict"
            body = question.model_dump_json(by_alias=True)
            async with session.post(url, data=body, headers=self._headers) as response:
                text = await response.text()
                if response.status == 200:
                    self._record.answered(response.headers.get("x-model", UNNAMED), time.time())
                else:
                    self._record.failure(f"{response.status}: {text[:200]}", time.time())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._record.failure(repr(error), time.time())
        finally:
            self._places.release()

    @property
    def _headers(self) -> dict[str, str]:
        return {"Host": self._settings.hostname, "content-type": "application/json"}
