"""The state machine: from the status, the spec and what was observed to the next status. Pure and total.

    Pending -> Shadowing -> Canary 1/m .. m/m -> Promoting -> Watching -> Completed
                   |            |                    |            |
                Rejected    RolledBack           RolledBack   RolledBack

A rollout has a phase; each challenger has a stage of its own, so that one can be rolled back while others go on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from shadow_operator.api.gates import GateRole
from shadow_operator.api.rollout import Spec
from shadow_operator.api.status import (
    CanaryStatus,
    ChallengerStatus,
    ChampionStatus,
    ConditionStatus,
    FallenStatus,
    Phase,
    RollbackStatus,
    Stage,
    Status,
    WatchStatus,
)
from shadow_operator.core import conditions, gates, report, roles
from shadow_operator.core.adopt import Refusal, adopt
from shadow_operator.core.events import Event, Reason
from shadow_operator.core.gates import GateResult, Outcome
from shadow_operator.core.guardrails import Motive, Rollback
from shadow_operator.core.moment import from_text, to_text
from shadow_operator.core.observed import Observed, RouteState
from shadow_operator.core.split import WHOLE

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


@dataclass(frozen=True, slots=True)
class _Pass:
    """One pass through the rules: a status that each rule may replace, and what happened so far."""

    spec: Spec
    observed: Observed
    now: datetime
    status: Status
    results: Mapping[str, tuple[GateResult, ...]]
    events: tuple[Event, ...] = ()

    def then(self, rule: "_Rule") -> "_Pass":
        return rule(self)

    def changed(self, reason: Reason | None = None, message: str = "", **fields: Any) -> "_Pass":
        status = self.status.model_copy(update=fields)
        events = self.events if reason is None else (*self.events, Event(reason, message))
        return _Pass(self.spec, self.observed, self.now, status, self.results, events)

    def with_stage(self, name: str, stage: Stage, **fields: Any) -> list[ChallengerStatus]:
        update = {"stage": stage, "since": to_text(self.now), "waiting_for": None, **fields}
        return [c.model_copy(update=update) if c.name == name else c for c in self.status.challengers]


_Rule = Callable[[_Pass], _Pass]


def decide(spec: Spec, generation: int, status: Status, observed: Observed, now: datetime) -> Decision:
    """Decide what follows. Does no I/O and reads no clock; the same arguments give the same decision.

    Args:
        spec: what the team asks for.
        generation: `metadata.generation` of the object that `spec` was read from.
        status: where the rollout stood.
        observed: what was seen; whatever is missing in it holds, it never advances.
        now: the moment of this pass.

    """
    adopted = adopt(spec, status, now)
    if isinstance(adopted, Refusal):
        return refuse(adopted.reason, adopted.message, generation, status, now)
    alpha = spec.error_budget.alpha.fraction
    results = {
        challenger.name: tuple(
            gates.evaluate(gate, observed.evidence.get(challenger.name), alpha) for gate in spec.gates
        )
        for challenger in adopted.status.challengers
    }
    end = _Pass(spec, observed, now, adopted.status, results, adopted.events)
    for rule in _RULES:
        end = end.then(rule)
    return Decision(_summarised(end, status, generation), end.events, _requeue(end))


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


def rolled_back(status: Status, rollback: Rollback, now: datetime) -> Status:
    """The status after the guard took a share back.

    A breach ends the challenger's run. A blind canary only steps back into shadow: missing data is no failure of it.
    """
    is_canary = status.canary is not None and status.canary.challenger == rollback.model
    is_watched = status.watch is not None and roles.under_guard(status) == rollback.model
    if not is_canary and not is_watched:
        return status
    stage = Stage.SHADOW if rollback.motive is Motive.BLIND and is_canary else Stage.ROLLED_BACK
    record = RollbackStatus(
        guardrail=rollback.guardrail,
        value=rollback.value,
        limit=rollback.limit,
        breached_at=to_text(rollback.breached_at),
        zero_at=to_text(rollback.zero_at or now),
    )
    update = {"stage": stage, "since": to_text(now), "waiting_for": None, "rollback": record}
    challengers = [c.model_copy(update=update) if c.name == rollback.model else c for c in status.challengers]
    fields: dict[str, Any] = {"challengers": challengers, "canary": None}
    if is_watched and status.watch is not None:
        image = rollback_image(status, status.watch.standby)
        fields |= {
            "watch": None,
            "fallen": FallenStatus(name=rollback.model, rollback=record),
            "champion": ChampionStatus(name=status.watch.standby, image=image, since=to_text(now)),
        }
    return status.model_copy(update=fields)


def rollback_image(status: Status, standby: str) -> str:
    """The image of the former champion, as it was noted at the promotion."""
    return status.watch.standby_image if status.watch is not None and status.watch.standby == standby else ""


def _record_rollback(run: _Pass) -> _Pass:
    mark = run.observed.route.rollback
    guarded = roles.under_guard(run.status)
    if mark is None or mark.model != guarded or _is_of_an_earlier_run(mark, run.status):
        return run
    status = rolled_back(run.status, mark, run.now)
    reason = Reason.STEPPED_BACK if mark.motive is Motive.BLIND else Reason.ROLLED_BACK
    message = (
        f"{mark.model} was taken out of the traffic: {mark.guardrail} is {mark.value}, at most {mark.limit} is allowed"
    )
    return replace(run, status=status, events=(*run.events, Event(reason, message)))


def _is_of_an_earlier_run(mark: Rollback, status: Status) -> bool:
    """Whether a canary that has just begun sees the note of its last rollback, which the route is yet to lose.

    Once the route was seen to give a share, a note on it is of this run, whatever the clocks say.
    """
    canary, challenger = status.canary, status.challenger(mark.model)
    if canary is None or challenger is None or canary.step > 1 or canary.since is not None:
        return False
    return mark.breached_at < from_text(challenger.since)


def _start_shadows(run: _Pass) -> _Pass:
    route = run.observed.route
    if route.state is not RouteState.PROGRAMMED or route.split is None:
        return run
    for challenger in run.status.challengers:
        mirrored = challenger.name in route.split.mirrors
        # In the pass that took up a new image, the pods that were seen are still those of the old one.
        is_new = from_text(challenger.since) >= run.now
        if challenger.stage is Stage.PENDING and mirrored and not is_new and _pair_is_ready(run, challenger.name):
            run = run.changed(
                Reason.SHADOW_STARTED,
                f"{challenger.name} sees {route.split.mirrors[challenger.name]} percent of the requests, acts on none",
                challengers=run.with_stage(challenger.name, Stage.SHADOW, shadow_since=to_text(run.now)),
            )
    return run


def _pair_is_ready(run: _Pass, challenger: str) -> bool:
    return run.observed.ready(challenger) and run.observed.ready(roles.champion_of(run.spec, run.status))


def _hold_or_resume(run: _Pass) -> _Pass:
    canary, judgement = run.status.canary, run.observed.judgement
    if canary is None or judgement is None or judgement.signals.model != canary.challenger:
        # Not judged yet: it goes neither on nor on hold, and `_step_is_done` lets nothing advance.
        return run
    hold = judgement.hold
    if hold is None:
        if canary.held_since is None:
            return run
        resumed = _resumed(canary, run.now)
        return run.changed(Reason.CANARY_RESUMED, f"{canary.challenger} goes on after a hold", canary=resumed)
    if canary.held_by == hold.guardrail and canary.held_since is not None:
        return run
    update = {"held_since": to_text(run.now), "held_by": hold.guardrail}
    held = _resumed(canary, run.now).model_copy(update=update)
    return run.changed(Reason.CANARY_HELD, f"{canary.challenger} is held at its share: {hold.sentence}", canary=held)


def _resumed(canary: CanaryStatus, now: datetime) -> CanaryStatus:
    """Time on hold is no time at the step."""
    since = _moved_on(canary.since, canary.held_since, now)
    return canary.model_copy(update={"held_since": None, "held_by": None, "since": since})


def _moved_on(since: str | None, held_since: str | None, now: datetime) -> str | None:
    """A clock's start, later by as long as the clock stood still."""
    if since is None or held_since is None:
        return since
    held = max(now - max(from_text(held_since), from_text(since)), timedelta(0))
    return to_text(from_text(since) + held)


