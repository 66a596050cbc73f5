"""Who leads, by one Lease: what is read, and for how long it has looked like that, give whose turn it is.

No clock of another machine is read: a candidate counts, on its own clock, how long the record has not changed.
"""

import math
from dataclasses import dataclass
from enum import Enum

# Who holds a new Lease. It never renews, so that everybody waits as if for a dead leader: there may have been another
# Lease before, which somebody deleted, and whose holder has yet to notice.
NOBODY_YET = "nobody-yet"


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a leader may go on without a renewal.

    Attributes:
        seconds: how long a candidate waits for a record that does not change.

    """

    seconds: float = 6.0

    @property
    def promised(self) -> int:
        """What stands in the record, which has whole seconds only."""
        return math.ceil(self.seconds)

    @property
    def deadline(self) -> float:
        """How long a leader acts after the start of its last renewal; the rest lets slow clocks and requests end."""
        return self.seconds * 2 / 3

    @property
    def every(self) -> float:
        """Time between two looks at the record, and between two renewals."""
        return self.seconds / 6


@dataclass(frozen=True, slots=True)
class Record:
    """The Lease as it was read.

    Attributes:
        version: another one with every write.
        holder: who leads; None once it was released.
        seconds: how long its holder lets others wait; None where nobody says so.
        transitions: how often it went from one to another.

    """

    version: str
    holder: str | None = None
    seconds: float | None = None
    transitions: int = 0


@dataclass(frozen=True, slots=True)
class Sight:
    """What was read last; None where there is no Lease. `since` is when it was first seen so, on the reader's clock."""

    record: Record | None
    since: float


class Turn(Enum):
    """What the reader of a record does next."""

    CREATE = "create"
    ACQUIRE = "acquire"
    RENEW = "renew"
    WAIT = "wait"
    LOST = "lost"


def seen(before: Sight | None, found: Record | None, now: float) -> Sight:
    """Take in what was read; `now` is when the answer was there."""
    return before if before is not None and before.record == found else Sight(found, now)


def candidates_turn(sight: Sight, identity: str, terms: Terms, now: float) -> Turn:
    """What somebody does who does not lead. What is written, is on the condition that all is as it was seen."""
    record = sight.record
    if record is None:
        return Turn.CREATE
    if record.holder in {None, identity}:
        return Turn.ACQUIRE
    patience = terms.promised if record.seconds is None else record.seconds
    return Turn.ACQUIRE if now - sight.since >= patience else Turn.WAIT


def leaders_turn(sight: Sight, identity: str, until: float, now: float) -> Turn:
    """What somebody does who led when it looked; `until` is its deadline."""
    is_held = sight.record is not None and sight.record.holder == identity
    return Turn.RENEW if is_held and now < until else Turn.LOST
