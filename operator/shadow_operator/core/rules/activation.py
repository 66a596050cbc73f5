"""Letting a challenger that passed everything act with a share of a person's choice, such as the full vote at once."""

from shadow_operator.api.status import CanaryStatus, Stage
from shadow_operator.core.command import Command
from shadow_operator.core.events import Reason
from shadow_operator.core.rules.answer import answered, refused
from shadow_operator.core.rules.canary import has_its_share, may_start
from shadow_operator.core.rules.one_pass import Pass
from shadow_operator.core.rules.standstill import took_back
from shadow_operator.core.score import Consent
from shadow_operator.core.standstill import why_nothing_advances

_NOT_ENTITLED = (
    "{name} has not done its shadow with every Primary gate passed and ready pods, or the canary is not free: "
    "status.challengers says what it waits for"
)
_NOT_HEALTHY = (
    "{name} is held, its guard has not seen it act with its present share, a Primary gate does not pass, or its "
    "pods are not ready"
)


def activate(run: Pass, command: Command) -> Pass:
    """Go to the canary step with that share: from shadow, or from a lower step. The gates keep their veto."""
    percents = [step.percent for step in run.spec.canary.steps]
    name = command.challenger or ""
    why_not = _why_not(run, name) or _no_such_step(run, command, percents)
    if why_not is not None:
        return refused(run, command, why_not)
    percent = command.percent or 0
    canary = CanaryStatus(challenger=name, step=percents.index(percent) + 1)
    run = run.changed(
        Reason.ACTIVATED,
        f"{name} gets {percent} percent of the requests, says {command.by}",
        canary=canary,
        challengers=run.status.challengers if _acts(run, name) else run.with_stage(name, Stage.CANARY),
    )
    return answered(run, command, f"{name} gets {percent} percent of the requests")


def _why_not(run: Pass, name: str) -> str | None:
    standstill = why_nothing_advances(run.spec, run.status, run.observed)
    if standstill is not None:
        return str(standstill)
    if took_back(run):
        return "something was taken back at this very moment: ask again"
    canary = run.status.canary
    if canary is None or canary.challenger != name:
        return None if may_start(run, name) else _NOT_ENTITLED.format(name=name)
    return None if _may_go_higher(run, canary) else _NOT_HEALTHY.format(name=name)


def _may_go_higher(run: Pass, canary: CanaryStatus) -> bool:
    judgement, name = run.observed.judgement, canary.challenger
    is_healthy = judgement is not None and judgement.hold is None and judgement.rollback is None
    return (
        is_healthy
        and judgement is not None
        and judgement.signals.model == name
        and canary.held_since is None
        and has_its_share(run, canary)
        and run.observed.ready(name)
        and run.observed.has_its_data(name)
        and run.consent(name) is Consent.GIVEN
    )


def _no_such_step(run: Pass, command: Command, percents: list[int]) -> str | None:
    canary = run.status.canary
    higher = percents[canary.step :] if canary is not None else percents
    if command.percent in higher:
        return None
    choice = ", ".join(str(percent) for percent in higher) or "none, it has the last one"
    return f"there is no such step of the canary: name one of {choice} percent, as in activate/1/NAME/PERCENT"


def _acts(run: Pass, name: str) -> bool:
    return run.status.canary is not None and run.status.canary.challenger == name
