"""When the guard looks again: as soon as there is something new to see, and no later than it always does."""

from collections.abc import Iterable
from datetime import datetime, timedelta

# From the moment that a sample bears to the moment at which queries return it.
_VISIBLE_AFTER = timedelta(seconds=0.1)


def expected(newest: datetime, scraped_every: timedelta) -> datetime:
    """When the sample after the newest one is expected to be seen."""
    return newest + scraped_every + _VISIBLE_AFTER


def wait(now: datetime, most: timedelta, expected: Iterable[datetime]) -> timedelta:
    """How long from now to the next look: until the first of the expected samples, and at most so long.

    One that is late by no more than two such waits is looked for at once; one that is later than that does not come at
    its time, and nobody looks more often for it.
    """
    dues = (each - now for each in expected)
    return min((max(due, timedelta(0)) for due in dues if -2 * most <= due <= most), default=most)
