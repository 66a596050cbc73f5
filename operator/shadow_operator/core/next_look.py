"""When the guard looks again: as soon as there is something new to see, and no later than it always does."""

from collections.abc import Iterable
from datetime import datetime, timedelta

# From the moment that a sample bears to the moment at which queries return it.
_VISIBLE_AFTER = timedelta(seconds=0.05)


def due(now: datetime, newest: datetime, scraped_every: timedelta) -> timedelta:
    """How long from now until the sample after the newest one is expected to be seen; negative once it is late."""
    return newest - now + scraped_every + _VISIBLE_AFTER


def wait(most: timedelta, dues: Iterable[timedelta]) -> timedelta:
    """How long to the next look: until the first sample that is due, and at most so long.

    One that is late by no more than two such times is looked for at once; one that is later than that does not come at
    its time, and nobody looks more often for it.
    """
    return min((max(due, timedelta(0)) for due in dues if -2 * most <= due <= most), default=most)
