"""What a rollout that can't read its figures waits for, and what happens next, at what time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from shadow_operator.api.rollout import Spec
from shadow_operator.api.status import Condition, ConditionStatus, Status
from shadow_operator.core import conditions
from shadow_operator.core.guardrails import ALWAYS_BLIND, Judgement
from shadow_operator.core.moment import from_text, to_seconds_text
from shadow_operator.core.observed import MetricsHealth


def as_the_guard_sees(health: MetricsHealth, judgement: Judgement | None) -> MetricsHealth:
    """The health, which is none where every query is answered and the guard can't go by what it says."""
    if not health.available or judgement is None or not judgement.why_blind:
        return health
    return replace(health, available=False, message=judgement.why_blind)


def explained(
    spec: Spec, status: Status, health: MetricsHealth, before: Sequence[Condition], now: datetime
) -> MetricsHealth:
    """The health with a sentence that says since when nothing can be read, and what follows."""
    if health.available:
        return health
    since = _since(before) or to_seconds_text(now)
    return replace(health, message=f"{health.message}; since {since}; {_what_follows(spec, status)}")


def _since(before: Sequence[Condition]) -> str | None:
    known = next((each for each in before if each.type == conditions.METRICS_AVAILABLE), None)
    return known.last_transition_time if known is not None and known.status is ConditionStatus.FALSE else None


def _what_follows(spec: Spec, status: Status) -> str:
    if status.canary is None:
        held = status.watch is not None and status.watch.completed is None
        return "the watch does not end until it can be read" if held else "nothing advances until it can be read"
    share = f"{status.canary.challenger} keeps its share"
    guardrails = [*spec.guardrails, ALWAYS_BLIND]
    holding = next((each for each in guardrails if each.name == status.canary.held_by), None)
    if holding is None or holding.then is None or status.canary.held_since is None:
        return f"{share}, and nothing advances until it can be read"
    back = from_text(status.canary.held_since) + holding.then.after.timedelta
    return f"{share} until {to_seconds_text(back)}, when it steps back"
