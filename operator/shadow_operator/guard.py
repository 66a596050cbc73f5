"""The guard: the fast loop that takes a share back. It needs a few figures and one write, and waits for nothing."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shadow_operator import telemetry
from shadow_operator.api.guardrails import Guardrail, GuardrailAction
from shadow_operator.api.rollout import ShadowRollout
from shadow_operator.api.status import Status
from shadow_operator.cluster import (
    Cluster,
    ClusterError,
    ConflictError,
    ForbiddenError,
    NotLeadingError,
    UnavailableError,
)
from shadow_operator.core import next_look, roles
from shadow_operator.core.acting import ActingBook
from shadow_operator.core.alert import Alert, share_taken_by_alert
from shadow_operator.core.batch import Asked, batched, is_batchable, owned
from shadow_operator.core.command import Command, Verb, command_of, is_heard
from shadow_operator.core.contract import queries
from shadow_operator.core.guardrails import (
    BrokenSince,
    Judgement,
    Rollback,
    Signals,
    judge,
    while_watching,
)
from shadow_operator.core.kinds import SHADOW_ROLLOUT
from shadow_operator.core.moment import from_text
from shadow_operator.core.policy import policy_of
from shadow_operator.core.readings import reading
from shadow_operator.core.rules.rollback import rolled_back
from shadow_operator.core.take_back import share_taken_by
from shadow_operator.core.trading import Stop, stop_of, stopped
from shadow_operator.core.vitals import measured, unmeasured
from shadow_operator.fleet import Fleet, Key, Memory
from shadow_operator.measuring import Vitals
from shadow_operator.metrics import MetricsError, MetricSource, QueryRefusedError
from shadow_operator.metrics.history import history
from shadow_operator.policy import bring_to_pods, write_policy
from shadow_operator.traffic import Router

_log = logging.getLogger(__name__)

# A gap longer than this many looks is read again from the history, so that no high-water mark is missed.
_GAP_LOOKS = 5

# A guard that looks as often as this has nothing to win by looking earlier.
_LEAST_BETWEEN_LOOKS = timedelta(seconds=0.25)

# How much of the time between two looks one waits for what guardrails measure by queries of their own.
_PATIENCE = 0.25

# How long an alert waits for the pass that writes down what it stopped, and how often it looks.
_UNTIL_WRITTEN_SECONDS = 5.0
_LOOK_SECONDS = 0.05

SourceOf = Callable[[ShadowRollout], MetricSource]


@dataclass(frozen=True, slots=True)
class Sight:
    """Where the guard reads its figures.

    Attributes:
        together: for rollouts on the metrics contract, all those of one Prometheus in one query.
        alone: for each rollout by itself; by other connections, so that slow PromQL of a rollout's own delays nobody.
        vitals: for what guardrails measure by queries of their own, by other connections again.

    """

    together: SourceOf
    alone: SourceOf
    vitals: SourceOf


@dataclass(frozen=True, slots=True)
class Answer:
    """The figures of one rollout at one moment, or why they can't be had."""

    samples: Sequence[tuple[Mapping[str, str], float]]
    why_blind: str = ""


