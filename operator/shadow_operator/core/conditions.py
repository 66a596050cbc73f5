"""Conditions in the Kubernetes form (metav1.Condition): what a machine asks of a status."""

from collections.abc import Sequence
from datetime import datetime

from shadow_operator.api.status import Condition, ConditionStatus, Phase
from shadow_operator.core.moment import to_seconds_text
from shadow_operator.core.observed import MetricsHealth

READY = "Ready"
RECONCILING = "Reconciling"
STALLED = "Stalled"
METRICS_AVAILABLE = "MetricsAvailable"

_CONVERGING = frozenset({Phase.PENDING, Phase.PROMOTING})
_NEEDS_A_PERSON = frozenset({Phase.ROLLED_BACK})


def of_phase(
    phase: Phase,
    message: str,
    metrics: MetricsHealth,
    before: Sequence[Condition],
    *,
    generation: int,
    now: datetime,
) -> list[Condition]:
    """Conditions of a rollout that works.

    Days in shadow are a steady state, so they are Ready and not Reconciling: GitOps tools wait on these (kstatus).
    """
    converging = phase in _CONVERGING
    stalled = phase in _NEEDS_A_PERSON
    ready = ConditionStatus.UNKNOWN if converging else _truth(not stalled)
    wanted = (
        (READY, ready, phase.value, message),
        (RECONCILING, _truth(converging), phase.value, message),
        (STALLED, _truth(stalled), phase.value, message),
        (METRICS_AVAILABLE, _truth(metrics.available), "Read" if metrics.available else "Blind", metrics.message),
    )
    return [_transition(before, *each, generation=generation, now=now) for each in wanted]


def of_refusal(
    reason: str, message: str, before: Sequence[Condition], *, generation: int, now: datetime
) -> list[Condition]:
    """Conditions of a rollout whose spec can't be carried out until somebody changes it."""
    wanted = (
        (READY, ConditionStatus.FALSE, reason, message),
        (RECONCILING, ConditionStatus.FALSE, reason, message),
        (STALLED, ConditionStatus.TRUE, reason, message),
    )
    kept = [condition for condition in before if condition.type not in {READY, RECONCILING, STALLED}]
    return [_transition(before, *each, generation=generation, now=now) for each in wanted] + kept


def _truth(holds: bool) -> ConditionStatus:  # noqa: FBT001 - this is the mapping from a truth value
    return ConditionStatus.TRUE if holds else ConditionStatus.FALSE


def _transition(
    before: Sequence[Condition],
    kind: str,
    status: ConditionStatus,
    reason: str,
    message: str,
    *,
    generation: int,
    now: datetime,
) -> Condition:
    earlier = next((condition for condition in before if condition.type == kind), None)
    unchanged = earlier is not None and earlier.status is status
    since = earlier.last_transition_time if earlier is not None and unchanged else to_seconds_text(now)
    return Condition(
        type=kind,
        status=status,
        reason=reason,
        message=message[:4096],
        observed_generation=generation,
        last_transition_time=since,
    )