def _start_step_clock(run: _Pass) -> _Pass:
    canary, judgement = run.status.canary, run.observed.judgement
    share = roles.canary_percent(run.spec, run.status)
    if canary is not None and canary.since is not None and canary.percent != share:
        # The manifest gives this step another share: the time at the former one does not count.
        return run.changed(canary=canary.model_copy(update={"since": None}))
    if canary is None or canary.since is not None or judgement is None:
        return run
    if judgement.signals.model != canary.challenger or not _has_its_share(run, canary):
        return run
    update = {"since": to_text(run.now), "percent": share, "decisions_before": judgement.signals.decisions}
    return run.changed(canary=canary.model_copy(update=update))


def _has_its_share(run: _Pass, canary: CanaryStatus) -> bool:
    """Whether the gateway was seen to give the canary just the share of its step."""
    route = run.observed.route
    if route.state is not RouteState.PROGRAMMED or route.split is None:
        return False
    return route.split.weights.get(canary.challenger) == roles.canary_percent(run.spec, run.status)


def _step(run: _Pass) -> _Pass:
    canary = run.status.canary
    if canary is None or not _step_is_done(run, canary):
        return run
    # More than there are when the manifest has lost some on the way.
    if canary.step >= len(run.spec.canary.steps):
        return _promote(run, canary.challenger)
    after = CanaryStatus(challenger=canary.challenger, step=canary.step + 1)
    status = run.status.model_copy(update={"canary": after})
    share = roles.canary_percent(run.spec, status)
    return run.changed(Reason.CANARY_STEPPED, f"{canary.challenger} gets {share} percent of the requests", canary=after)


