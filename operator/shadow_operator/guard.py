"""The guard: the fast loop that takes a share back. It needs a few figures and one write, and waits for nothing."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from shadow_operator import telemetry
from shadow_operator.api.rollout import ShadowRollout
from shadow_operator.api.status import Status
from shadow_operator.cluster import ClusterError, NotLeadingError
from shadow_operator.core import roles
from shadow_operator.core.acting import ActingBook
from shadow_operator.core.contract import queries
from shadow_operator.core.guardrails import Held, Judgement, Rollback, Signals, judge, while_watching
from shadow_operator.core.moment import from_text
from shadow_operator.core.readings import reading
from shadow_operator.fleet import Fleet, Key, Memory
from shadow_operator.metrics import MetricsError, MetricSource
from shadow_operator.metrics.history import history
from shadow_operator.traffic import Router

_log = logging.getLogger(__name__)

# A gap longer than this many looks is read again from the history, so that no high-water mark is missed.
_GAP_LOOKS = 5

SourceOf = Callable[[ShadowRollout], MetricSource]


class Guard:
    """Looks at every rollout with an acting challenger, each in a task of its own: a slow one delays no other."""

    def __init__(
        self, fleet: Fleet, router: Router, source_of: SourceOf, clock: Callable[[], datetime], every: timedelta
    ) -> None:
        self._fleet = fleet
        self._router = router
        self._source_of = source_of
        self._clock = clock
        self._every = every
        self._looks: dict[Key, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Look at every rollout, again and again, until cancelled."""
        period = self._every.total_seconds()
        due = time.monotonic()
        while True:
            telemetry.LOOP_LAG.set(max(time.monotonic() - due, 0.0))
            for key, _ in self._fleet:
                self.begin(key)
            self._looks = {key: task for key, task in self._looks.items() if not task.done()}
            due = max(due + period, time.monotonic())
            await asyncio.sleep(max(due - time.monotonic(), 0.0))

    def begin(self, key: Key) -> None:
        """Begin a look at a rollout now, unless one is under way."""
        running = self._looks.get(key)
        if running is None or running.done():
            self._looks[key] = asyncio.create_task(self._safely(key, self._fleet.of(key)), name=f"guard of {key}")

    async def _safely(self, key: Key, memory: Memory) -> None:
        try:
            await self.look(key, memory)
        except NotLeadingError as error:
            _log.info("%s: the guard leaves it to the next leader: %s", key, error)
        except ClusterError:
            _log.exception("%s: the guard could not write the route and tries again in %s", key, self._every)
        except Exception:  # noqa: BLE001 - the guard goes on, whatever one look ran into
            _log.exception("%s: the guard failed and looks again in %s", key, self._every)

    async def look(self, key: Key, memory: Memory) -> None:
        """Read the figures, judge them, and take the share back in the same breath if a guardrail is broken."""
        rollout = memory.rollout
        model = None if rollout is None else roles.under_guard(rollout.status)
        if rollout is None or model is None:
            memory.acting = memory.judgement = None
            return
        if memory.comparisons is None:
            return
        with telemetry.GUARD_SECONDS.time():
            if memory.rollback is not None:
                # The status still shows the model as acting: its rollback is written, or has yet to be.
                await self._take_back(key, memory, rollout, memory.rollback)
                return
            memory.judgement = await self._judge(rollout, memory, model)
            if memory.judgement.rollback is not None:
                memory.rollback = memory.judgement.rollback
                await self._take_back(key, memory, rollout, memory.rollback)

    async def _judge(self, rollout: ShadowRollout, memory: Memory, model: str) -> Judgement:
        spec, status = rollout.spec, rollout.status
        rival = roles.rival_of(spec, status)
        book = memory.acting
        if book is None or (book.model, book.rival) != (model, rival):
            book = memory.acting = ActingBook(model, rival)
            # What it lost since it acts counts, also while no operator ran: the first look reads that from the history.
            since = _acting_since(status, model)
            book.read_at = None if since is None else since - spec.metrics.scrape_interval.timedelta
        signals = await self._signals(rollout, book)
        guardrails = spec.guardrails if status.canary is not None else while_watching(spec.guardrails)
        if signals.why_blind:
            telemetry.GUARD_BLIND.inc()
        return judge(guardrails, signals, _held(status))

    async def _signals(self, rollout: ShadowRollout, book: ActingBook) -> Signals:
        source = self._source_of(rollout)
        where = rollout.metadata
        asked = queries(rollout.spec.metrics.queries, where.namespace, where.name, (book.model, book.rival))
        capital = rollout.spec.metrics.capital.value * roles.acting_share(rollout.spec, rollout.status)
        try:
            await self._catch_up(source, rollout, book, asked, capital)
            samples = [sample for query in asked for sample in await source.instant(query)]
        except MetricsError as error:
            return book.blind(self._clock(), str(error))
        seen = reading(self._clock(), ((sample.labels, sample.value) for sample in samples))
        book.advance(seen, capital)
        return book.signals(seen)

    async def _catch_up(
        self,
        source: MetricSource,
        rollout: ShadowRollout,
        book: ActingBook,
        asked: Sequence[str],
        capital: float,
    ) -> None:
        if book.read_at is None or self._clock() - book.read_at <= self._every * _GAP_LOOKS:
            return
        step = rollout.spec.metrics.scrape_interval.timedelta
        try:
            missed = await history(source, asked, book.read_at + step, self._clock(), step)
        except MetricsError as error:
            # Without the history a high-water mark may be missed; without the newest figures everything would be.
            _log.warning("%s: the guard goes on without the history since %s: %s", book.model, book.read_at, error)
            return
        for each in missed:
            book.advance(each, capital)

    async def _take_back(self, key: Key, memory: Memory, rollout: ShadowRollout, rollback: Rollback) -> None:
        if rollback.zero_at is not None:
            self._fleet.wake(key)
            return
        async with memory.route_lock:
            safe = roles.without_challenger(rollout.spec, rollout.status)
            await self._router.apply(rollout, safe, mark=rollback, unless_newer_than=None)
        done = replace(rollback, zero_at=self._clock())
        memory.rollback, memory.acting = done, None
        telemetry.ROLLBACKS.labels(rollback.motive.value).inc()
        _log.warning(
            "%s: %s is out of the traffic: %s is %s, at most %s is allowed",
            key,
            rollback.model,
            rollback.guardrail,
            rollback.value,
            rollback.limit,
        )
        self._fleet.wake(key)


def _acting_since(status: Status, model: str) -> datetime | None:
    challenger = status.challenger(model)
    if status.canary is not None:
        return None if challenger is None else from_text(challenger.since)
    return None if status.champion is None else from_text(status.champion.since)


def _held(status: Status) -> Held | None:
    holding = status.watch if status.canary is None else status.canary
    if holding is None or holding.held_since is None or holding.held_by is None:
        return None
    return Held(holding.held_by, from_text(holding.held_since))