class Guard:
    """Looks at every rollout with an acting challenger.

    Those on the metrics contract are read in one query for each Prometheus. That is one task, so a slow Prometheus
    delays nobody on another. Every other rollout is a task of its own.
    """

    def __init__(
        self,
        fleet: Fleet,
        cluster: Cluster,
        router: Router,
        sight: Sight,
        clock: Callable[[], datetime],
        every: timedelta,
    ) -> None:
        self._fleet = fleet
        self._cluster = cluster
        self._router = router
        self._sight = sight
        self._clock = clock
        self._every = every
        self._looks: dict[Key, asyncio.Task[None]] = {}
        self._vitals = Vitals(sight.vitals, every * _PATIENCE)

    async def run(self) -> None:
        """Look at every rollout, again and again, until cancelled.

        A look is over long before the next one, and tells when there is more to see.
        """
        least = min(max(self._every / 2, _LEAST_BETWEEN_LOOKS), self._every)
        due = time.monotonic()
        while True:
            telemetry.LOOP_LAG.set(max(time.monotonic() - due, 0.0))
            self._begin_looks()
            due = await _until(due + least.total_seconds())
            due = await _until(due + next_look.wait(self._every - least, self._dues()).total_seconds())

    def _dues(self) -> Iterator[timedelta]:
        """How long until the next samples of those who act are expected."""
        now = self._clock()
        for _, memory in self._fleet:
            newest = None if memory.acting is None else memory.acting.sampled_at
            if memory.rollout is not None and newest is not None:
                yield next_look.due(now, newest, memory.rollout.spec.metrics.scrape_interval.timedelta)

    def _begin_looks(self) -> None:
        """Begin a look at every rollout whose last one has ended."""
        self._looks = {key: task for key, task in self._looks.items() if not task.done()}
        self._vitals.forget_others({key for key, memory in self._fleet if memory.acting is not None})
        groups: dict[MetricSource, list[tuple[Key, Memory]]] = {}
        for key, memory in self._fleet:
            try:
                self._begin_look(key, memory, groups)
            except Exception:  # noqa: BLE001 - the guard goes on, whatever one rollout ran into
                _log.exception("%s: the guard could not begin a look", key)
        for source, members in groups.items():
            task = asyncio.create_task(self.look_together(source, members), name=f"guard of {len(members)} rollouts")
            self._looks.update({key: task for key, _ in members})

    def _begin_look(self, key: Key, memory: Memory, groups: dict[MetricSource, list[tuple[Key, Memory]]]) -> None:
        if key in self._looks:
            self._judge_unanswered(memory)
        elif memory.rollout is not None and self._can_join(memory.rollout, memory):
            groups.setdefault(self._sight.together(memory.rollout), []).append((key, memory))
        else:
            self.begin(key)

    def _judge_unanswered(self, memory: Memory) -> None:
        """Hold at the limit of freshness, however long a Prometheus takes to say nothing."""
        rollout, book = memory.rollout, memory.acting
        if rollout is None or book is None or memory.judgement is None or memory.rollback is not None:
            return
        if not book.is_of(*_rivals(rollout)):
            return
        guardrails, since = _guardrails(rollout), _broken_since(memory.judgement, rollout.status)
        known = judge(unmeasured(guardrails), book.blind(self._clock()), since)
        if known.hold is not None:
            not_asked = {each.name: since[each.name] for each in measured(guardrails) if each.name in since}
            memory.judgement = replace(known, broken_since={**not_asked, **known.broken_since})

    def _can_join(self, rollout: ShadowRollout, memory: Memory) -> bool:
        """Whether its figures can be read with those of others: on the contract, and with no history to catch up."""
        book = memory.acting
        if book is None or memory.rollback is not None or not is_batchable(rollout.spec.metrics.queries):
            return False
        return book.is_of(*_rivals(rollout)) and not self._is_behind(book)

    async def look_together(self, source: MetricSource, members: Sequence[tuple[Key, Memory]]) -> None:
        """Read the figures of many rollouts in one query, then judge each by itself."""
        asked = [
            Asked(key.namespace, key.name, (memory.acting.model, memory.acting.rival))
            for key, memory in members
            if memory.acting is not None
        ]
        try:
            answers = await asyncio.gather(*(source.instant(query) for query in batched(sorted(asked))))
        except QueryRefusedError as error:
            _log.warning("the guard asks for %d rollouts one by one: %s", len(members), error)
            await self._each(members, lambda _: None)
            return
        except MetricsError as error:
            blind = Answer((), str(error))
            await self._each(members, lambda _: blind)
            return
        found = owned((sample.labels, sample.value) for answer in answers for sample in answer)
        await self._each(members, lambda key: Answer(found.get((key.namespace, key.name), ())))

    async def _each(self, members: Sequence[tuple[Key, Memory]], answer_of: Callable[[Key], Answer | None]) -> None:
        """Go on with each by itself: what one has to write delays the next look at no other."""
        tasks = {
            key: asyncio.create_task(self._safely(key, memory, answer_of(key)), name=f"guard of {key}")
            for key, memory in members
        }
        self._looks.update(tasks)
        await asyncio.gather(*tasks.values())

    def begin(self, key: Key) -> None:
        """Begin a look at a rollout by itself now, unless one is under way."""
        running = self._looks.get(key)
        if running is None or running.done():
            self._looks[key] = asyncio.create_task(self._safely(key, self._fleet.of(key)), name=f"guard of {key}")

    async def _safely(self, key: Key, memory: Memory, answer: Answer | None = None) -> None:
        try:
            await self.look(key, memory, answer)
        except NotLeadingError as error:
            _log.info("%s: the guard leaves it to the next leader: %s", key, error)
        except ClusterError:
            _log.exception("%s: the guard could not write the route and tries again in %s", key, self._every)
        except Exception:  # noqa: BLE001 - the guard goes on, whatever one look ran into
            _log.exception("%s: the guard failed and looks again in %s", key, self._every)

    async def look(self, key: Key, memory: Memory, answer: Answer | None = None) -> None:
        """Judge the figures, and take the share back in the same breath if a guardrail is broken.

        They are read here, unless they came with those of other rollouts.
        """
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
            memory.judgement = await self._judge(key, memory, rollout, model, answer)
            if memory.judgement.rollback is not None:
                memory.rollback = memory.judgement.rollback
                await self._take_back(key, memory, rollout, memory.rollback)

    async def _judge(
        self, key: Key, memory: Memory, rollout: ShadowRollout, model: str, answer: Answer | None
    ) -> Judgement:
        spec, status = rollout.spec, rollout.status
        rival = roles.rival_of(spec, status)
        book = memory.acting
        if book is None or not book.is_of(model, rival):
            # What was asked for was asked for another pair.
            answer = None
            book, memory.judgement = ActingBook(model, rival), None
            memory.acting = book
            # What it lost since it acts counts, also while no operator ran: the first look reads that from the history.
            since = _acting_since(status, model)
            book.read_at = None if since is None else since - spec.metrics.scrape_interval.timedelta
        signals = await self._signals(rollout, book, answer)
        guardrails, broken_since = _guardrails(rollout), _broken_since(memory.judgement, status)
        # What is known already waits for nothing that is yet to be measured.
        known = judge(unmeasured(guardrails), signals, broken_since)
        if known.rollback is None:
            vitals = await self._vitals.of(key, rollout, model)
            known = judge(guardrails, replace(signals, vitals=vitals), broken_since)
        if known.why_blind:
            telemetry.GUARD_BLIND.inc()
        return known

    async def _signals(self, rollout: ShadowRollout, book: ActingBook, answer: Answer | None) -> Signals:
        if answer is None:
            answer = await self._ask(rollout, book)
        if answer.why_blind:
            return book.blind(self._clock(), answer.why_blind)
        seen = reading(self._clock(), answer.samples)
        book.advance(seen, _capital(rollout))
        return book.signals(seen)

    async def _ask(self, rollout: ShadowRollout, book: ActingBook) -> Answer:
        source, where = self._sight.alone(rollout), rollout.metadata
        asked = queries(rollout.spec.metrics.queries, where.namespace, where.name, (book.model, book.rival))
        try:
            await self._catch_up(source, rollout, book, asked)
            return Answer([(sample.labels, sample.value) for query in asked for sample in await source.instant(query)])
        except MetricsError as error:
            return Answer((), str(error))

    def _is_behind(self, book: ActingBook) -> bool:
        return book.read_at is not None and self._clock() - book.read_at > self._every * _GAP_LOOKS

    async def _catch_up(
        self,
        source: MetricSource,
        rollout: ShadowRollout,
        book: ActingBook,
        asked: Sequence[str],
    ) -> None:
        if book.counted_until is None or not self._is_behind(book):
            return
        step, now = rollout.spec.metrics.scrape_interval.timedelta, self._clock()
        since = book.counted_until + step
        if since > now:
            return
        try:
            missed = await history(source, asked, since, now, step)
        except MetricsError as error:
            # Without the history a high-water mark may be missed; without the newest figures everything would be.
            _log.warning("%s: the guard goes on without the history since %s: %s", book.model, book.read_at, error)
            return
        for each in missed:
            book.advance(each, _capital(rollout))

    async def _take_back(self, key: Key, memory: Memory, rollout: ShadowRollout, rollback: Rollback) -> None:
        if rollback.zero_at is not None:
            self._fleet.wake(key)
            return
        try:
            if memory.is_route_foreign:
                raise ConflictError("the HTTPRoute is not of this rollout, so its share can't be taken back")
            async with memory.route_lock:
                safe = roles.without_challenger(rollout.spec, rollout.status)
                await self._router.apply(rollout, safe, mark=rollback, unless_newer_than=None)
        except ClusterError:
            # The models can be told that nobody trades, also where the route can't be written.
            stop = stop_of(rollback)
            if stop is not None and memory.stop is None:
                await self._stop_trading(key, memory, rollout, stop)
            raise
        done = replace(rollback, zero_at=self._clock())
        memory.rollback, memory.acting = done, None
        self._fleet.wake(key)
        telemetry.ROLLBACKS.labels(rollback.motive.value).inc()
        _log.warning("%s: %s", key, rollback.sentence)
        stop = stop_of(done)
        if stop is not None:
            await self._stop_trading(key, memory, rollout, stop)

    async def hear(self, key: Key, annotations: Mapping[str, str]) -> None:
        """Do at once what a command takes away. The next pass writes it down, and hears every other command."""
        memory, command = self._fleet.of(key), command_of(annotations)
        rollout = memory.rollout
        if rollout is None or command is None or is_heard(command, rollout.status):
            return
        if memory.stop is not None or (memory.rollback is not None and command.verb is not Verb.STOP_TRADING):
            return
        try:
            await self._obey(key, memory, rollout, command)
        except ClusterError:
            _log.exception("%s: %s could not be done at once; the next pass tries again", key, command.text)

    async def _obey(self, key: Key, memory: Memory, rollout: ShadowRollout, command: Command) -> None:
        share = None if memory.rollback is not None else share_taken_by(command, rollout.status, self._clock())
        if share is not None and share.model == roles.under_guard(rollout.status):
            memory.rollback = share
            await self._take_back(key, memory, rollout, share)
        elif command.verb is Verb.STOP_TRADING and rollout.status.stopped is None:
            by_command = Stop(command.by, command.reason or f"command {command.text}", self._clock(), command.text)
            await self._stop_trading(key, memory, rollout, by_command)

    async def alerted(self, key: Key, alert: Alert) -> str:
        """Do at once what an alert asks for; returns what came of it. Its repetition changes nothing.

        Raises:
            ClusterError: the API server did not take it, or the rollout is not known yet: ask again.

        """
        memory = self._fleet.known(key)
        rollout = None if memory is None else memory.rollout
        if memory is None or rollout is None:
            return await self._unknown(key)
        share = share_taken_by_alert(alert, rollout.status, self._clock())
        if memory.rollback is None:
            memory.rollback = share
        done: list[str] = []
        if share is not None and memory.rollback is not None:
            await self._take_back(key, memory, rollout, memory.rollback)
            done.append(share.sentence)
        if alert.action is GuardrailAction.STOP_TRADING and rollout.status.stopped is None:
            stop = memory.stop or Stop(f"alert {alert.name}", f"it fires for {key}", self._clock())
            await self._stop_trading(key, memory, rollout, stop)
            if memory.rollback is None or stop_of(memory.rollback) is None:
                await _written_down(key, memory)
        if alert.action is GuardrailAction.STOP_TRADING:
            done.append("trading is stopped")
        nothing = "nobody acts" if alert.model is None else f"{alert.model} does not act"
        return f"{key}: {', '.join(done) or f'{nothing}: there is nothing to take back'}"

    async def _unknown(self, key: Key) -> str:
        """Why nothing is done. A leader that has just begun may not know a rollout yet that is there."""
        try:
            found = await self._cluster.get(SHADOW_ROLLOUT, key.namespace, key.name)
        except ForbiddenError:
            found = None
        if found is not None:
            raise UnavailableError("it was not looked at yet, so nothing was done: ask again")
        return f"{key} is no rollout that is looked after here"

    async def _stop_trading(self, key: Key, memory: Memory, rollout: ShadowRollout, stop: Stop) -> None:
        """Tell every model at once that nobody trades."""
        memory.stop = stop
        status = rollout.status
        if memory.rollback is not None:
            status = rolled_back(status, memory.rollback, self._clock())
        policy = policy_of(str(key), rollout.spec, stopped(status, stop))
        try:
            async with memory.policy_lock:
                version = await write_policy(self._cluster, rollout, policy)
            await bring_to_pods(self._cluster, rollout, version)
        finally:
            # The next pass writes it down, and tries again what could not be written here.
            self._fleet.wake(key)
        telemetry.STOPS.inc()
        _log.warning("%s: trading is stopped by %s: %s", key, stop.by, stop.why)