def _step_back_without_evidence(run: _Pass) -> _Pass:
    """A canary whose gates pass no more goes back to where its evidence can grow; it stands still in canary."""
    canary = run.status.canary
    if canary is None:
        return run
    primary = [result for result in run.results.get(canary.challenger, ()) if result.role is GateRole.PRIMARY]
    open_gates = [result for result in primary if result.outcome is not Outcome.PASS]
    if not open_gates or any(result.outcome is Outcome.BLIND for result in primary):
        return run
    message = f"{canary.challenger} goes back into shadow: {open_gates[0].sentence}"
    challengers = run.with_stage(canary.challenger, Stage.SHADOW)
    return run.changed(Reason.STEPPED_BACK, message, canary=None, challengers=challengers)


def _step_is_done(run: _Pass, canary: CanaryStatus) -> bool:
    judgement = run.observed.judgement
    if judgement is None or judgement.hold is not None or judgement.rollback is not None:
        return False
    if judgement.signals.model != canary.challenger or canary.since is None or canary.held_since is not None:
        return False
    duration = run.spec.canary.steps[min(canary.step, len(run.spec.canary.steps)) - 1].min_duration.timedelta
    return (
        run.now - from_text(canary.since) >= duration
        and _has_its_share(run, canary)
        and judgement.signals.decisions > canary.decisions_before
        and run.observed.ready(canary.challenger)
        and _primary_pass(run.results.get(canary.challenger, ()))
    )


def _promote(run: _Pass, name: str) -> _Pass:
    """The race is over: the others' evidence compared them with a model that is champion no more."""
    winner, champion = run.status.challenger(name), run.status.champion
    if winner is None or champion is None:
        return run
    now = to_text(run.now)
    ended = [
        c.model_copy(update={"stage": Stage.NOT_PROMOTED, "since": now, "waiting_for": None})
        if c.stage in roles.SHADOWING
        else c
        for c in run.with_stage(name, Stage.PROMOTED)
    ]
    return run.changed(
        Reason.PROMOTED,
        f"{name} is champion, {champion.name} stays as its standby",
        champion=ChampionStatus(name=name, image=winner.image, since=now),
        watch=WatchStatus(standby=champion.name, standby_image=champion.image),
        canary=None,
        challengers=ended,
    )


def _reject(run: _Pass) -> _Pass:
    for challenger in run.status.challengers:
        final = [result for result in run.results[challenger.name] if result.final and result.role is GateRole.PRIMARY]
        if challenger.stage is Stage.SHADOW and final:
            message = f"{challenger.name} is rejected: {final[0].sentence}"
            run = run.changed(Reason.REJECTED, message, challengers=run.with_stage(challenger.name, Stage.REJECTED))
    return run


def _start_canary(run: _Pass) -> _Pass:
    free = run.status.canary is None and run.status.watch is None and run.status.fallen is None
    champion = roles.champion_of(run.spec, run.status)
    route = run.observed.route
    if not free or not run.observed.ready(champion) or route.state is not RouteState.PROGRAMMED:
        return run
    if route.rollback is not None:
        # The route still carries the guard's note: nothing rises in the pass that writes the rollback down.
        return run
    entitled = [c for c in run.status.challengers if _may_act(run, c)]
    if not entitled:
        return run
    best = min(entitled, key=lambda c: report.strength(run.observed.evidence[c.name], c.name))
    canary = CanaryStatus(challenger=best.name, step=1)
    share = run.spec.canary.steps[0].percent
    return run.changed(
        Reason.CANARY_STARTED,
        f"{best.name} has passed every primary gate and gets {share} percent of the requests",
        canary=canary,
        challengers=run.with_stage(best.name, Stage.CANARY),
    )


