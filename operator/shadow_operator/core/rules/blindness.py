"""That the figures went missing is said once."""

from shadow_operator.api.status import (
    ConditionStatus,
)
from shadow_operator.core import conditions
from shadow_operator.core.events import Reason
from shadow_operator.core.rules.one_pass import Pass


def notice_blindness(run: Pass) -> Pass:
    """Tell people when figures that could be read can be read no more."""
    saw = any(
        condition.type == conditions.METRICS_AVAILABLE and condition.status is ConditionStatus.TRUE
        for condition in run.status.conditions
    )
    if not saw or run.observed.metrics.available:
        return run
    return run.changed(Reason.METRICS_UNAVAILABLE, f"nothing advances while blind: {run.observed.metrics.message}")
