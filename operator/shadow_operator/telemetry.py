"""The operator's own metrics."""

from prometheus_client import Counter, Gauge, Histogram

from shadow_operator.api.status import Phase
from shadow_operator.fleet import Key

PASSES = Counter("shadow_operator_passes", "Passes over rollouts, by outcome.", ["outcome"])
PASS_SECONDS = Histogram("shadow_operator_pass_duration_seconds", "Time of one pass over one rollout.")
LAST_PASS = Gauge("shadow_operator_last_success_timestamp_seconds", "When a pass over any rollout succeeded last.")
GUARD_SECONDS = Histogram(
    "shadow_operator_guard_look_duration_seconds",
    "Time of one look of the guard at one rollout, the rollback included.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
GUARD_BLIND = Counter("shadow_operator_guard_blind", "Looks of the guard that could not read every figure.")
ROLLBACKS = Counter("shadow_operator_rollbacks", "Shares that the guard took back, by motive.", ["motive"])
STOPS = Counter("shadow_operator_trading_stops", "Times that the guard stopped trading.")
DECISIONS = Counter("shadow_operator_decisions", "What happened to rollouts, by reason.", ["reason"])
LEADING = Gauge("shadow_operator_leading", "1 for the process that leads, 0 for one that stands by.")
LOOP_LAG = Gauge("shadow_operator_loop_lag_seconds", "How late the event loop runs its timers.")
PHASE = Gauge("shadowrollout_phase", "1 for the phase that the rollout is in.", ["namespace", "name", "phase"])
CANARY_PERCENT = Gauge(
    "shadowrollout_canary_percent", "Share of the real requests of a challenger.", ["namespace", "name"]
)


def show_phase(key: Key, phase: Phase, canary_percent: int) -> None:
    """Show where a rollout stands."""
    for each in Phase:
        PHASE.labels(key.namespace, key.name, each.value).set(each is phase)
    CANARY_PERCENT.labels(key.namespace, key.name).set(canary_percent)


def forget(key: Key) -> None:
    """Show nothing of a rollout that is gone."""
    for each in Phase:
        PHASE.remove(key.namespace, key.name, each.value)
    CANARY_PERCENT.remove(key.namespace, key.name)
