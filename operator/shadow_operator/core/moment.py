"""Moments as Kubernetes writes them."""

from datetime import UTC, datetime, timedelta

# The end of the year 9999, after which there is no datetime.
_LAST_SECOND = 253_402_300_799


def to_text(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds (metav1.MicroTime): seconds are too coarse for a rollback."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def to_seconds_text(moment: datetime) -> str:
    """RFC 3339 in UTC with whole seconds (metav1.Time), as a condition's transition takes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_text(text: str) -> datetime:
    """Parse what `to_text` or the API server wrote. Raises ValueError for anything else, also for a time of no zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} says no time zone: end it with Z")
    return moment


def moved_on(since: str | None, held_since: str | None, now: datetime) -> str | None:
    """A clock's start, later by as long as the clock stood still."""
    if since is None or held_since is None:
        return since
    held = max(now - max(from_text(held_since), from_text(since)), timedelta(0))
    return to_text(from_text(since) + held)


def is_moment(seconds: float) -> bool:
    """Whether a number can be a time in Unix seconds: of those that somebody sends, not every one is."""
    return 0 <= seconds <= _LAST_SECOND
