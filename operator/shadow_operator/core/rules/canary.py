"""The canary: when it starts, when it steps, when it is held, when it goes back, when it becomes champion."""

from shadow_operator.api.gates import GateRole
from shadow_operator.api.promotion import PromotionMode
from shadow_operator.api.status import (
    CanaryStatus,
    ChallengerStatus,
    ChampionStatus,
    ForcedStatus,
    Stage,
    WatchStatus,
)
from shadow_operator.core import report, roles
from shadow_operator.core.events import Reason
from shadow_operator.core.gates import Outcome
from shadow_operator.core.moment import from_text, to_text
from shadow_operator.core.observed import RouteState
from shadow_operator.core.rules.hold import held, resumed
from shadow_operator.core.rules.one_pass import Pass
from shadow_operator.core.score import Consent


def hold_or_resume(run: Pass) -> Pass:
    """Stop the step's clock while a guardrail holds, and let it go on afterwards."""
    canary, judgement = run.status.canary, run.observed.judgement
    if canary is None or judgement is None or judgement.signals.model != canary.challenger:
        # Not judged yet: it goes neither on nor on hold, and `step_is_done` lets nothing advance.
        return run
    hold = judgement.hold
    if hold is None:
        if canary.held_since is None:
            return run
        after = resumed(canary, run.now)
        return run.changed(Reason.CANARY_RESUMED, f"{canary.challenger} goes on after a hold", canary=after)
    if held(canary, hold, run.now) == canary:
        return run
    after = held(resumed(canary, run.now), hold, run.now)
    return run.changed(Reason.CANARY_HELD, f"{canary.challenger} is held at its share: {hold.sentence}", canary=after)


def start_step_clock(run: Pass) -> Pass:
    """Start the step's clock once the gateway gives its share and the guard has seen the model act."""
    canary, judgement = run.status.canary, run.observed.judgement
    share = roles.canary_percent(run.spec, run.status)
    if canary is not None and canary.since is not None and canary.percent != share:
        # The manifest gives this step another share: the time at the former one does not count.
        return run.changed(canary=canary.model_copy(update={"since": None}))
    if canary is None or canary.since is not None or judgement is None:
        return run
    if judgement.signals.model != canary.challenger or not has_its_share(run, canary):
        return run
    update = {"since": to_text(run.now), "percent": share, "decisions_before": judgement.signals.decisions}
    return run.changed(canary=canary.model_copy(update=update))


def has_its_share(run: Pass, canary: CanaryStatus) -> bool:
    """Whether the gateway was seen to give the canary just the share of its step."""
    route = run.observed.route
    if route.state is not RouteState.PROGRAMMED or route.split is None:
        return False
    return route.split.weights.get(canary.challenger) == roles.canary_percent(run.spec, run.status)


def step(run: Pass) -> Pass:
    """Go to the next share, or to the championship after the last one."""
    canary = run.status.canary
    if canary is None:
        return run
    if not step_is_done(run, canary):
        return run.changed(canary=canary.model_copy(update={"awaiting_since": None}))
    # More than there are when the manifest has lost some on the way.
    if canary.step >= len(run.spec.canary.steps):
        is_manual = run.spec.promotion.mode is PromotionMode.MANUAL
        return _await_approval(run, canary) if is_manual else promote(run, canary.challenger)
    after = CanaryStatus(challenger=canary.challenger, step=canary.step + 1)
    status = run.status.model_copy(update={"canary": after})
    share = roles.canary_percent(run.spec, status)
    return run.changed(Reason.CANARY_STEPPED, f"{canary.challenger} gets {share} percent of the requests", canary=after)


def step_back_without_evidence(run: Pass) -> Pass:
    """A canary whose gates pass no more goes back to where its evidence can grow; it stands still in canary."""
    canary = run.status.canary
    if canary is None or run.consent(canary.challenger) is Consent.GIVEN:
        return run
    primary = [result for result in run.results.get(canary.challenger, ()) if result.role is GateRole.PRIMARY]
    if any(result.outcome is Outcome.BLIND for result in primary):
        return run
    open_gates = [result.sentence for result in primary if result.outcome is not Outcome.PASS]
    why = open_gates[0] if open_gates else "its score is too low by now"
    message = f"{canary.challenger} goes back into shadow: {why}"
    challengers = run.with_stage(canary.challenger, Stage.SHADOW)
    return run.changed(Reason.STEPPED_BACK, message, canary=None, challengers=challengers)


