"""Since when a guardrail holds: the guard keeps the time, and the status says it."""

from datetime import datetime

from shadow_operator.api.status import CanaryStatus, WatchStatus
from shadow_operator.core.guardrails import Hold
from shadow_operator.core.moment import to_text


def held_since(hold: Hold, before: CanaryStatus | WatchStatus, now: datetime) -> str:
    """Since when the guard sees what holds; where it did not tell, since that was first written down."""
    if hold.since is not None:
        return to_text(hold.since)
    known = before.held_since if before.held_by == hold.guardrail else None
    return known or to_text(now)