async def _written_down(key: Key, memory: Memory) -> None:
    """Return once a stop would survive this process: no route carries a note of one that took no share itself."""
    deadline = time.monotonic() + _UNTIL_WRITTEN_SECONDS
    while memory.stop is not None:
        if time.monotonic() > deadline:
            raise UnavailableError(f"trading of {key} is stopped, which could not be written down yet: ask again")
        await asyncio.sleep(_LOOK_SECONDS)


async def _until(due: float) -> float:
    """Sleep until then, by the monotonic clock; returns when that was meant to be, or now where it is past already."""
    now = time.monotonic()
    await asyncio.sleep(max(due - now, 0.0))
    return max(due, now)


def _guardrails(rollout: ShadowRollout) -> list[Guardrail]:
    spec = rollout.spec
    return spec.guardrails if rollout.status.canary is not None else while_watching(spec.guardrails)


def _rivals(rollout: ShadowRollout) -> tuple[str | None, str]:
    return roles.under_guard(rollout.status), roles.rival_of(rollout.spec, rollout.status)


def _capital(rollout: ShadowRollout) -> float:
    return rollout.spec.metrics.capital.value * roles.acting_share(rollout.spec, rollout.status)


def _acting_since(status: Status, model: str) -> datetime | None:
    challenger = status.challenger(model)
    if status.canary is not None:
        return None if challenger is None else from_text(challenger.since)
    return None if status.champion is None else from_text(status.champion.since)


def _broken_since(last: Judgement | None, status: Status) -> BrokenSince:
    """What is broken until now. The guard keeps that itself: a rollout that is refused has nobody to write it down."""
    if last is not None:
        return last.broken_since
    holding = status.watch if status.canary is None else status.canary
    if holding is None or holding.held_since is None or holding.held_by is None:
        return {}
    return {holding.held_by: from_text(holding.held_since)}