def _may_act(run: _Pass, challenger: ChallengerStatus) -> bool:
    evidence = run.observed.evidence.get(challenger.name)
    return (
        challenger.stage is Stage.SHADOW
        and run.observed.ready(challenger.name)
        and evidence is not None
        and report.waits_for_shadow(run.spec, challenger, evidence.trades, run.now) is None
        and _primary_pass(run.results[challenger.name])
    )


def _primary_pass(results: tuple[GateResult, ...]) -> bool:
    primary = [result for result in results if result.role is GateRole.PRIMARY]
    return bool(primary) and all(result.outcome is Outcome.PASS for result in primary)


def _watch(run: _Pass) -> _Pass:
    watch = run.status.watch
    if watch is None or watch.completed is not None:
        return run
    route = run.observed.route
    champion = roles.champion_of(run.spec, run.status)
    arrived = route.state is RouteState.PROGRAMMED and route.split is not None
    if watch.since is None:
        reached = arrived and route.split is not None and route.split.weights == {champion: WHOLE}
        return run.changed(watch=watch.model_copy(update={"since": to_text(run.now)})) if reached else run
    judgement = run.observed.judgement
    if judgement is None or judgement.signals.model != champion or judgement.rollback is not None:
        return run
    hold = judgement.hold
    if hold is not None and hold.guardrail == watch.held_by:
        return run
    since = _moved_on(watch.since, watch.held_since, run.now) or watch.since
    watch = watch.model_copy(update={"held_since": None, "held_by": None, "since": since})
    if hold is not None:
        update = {"held_since": to_text(run.now), "held_by": hold.guardrail}
        return run.changed(watch=watch.model_copy(update=update))
    if run.now - from_text(since) < run.spec.promotion.watch.timedelta:
        return run.changed(watch=watch)
    return run.changed(
        Reason.COMPLETED,
        f"{champion} was watched for {run.spec.promotion.watch} and stays champion",
        watch=watch.model_copy(update={"completed": to_text(run.now)}),
    )


def _notice_blindness(run: _Pass) -> _Pass:
    saw = any(
        condition.type == conditions.METRICS_AVAILABLE and condition.status is ConditionStatus.TRUE
        for condition in run.status.conditions
    )
    if not saw or run.observed.metrics.available:
        return run
    return run.changed(Reason.METRICS_UNAVAILABLE, f"nothing advances while blind: {run.observed.metrics.message}")


# The order is a rule itself: what lowers risk comes first, and nothing advances in the pass that saw it break.
_RULES: tuple[_Rule, ...] = (
    _notice_blindness,
    _record_rollback,
    _start_shadows,
    _hold_or_resume,
    _start_step_clock,
    _reject,
    _step_back_without_evidence,
    _step,
    _start_canary,
    _watch,
)


def phase_of(status: Status) -> Phase:
    """The rollout's phase, which follows from the stages: it is written for people and never read back."""
    if status.canary is not None:
        return Phase.CANARY
    if status.watch is not None:
        if status.watch.completed is not None:
            return Phase.COMPLETED
        return Phase.PROMOTING if status.watch.since is None else Phase.WATCHING
    if status.fallen is not None:
        return Phase.ROLLED_BACK
    stages = {challenger.stage for challenger in status.challengers}
    if Stage.SHADOW in stages:
        return Phase.SHADOWING
    if Stage.PENDING in stages or not stages:
        return Phase.PENDING
    if Stage.ROLLED_BACK in stages:
        return Phase.ROLLED_BACK
    return Phase.COMPLETED if stages & {Stage.PROMOTED, Stage.NOT_PROMOTED} else Phase.REJECTED


def _summarised(run: _Pass, before: Status, generation: int) -> Status:
    status = run.status
    phase = phase_of(status)
    challengers = [
        report.challenger_line(run.spec, status, c, run.observed.evidence.get(c.name), run.results[c.name], run.now)
        for c in status.challengers
    ]
    leader = report.leader(challengers, run.observed.evidence)
    message = report.sentence(run.spec, status, phase, challengers, run.observed)
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
                phase, message, run.observed.metrics, before.conditions, generation=generation, now=run.now
            ),
        }
    )


def _step_text(spec: Spec, status: Status) -> str | None:
    steps = len(spec.canary.steps)
    return None if status.canary is None else f"{min(status.canary.step, steps)}/{steps}"


def _requeue(run: _Pass) -> timedelta | None:
    if phase_of(run.status) in {Phase.PENDING, Phase.PROMOTING} or run.status.canary is not None:
        return _SOON
    return None
