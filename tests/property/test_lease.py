"""Whatever the clocks, the pauses, the lost answers and the deletions: no two processes may write at the same time."""

from dataclasses import dataclass, replace
from enum import Enum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadow_operator.core.lease import NOBODY_YET, Record, Sight, Terms, Turn, candidates_turn, leaders_turn, seen

_TERMS = Terms(6.0)
_NAMES = ("first", "second", "third")
# A third of the lease is there for clocks that go at different rates.
_RATES = st.floats(0.85, 1.2)


class Step(Enum):
    """What happens to one process, or to the Lease."""

    TURN = "it reads, and writes at once what it is to write"
    READ = "it reads"
    WRITE = "it writes what it was to write after it had read"
    WRITE_AND_HEAR_NOTHING = "its write is done, but the answer is lost"
    DIE = "it is killed, and another one starts in its pod"
    RESIGN = "it gives the Lease back"
    DELETE = "somebody deletes the Lease"


@dataclass
class Process:
    """One process, with a clock of its own: another start, and another rate."""

    name: str
    rate: float
    offset: float
    sight: Sight | None = None
    until: float = -float("inf")
    begun: float = 0.0
    intends: Record | None = None

    def clock(self, now: float) -> float:
        return self.offset + now * self.rate

    def may_write(self, now: float) -> bool:
        return self.clock(now) < self.until


@dataclass
class World:
    """The API server's Lease, and those who want it."""

    processes: list[Process]
    lease: Record | None = None
    version: int = 0

    def do(self, who: int, step: Step, now: float) -> None:
        process = self.processes[who]
        match step:
            case Step.TURN:
                self.do(who, Step.READ, now)
                self.do(who, Step.WRITE, now)
            case Step.READ:
                self._read(process, now)
            case Step.WRITE:
                if self._written(process):
                    process.until = process.begun + _TERMS.deadline
                process.intends = None
            case Step.WRITE_AND_HEAR_NOTHING:
                self._written(process)
                process.intends = None
            case Step.DIE:
                self.processes[who] = Process(process.name, process.rate, process.offset)
            case Step.RESIGN:
                self._resign(process, now)
            case Step.DELETE:
                self.lease = None

    def _read(self, process: Process, now: float) -> None:
        clock = process.clock(now)
        led = process.until > -float("inf")
        process.sight = seen(process.sight, self.lease, clock)
        process.begun, process.intends = clock, None
        if led:
            turn = leaders_turn(process.sight, process.name, process.until, clock)
        else:
            turn = candidates_turn(process.sight, process.name, _TERMS, clock)
        if turn is Turn.LOST:
            process.until = -float("inf")
        elif turn is not Turn.WAIT:
            version = "none" if self.lease is None else self.lease.version
            holder = NOBODY_YET if turn is Turn.CREATE else process.name
            process.intends = Record(version, holder, _TERMS.promised)

    def _written(self, process: Process) -> bool:
        """Write what the process intends, unless the Lease is not as it read it. Returns whether it holds it now."""
        known = "none" if self.lease is None else self.lease.version
        if process.intends is None or process.intends.version != known:
            return False
        self.version += 1
        self.lease = replace(process.intends, version=str(self.version))
        return self.lease.holder == process.name

    def _resign(self, process: Process, now: float) -> None:
        led, process.until, process.intends = process.may_write(now), -float("inf"), None
        if led and self.lease is not None and self.lease.holder == process.name:
            self.version += 1
            self.lease = Record(str(self.version), None, _TERMS.promised)


_EVENTS = st.lists(
    st.tuples(
        st.integers(0, len(_NAMES) - 1),
        st.sampled_from([Step.TURN] * 12 + [Step.READ, Step.WRITE] * 3 + list(Step)),
        st.sampled_from([0.0, 0.1, 0.5, 1.0, 2.0, 3.9, 4.1, 5.9, 6.1]),
    ),
    min_size=20,
    max_size=120,
)


def _worlds(rates: tuple[float, ...]) -> World:
    return World([Process(name, rate, 1000.0 * at) for at, (name, rate) in enumerate(zip(_NAMES, rates, strict=True))])


@settings(max_examples=400, deadline=None)
@given(st.tuples(_RATES, _RATES, _RATES), _EVENTS)
def test_no_two_processes_may_write_at_once(rates: tuple[float, ...], events: list[tuple[int, Step, float]]) -> None:
    world, now = _worlds(rates), 0.0
    for who, step, passed in events:
        now += passed
        world.do(who, step, now)
        assert sum(process.may_write(now) for process in world.processes) <= 1


@pytest.mark.parametrize("silent_after", [0.0, 0.9, 3.0])
def test_a_slow_clock_of_the_leader_and_a_fast_one_of_a_candidate_leave_no_overlap(silent_after: float) -> None:
    world = _worlds((0.85, 1.2, 1.0))
    now = 0.0
    while not world.processes[0].may_write(now):
        world.do(0, Step.TURN, now)
        now += 0.1
    began = now
    while not world.processes[1].may_write(now):
        if now <= began + silent_after:
            world.do(0, Step.TURN, now)
        world.do(1, Step.TURN, now)
        now += 0.01
    assert not world.processes[0].may_write(now)


@settings(max_examples=100, deadline=None)
@given(st.tuples(_RATES, _RATES, _RATES), _EVENTS)
def test_one_leads_within_ten_seconds_whatever_was_before(
    rates: tuple[float, ...], events: list[tuple[int, Step, float]]
) -> None:
    world, now = _worlds(rates), 0.0
    for who, step, passed in events:
        now += passed
        world.do(who, step, now)
    for _ in range(10):
        now += 1.0
        for who in range(len(_NAMES)):
            world.do(who, Step.TURN, now)
    assert sum(process.may_write(now) for process in world.processes) == 1
