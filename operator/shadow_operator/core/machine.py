"""The state machine: from the status, the spec and what was observed to the next status. Pure and total.

    Pending -> Shadowing -> Canary 1/m .. m/m -> Promoting -> Watching -> Completed
                   |            |                    |            |
                Rejected    RolledBack           RolledBack   RolledBack

A rollout has a phase; each challenger has a stage of its own, so that one can be rolled back while others go on.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shadow_operator.api.rollout import Spec
from shadow_operator.api.status import (
    Phase,
    Status,
)
from shadow_operator.core import blindness, conditions, gates, report, roles, terms
from shadow_operator.core.adopt import Refusal, adopt
from shadow_operator.core.events import Event, Reason
from shadow_operator.core.observed import Observed
from shadow_operator.core.phase import phase_of
from shadow_operator.core.pin import go_back, held_spec
from shadow_operator.core.rules import RULES, hear_reset, hear_take_back, hold_or_resume, record_rollback, record_stop
from shadow_operator.core.rules.one_pass import Pass

# What a person who looks at the rollout may wait for; everything urgent is the guard's.
_SOON = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from one pass.

    Attributes:
        status: the next status; acting means making the world like it.
        events: what happened in this pass.
        requeue_after: when to look again, if nothing else wakes the rollout before; None for the evaluation interval.
        refused: the spec can't be carried out, so nothing may be done but to write the status.

    """

    status: Status
    events: tuple[Event, ...] = ()
    requeue_after: timedelta | None = None
    refused: bool = False


def decide(spec: Spec, generation: int, status: Status, observed: Observed, now: datetime) -> Decision:
    """Decide what follows. Does no I/O and reads no clock; the same arguments give the same decision.

    Args:
        spec: what the team asks for.
        generation: `metadata.generation` of the object that `spec` was read from.
        status: where the rollout stood.
        observed: what was seen; whatever is missing in it holds, it never advances.
        now: the moment of this pass.

    """
    pinned = go_back(status, generation, observed, now)
    spec = held_spec(spec, pinned.status, observed)
    adopted = adopt(spec, pinned.status, now)
    if isinstance(adopted, Refusal):
        return refuse(adopted.reason, adopted.message, generation, pinned.status, now)
    results = {
        challenger.name: gates.evaluate_all(spec, observed.evidence.get(challenger.name))
        for challenger in adopted.status.challengers
    }
    end = Pass(spec, observed, now, adopted.status, results, (*pinned.events, *adopted.events)).then(hear_reset)
    changed = terms.refusal(spec, end.status)
    if changed is not None:
        return _with_changed_terms(end, changed, generation)
    for rule in RULES:
        end = end.then(rule)
    return Decision(_summarised(end, status, generation), end.events, _requeue(end))


def _with_changed_terms(run: Pass, changed: Refusal, generation: int) -> Decision:
    """Nothing is judged by terms that came after the evidence; what takes a share back is done all the same."""
    before = roles.split(run.spec, run.status), run.status.stopped
    end = run.then(record_rollback).then(record_stop).then(hear_take_back).then(hold_or_resume)
    decision = refuse(changed.reason, changed.message, generation, end.status, run.now)
    is_left_alone = (roles.split(run.spec, end.status), end.status.stopped) == before
    return replace(decision, events=(*end.events, *decision.events), refused=is_left_alone)


def refuse(reason: str, message: str, generation: int, status: Status, now: datetime) -> Decision:
    """The spec can't be carried out: say so, and leave everything as it is."""
    known = any(c.type == conditions.STALLED and c.message == message[:4096] for c in status.conditions)
    after = status.model_copy(
        update={
            "observed_generation": generation,
            "message": message[:1024],
            "conditions": conditions.of_refusal(reason, message, status.conditions, generation=generation, now=now),
        }
    )
    events = () if known else (Event(Reason.SPEC_REFUSED, message),)
    return Decision(after, events, refused=True)


def _summarised(run: Pass, before: Status, generation: int) -> Status:
    status = run.status
    phase = phase_of(status)
    challengers = [
        report.challenger_line(run.spec, status, challenger, run.observed, run.results[challenger.name], run.now)
        for challenger in status.challengers
    ]
    challengers = report.ranked(challengers, run.observed.evidence)
    leader = report.leader(challengers, run.observed.evidence)
    message = report.sentence(run.spec, status, phase, challengers, run.observed)
    seen = blindness.as_the_guard_sees(run.observed.metrics, run.observed.judgement)
    metrics = blindness.explained(run.spec, status, seen, before.conditions, run.now)
    return status.model_copy(
        update={
            "observed_generation": generation,
            "phase": phase,
            "message": message,
            "step": _step_text(run.spec, status),
            "canary_percent": roles.canary_percent(run.spec, status),
            "challengers": challengers,
            "leader": None if leader is None else leader.name,
            "evidence": None if leader is None else leader.evidence,
            "conditions": conditions.of_phase(
                phase,
                message,
                replace(run.observed, metrics=metrics),
                status.datasets,
                before.conditions,
                generation=generation,
                now=run.now,
            ),
        }
    )


def _step_text(spec: Spec, status: Status) -> str | None:
    steps = len(spec.canary.steps)
    return None if status.canary is None else f"{min(status.canary.step, steps)}/{steps}"


def _requeue(run: Pass) -> timedelta | None:
    if phase_of(run.status) in {Phase.PENDING, Phase.PROMOTING} or run.status.canary is not None:
        return _SOON
    return None