def _await_approval(run: Pass, canary: CanaryStatus) -> Pass:
    if canary.awaiting_since is not None:
        return run
    return run.changed(
        Reason.APPROVAL_NEEDED,
        f"{canary.challenger} has done everything and waits for a person to promote or reject it",
        canary=canary.model_copy(update={"awaiting_since": to_text(run.now)}),
    )


def step_is_done(run: Pass, canary: CanaryStatus) -> bool:
    """Whether the canary has done what its step asks, with every Primary gate passed and nothing held or unknown."""
    judgement = run.observed.judgement
    if judgement is None or judgement.hold is not None or judgement.rollback is not None:
        return False
    if judgement.signals.model != canary.challenger or canary.since is None or canary.held_since is not None:
        return False
    duration = run.spec.canary.steps[min(canary.step, len(run.spec.canary.steps)) - 1].min_duration.timedelta
    return (
        run.now - from_text(canary.since) >= duration
        and has_its_share(run, canary)
        and judgement.signals.decisions > canary.decisions_before
        and run.observed.ready(canary.challenger)
        and run.observed.has_its_data(canary.challenger)
        and run.consent(canary.challenger) is Consent.GIVEN
    )


def promote(run: Pass, name: str, forced: ForcedStatus | None = None) -> Pass:
    """The race is over: the others' evidence compared them with a model that is champion no more."""
    winner, champion = run.status.challenger(name), run.status.champion
    if winner is None or champion is None:
        return run
    now = to_text(run.now)
    ended = [
        c.model_copy(update={"stage": Stage.NOT_PROMOTED, "since": now, "waiting_for": None})
        if c.stage in roles.UNFINISHED
        else c
        for c in run.with_stage(name, Stage.PROMOTED)
    ]
    return run.changed(
        Reason.PROMOTED,
        f"{name} is champion, {champion.name} stays as its standby",
        champion=ChampionStatus(name=name, image=winner.image, since=now, forced=forced),
        watch=WatchStatus(standby=champion.name, standby_image=champion.image),
        canary=None,
        challengers=ended,
    )


def may_start(run: Pass, name: str) -> bool:
    """Whether the canary is free for somebody, and this challenger is entitled to it."""
    challenger = run.status.challenger(name)
    return _is_free(run) and challenger is not None and _may_act(run, challenger)


def _is_free(run: Pass) -> bool:
    free = run.status.canary is None and run.status.watch is None and run.status.fallen is None
    route = run.observed.route
    # A route that still carries the guard's note: nothing rises in the pass that writes the rollback down.
    is_settled = route.state is RouteState.PROGRAMMED and route.rollback is None
    return free and is_settled and run.observed.ready(roles.champion_of(run.spec, run.status))


def start_canary(run: Pass) -> Pass:
    """Let the strongest of those that passed everything act on its first share."""
    if not _is_free(run):
        return run
    entitled = [c for c in run.status.challengers if _may_act(run, c)]
    if not entitled:
        return run
    best = min(entitled, key=lambda c: report.strength(run.observed.evidence[c.name], c.name))
    canary = CanaryStatus(challenger=best.name, step=1)
    share = run.spec.canary.steps[0].percent
    return run.changed(
        Reason.CANARY_STARTED,
        f"{best.name} {_entitled_by(best)} and gets {share} percent of the requests",
        canary=canary,
        challengers=run.with_stage(best.name, Stage.CANARY),
    )


def _entitled_by(challenger: ChallengerStatus) -> str:
    if challenger.approved_by is None:
        return "has passed every primary gate"
    return f"was let on by {challenger.approved_by}"


def _may_act(run: Pass, challenger: ChallengerStatus) -> bool:
    evidence = run.observed.evidence.get(challenger.name)
    return (
        challenger.stage is Stage.SHADOW
        and run.observed.ready(challenger.name)
        and run.observed.has_its_data(challenger.name)
        and evidence is not None
        and report.waits_for_shadow(run.spec, challenger, evidence.trades, run.now) is None
        and run.consent(challenger.name) is Consent.GIVEN
    )
