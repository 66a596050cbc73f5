"""Leader election by one Lease, and the right to write that goes with it."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from shadow_operator import telemetry
from shadow_operator.cluster import Cluster, ClusterError, ConflictError, NotLeadingError, Object
from shadow_operator.core.kinds import LEASE
from shadow_operator.core.lease import NOBODY_YET, Record, Sight, Terms, Turn, candidates_turn, leaders_turn, seen
from shadow_operator.core.moment import to_text

_log = logging.getLogger(__name__)

# Unlike the monotonic one, this clock also runs while the machine sleeps. Linux has it.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


# A leader that does nothing for so long hangs: another one can do better.
_LONGEST_STALL_SECONDS = 15.0


def clock() -> float:
    """Seconds on this machine's clock, which is compared with no other one."""
    return time.clock_gettime(_CLOCK)


class LeadershipLostError(Exception):
    """Another one leads, or may. What this process remembers is stale."""


class Leadership:
    """The right to write. It ends by itself, at a moment on this machine's clock, unless it is renewed."""

    def __init__(self, now: Callable[[], float] = clock) -> None:
        self._now = now
        self._until = -float("inf")
        self._under_way = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    @property
    def until(self) -> float:
        """When it ends."""
        return self._until

    @property
    def seconds_left(self) -> float:
        """How long it holds without a renewal; 0 when it does not."""
        return max(self._until - self._now(), 0.0)

    def extend(self, until: float) -> None:
        """It was acquired or renewed."""
        self._until = until

    def end(self) -> None:
        """Give it up: no write begins from here on."""
        self._until = -float("inf")

    @contextmanager
    def writing(self) -> Iterator[float]:
        """One write, which has as many seconds as are handed out.

        Raises:
            NotLeadingError: this process does not lead.

        """
        left = self.seconds_left
        if left <= 0:
            raise NotLeadingError("this process does not lead, so it writes nothing")
        self._under_way += 1
        self._quiet.clear()
        try:
            yield left
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._quiet.set()

    async def quiet(self) -> None:
        """Return once no write is under way."""
        await self._quiet.wait()


@dataclass(frozen=True, slots=True)
class Place:
    """The Lease that is contended for, and as whom."""

    namespace: str
    name: str
    identity: str

    def __str__(self) -> str:
        return f"Lease {self.namespace}/{self.name}"


