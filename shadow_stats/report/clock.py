"""How times are written in a file."""

from datetime import UTC, datetime
from enum import StrEnum

from shadow_stats.timeline import LATEST


class Clock(StrEnum):
    """One way to write a time; times written in different ways are not compared."""

    NUMBER = "a number"
    LOCAL = "ISO 8601 without an offset"
    ZONED = "ISO 8601 with an offset"

    def text(self, seconds: float) -> str:
        """Return a time as it would be written in a file; one with an offset always in UTC."""
        if self is Clock.NUMBER:
            return f"{seconds:.15g}"
        moment = datetime.fromtimestamp(seconds, tz=UTC)
        return (moment if self is Clock.ZONED else moment.replace(tzinfo=None)).isoformat()


def read_time(cell: str) -> tuple[Clock, float] | None:
    """Return how a cell is written and its time in seconds; None if it is not a time."""
    try:
        number = float(cell)
    except ValueError:
        return _read_iso(cell.strip())
    return (Clock.NUMBER, number) if abs(number) <= LATEST else None


def _read_iso(text: str) -> tuple[Clock, float] | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return Clock.LOCAL, moment.replace(tzinfo=UTC).timestamp()
    return Clock.ZONED, moment.timestamp()
