"""Conditions in the Kubernetes form (metav1.Condition): what a machine asks of a status."""

from collections.abc import Sequence
from datetime import datetime

from shadow_operator.api.status import Condition, ConditionStatus, DatasetFinding, DatasetStatus, Phase
from shadow_operator.core.lifecycle import ProductionClaim
from shadow_operator.core.moment import to_seconds_text
from shadow_operator.core.observed import Observed

READY = "Ready"
RECONCILING = "Reconciling"
STALLED = "Stalled"
METRICS_AVAILABLE = "MetricsAvailable"
DATASETS_MATCH = "DatasetsMatch"
SOLE_PRODUCTION = "SoleProduction"

_CONVERGING = frozenset({Phase.PENDING, Phase.PROMOTING})
_NEEDS_A_PERSON = frozenset({Phase.ROLLED_BACK})

# The worst first.
_DATA = (
    (DatasetFinding.MISMATCHED, ConditionStatus.FALSE),
    (DatasetFinding.UNREADABLE, ConditionStatus.UNKNOWN),
    (DatasetFinding.UNKNOWN, ConditionStatus.UNKNOWN),
    (DatasetFinding.PENDING, ConditionStatus.UNKNOWN),
    (DatasetFinding.ALLOWED, ConditionStatus.FALSE),
    (DatasetFinding.MATCHED, ConditionStatus.TRUE),
)


def of_phase(
    phase: Phase,
    message: str,
    observed: Observed,
    datasets: Sequence[DatasetStatus],
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
    metrics = observed.metrics
    ready = ConditionStatus.UNKNOWN if converging else _truth(not stalled)
    wanted = (
        (READY, ready, phase.value, message),
        (RECONCILING, _truth(converging), phase.value, message),
        (STALLED, _truth(stalled), phase.value, message),
        (METRICS_AVAILABLE, _truth(metrics.available), "Read" if metrics.available else "Blind", metrics.message),
        *_of_datasets(datasets),
        *_of_production(observed.production),
    )
    return [_transition(before, *each, generation=generation, now=now) for each in wanted]


def _of_datasets(datasets: Sequence[DatasetStatus]) -> list[tuple[str, ConditionStatus, str, str]]:
    """The worst that is known of the models' data; nothing where no model names any."""
    for finding, status in _DATA:
        said = [
            f"{each.model}: {each.message}" if each.message else each.model
            for each in datasets
            if each.finding is finding
        ]
        if said:
            return [(DATASETS_MATCH, status, finding.value, "; ".join(said))]
    return []


def _of_production(claim: ProductionClaim | None) -> list[tuple[str, ConditionStatus, str, str]]:
    """Whether the champion is the Production model of its strategy; nothing where it is not registered."""
    if claim is None:
        return []
    if claim.refused is not None:
        return [(SOLE_PRODUCTION, ConditionStatus.FALSE, "SecondProduction", claim.refused)]
    sole = "the champion is the Production model of its strategy"
    return [(SOLE_PRODUCTION, ConditionStatus.TRUE, "Production", sole)]


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
