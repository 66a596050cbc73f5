"""A person has the last word: promote and reject."""

from shadow_operator.api.promotion import PromotionMode
from shadow_operator.api.status import Stage
from shadow_operator.core import roles
from shadow_operator.core.command import Command
from shadow_operator.core.events import Reason
from shadow_operator.core.gates import Outcome
from shadow_operator.core.rules.answer import answered, refused
from shadow_operator.core.rules.canary import promote, step_is_done
from shadow_operator.core.rules.one_pass import Pass
from shadow_operator.core.standstill import why_nothing_advances


def approve(run: Pass, command: Command) -> Pass:
    """Promote the canary that has done everything: a person has the last word, and the gates have a veto."""
    canary = run.status.canary
    asked = [one.name for one in run.status.challengers if one.review_since is not None]
    name = command.challenger or (asked[0] if len(asked) == 1 else None)
    if canary is None and name in asked:
        return _let_on(run, command, name)
    if run.spec.promotion.mode is not PromotionMode.MANUAL:
        return refused(run, command, "promotion.mode is Automatic, so there is nothing to approve: make it Manual")
    if canary is None:
        return refused(run, command, "no challenger is in canary: promote one when the phase is AwaitingApproval")
    if command.challenger not in {None, canary.challenger}:
        return refused(run, command, f"{command.challenger} is not in canary, {canary.challenger} is: name that one")
    standstill = why_nothing_advances(run.spec, run.status, run.observed)
    if standstill is not None:
        return refused(run, command, str(standstill))
    if canary.step < len(run.spec.canary.steps) or not step_is_done(run, canary):
        return refused(
            run,
            command,
            f"{canary.challenger} has not done all its steps with every Primary gate passed and nothing held: "
            "promote it when the phase is AwaitingApproval",
        )
    run = promote(run, canary.challenger)
    return answered(run, command, f"{canary.challenger} is promoted")


def _let_on(run: Pass, command: Command, name: str) -> Pass:
    """Let a challenger act whose score asks for a person; it starts its canary when that is free."""
    open_gates = [result.sentence for result in run.results[name] if result.outcome is not Outcome.PASS]
    run = run.changed(
        Reason.APPROVED,
        f"{name} may act, says {command.by}, although: {'; '.join(open_gates)}",
        challengers=run.with_line(name, review_since=None, approved_by=command.by),
    )
    return answered(run, command, f"{name} may act")


def reject(run: Pass, command: Command) -> Pass:
    """End the run of a challenger; its share, if it has one, goes with it."""
    unfinished = [challenger.name for challenger in roles.unfinished(run.status)]
    canary = run.status.canary
    name = command.challenger or (canary.challenger if canary is not None else None)
    if name is None and len(unfinished) == 1:
        name = unfinished[0]
    if name not in unfinished:
        found = "no challenger is named" if name is None else f"{name} is no challenger in the race"
        choice = ", ".join(unfinished) or "nobody, the race is over"
        return refused(run, command, f"{found}: name one of {choice}, as in reject/2/NAME")
    challengers = run.with_stage(name, Stage.REJECTED)
    kept = None if canary is not None and canary.challenger == name else canary
    message = f"{name} is rejected by {command.by}"
    run = run.changed(Reason.REJECTED, message, challengers=challengers, canary=kept)
    return answered(run, command, f"{name} is rejected")