class Candidate:
    """One process that wants to lead: it looks at the Lease, takes it, keeps it, and gives it back.

    Args:
        cluster: a connection of its own: it needs no leadership to write, and waits behind no other request.
        leadership: what it hands out and takes away.
        place: the Lease, and as whom.
        terms: how long it may go without a renewal.

    """

    def __init__(self, cluster: Cluster, leadership: Leadership, place: Place, terms: Terms) -> None:
        self._cluster = cluster
        self._leadership = leadership
        self._place = place
        self._terms = terms
        self._sight: Sight | None = None

    async def elected(self) -> None:
        """Return once this process leads. Until then, whatever the API server does, it goes on to look."""
        _log.info("%s wants %s and stands by", self._place.identity, self._place)
        shown = ""
        while not self._leadership.seconds_left:
            try:
                await self._stand()
            except ConflictError:
                _log.info("%s: another one was quicker", self._place)
            except ClusterError as error:
                _log.warning("%s can't be read or taken, and is tried again: %s", self._place, error)
            holder = self._holder()
            if holder not in {shown, self._place.identity}:
                _log.info("%s: %s leads", self._place, holder)
                shown = holder
            if not self._leadership.seconds_left:
                await asyncio.sleep(self._terms.every)
        telemetry.LEADING.set(1)
        _log.warning("%s leads now, by %s", self._place.identity, self._place)

    async def keep(self, seconds_missed: Callable[[], float]) -> None:
        """Renew for as long as this process leads, which is at best for ever.

        Args:
            seconds_missed: how long the rest of this process has shown no sign of life.

        Raises:
            LeadershipLostError: it does not lead any more.

        """
        while left := self._leadership.seconds_left:
            try:
                async with asyncio.timeout(left):
                    await asyncio.sleep(self._terms.every)
                    if seconds_missed() > _LONGEST_STALL_SECONDS:
                        self._lose(f"nothing else in this process moved for {seconds_missed():.0f} s")
                    await self._renew()
            except TimeoutError:
                break
            except ClusterError as error:
                _log.warning("%s could not be renewed, %.1f s are left: %s", self._place, left, error)
        self._lose(f"it could not be renewed for {self._terms.deadline:.1f} s")

    async def resign(self, patience_seconds: float) -> None:
        """Give the Lease back, so that another one takes it at its next look and need not wait for its end."""
        led = self._leadership.seconds_left > 0
        self._leadership.end()
        telemetry.LEADING.set(0)
        if not led:
            return
        try:
            async with asyncio.timeout(patience_seconds):
                await self._leadership.quiet()
                sight = await self._look()
                if sight.record is not None and sight.record.holder == self._place.identity:
                    await self._write(sight.record, {"holderIdentity": None, "renewTime": _now_text()})
        except (TimeoutError, ClusterError) as error:
            _log.warning("%s could not be given back and ends by itself: %r", self._place, error)
        else:
            _log.warning("%s gave %s back", self._place.identity, self._place)

    async def _stand(self) -> None:
        begun = clock()
        sight = await self._look()
        record, turn = sight.record, candidates_turn(sight, self._place.identity, self._terms, clock())
        if record is None:
            await self._create()
        elif turn is Turn.ACQUIRE:
            _log.info("%s: takes it over from %s", self._place, self._holder())
            now = _now_text()
            spec = {**self._claim(now), "acquireTime": now, "leaseTransitions": record.transitions + 1}
            await self._write(record, spec)
            self._leadership.extend(begun + self._terms.deadline)

    async def _create(self) -> None:
        spec = {"holderIdentity": NOBODY_YET, "leaseDurationSeconds": self._terms.promised, "renewTime": _now_text()}
        body = {"metadata": {"name": self._place.name, "namespace": self._place.namespace}, "spec": spec}
        await self._cluster.create(LEASE, self._place.namespace, body)

    async def _renew(self) -> None:
        begun = clock()
        sight = await self._look()
        turn = leaders_turn(sight, self._place.identity, self._leadership.until, clock())
        if turn is Turn.LOST or sight.record is None:
            self._lose(f"{self._holder()} leads")
            return
        await self._write(sight.record, self._claim(_now_text()))
        self._leadership.extend(begun + self._terms.deadline)

    def _lose(self, why: str) -> None:
        self._leadership.end()
        telemetry.LEADING.set(0)
        raise LeadershipLostError(f"{self._place.identity} lost {self._place}: {why}")

    def _claim(self, now: str) -> Object:
        return {
            "holderIdentity": self._place.identity,
            "leaseDurationSeconds": self._terms.promised,
            "renewTime": now,
        }

    def _holder(self) -> str:
        record = None if self._sight is None else self._sight.record
        return "nobody" if record is None or record.holder in {None, NOBODY_YET} else str(record.holder)

    async def _look(self) -> Sight:
        found = await self._cluster.get(LEASE, self._place.namespace, self._place.name)
        self._sight = seen(self._sight, None if found is None else _record(found), clock())
        return self._sight

    async def _write(self, seen_as: Record, spec: Object) -> None:
        patch = {"metadata": {"resourceVersion": seen_as.version}, "spec": spec}
        await self._cluster.merge(LEASE, self._place.namespace, self._place.name, patch)


def _record(found: Object) -> Record:
    spec = found.get("spec", {})
    return Record(
        version=found["metadata"]["resourceVersion"],
        holder=spec.get("holderIdentity") or None,
        seconds=spec.get("leaseDurationSeconds"),
        transitions=spec.get("leaseTransitions") or 0,
    )


def _now_text() -> str:
    # For people only: nobody decides by it.
    return to_text(datetime.now(UTC))
