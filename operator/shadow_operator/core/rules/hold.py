"""What a guardrail holds: the guard keeps the time, and the status says it."""

from datetime import datetime
from typing import TypeVar

from shadow_operator.api.status import CanaryStatus, WatchStatus
from shadow_operator.core.guardrails import Hold
from shadow_operator.core.moment import moved_on, to_text

_Stage = TypeVar("_Stage", CanaryStatus, WatchStatus)


def held(stage: _Stage, hold: Hold, now: datetime) -> _Stage:
    """The stage, held since the guard sees it; where it did not tell, since that was first written down."""
    known = stage.held_since if stage.held_by == hold.guardrail else None
    since = to_text(hold.since) if hold.since is not None else known or to_text(now)
    return stage.model_copy(update={"held_since": since, "held_by": hold.guardrail})


def resumed(stage: _Stage, now: datetime) -> _Stage:
    """The stage, held no more. Time on hold is no time at the stage."""
    since = moved_on(stage.since, stage.held_since, now)
    return stage.model_copy(update={"held_since": None, "held_by": None, "since": since})
