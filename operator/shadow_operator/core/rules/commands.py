"""What people ask for is done or refused once, and answered."""

from shadow_operator.api.promotion import PromotionMode
from shadow_operator.api.status import CommandStatus, Stage
from shadow_operator.core import roles
from shadow_operator.core.command import ACCEPTED, Command, Verb
from shadow_operator.core.events import Reason
from shadow_operator.core.gates import Outcome
from shadow_operator.core.moment import to_text
from shadow_operator.core.rules.canary import promote, step_is_done
from shadow_operator.core.rules.one_pass import Pass


def hear_command(run: Pass) -> Pass:
    """Do what the newest command asks, or say why not. One that was answered is not heard again."""
    command = run.observed.command
    if command is None or (run.status.command is not None and run.status.command.text == command.text):
        return run
    match command.verb:
        case Verb.PROMOTE:
            return _promote(run, command)
        case Verb.REJECT:
            return _reject(run, command)
        case None:
            return _refused(run, command, f'"{command.text}" is no command: {ACCEPTED}')


def _promote(run: Pass, command: Command) -> Pass:
    """Promote the canary that has done everything: a person has the last word, and the gates have a veto."""
    canary = run.status.canary
    asked = [one.name for one in run.status.challengers if one.review_since is not None]
    name = command.challenger or (asked[0] if len(asked) == 1 else None)
    if canary is None and name in asked:
        return _let_on(run, command, name)
    if run.spec.promotion.mode is not PromotionMode.MANUAL:
        return _refused(run, command, "promotion.mode is Automatic, so there is nothing to approve: make it Manual")
    if canary is None:
        return _refused(run, command, "no challenger is in canary: promote one when the phase is AwaitingApproval")
    if command.challenger not in {None, canary.challenger}:
        return _refused(run, command, f"{command.challenger} is not in canary, {canary.challenger} is: name that one")
    if run.spec.suspend:
        return _refused(run, command, "spec.suspend is true: make it false, then promote again with another nonce")
    if canary.step < len(run.spec.canary.steps) or not step_is_done(run, canary):
        return _refused(
            run,
            command,
            f"{canary.challenger} has not done all its steps with every Primary gate passed and nothing held: "
            "promote it when the phase is AwaitingApproval",
        )
    run = promote(run, canary.challenger)
    return _answered(run, command, f"{canary.challenger} is promoted")


def _let_on(run: Pass, command: Command, name: str) -> Pass:
    """Let a challenger act whose score asks for a person; it starts its canary when that is free."""
    open_gates = [result.sentence for result in run.results[name] if result.outcome is not Outcome.PASS]
    run = run.changed(
        Reason.APPROVED,
        f"{name} may act, says {command.by}, although: {'; '.join(open_gates)}",
        challengers=run.with_line(name, review_since=None, approved_by=command.by),
    )
    return _answered(run, command, f"{name} may act")


def _reject(run: Pass, command: Command) -> Pass:
    """End the run of a challenger; its share, if it has one, goes with it."""
    unfinished = [challenger.name for challenger in roles.unfinished(run.status)]
    canary = run.status.canary
    name = command.challenger or (canary.challenger if canary is not None else None)
    if name is None and len(unfinished) == 1:
        name = unfinished[0]
    if name not in unfinished:
        found = "no challenger is named" if name is None else f"{name} is no challenger in the race"
        choice = ", ".join(unfinished) or "nobody, the race is over"
        return _refused(run, command, f"{found}: name one of {choice}, as in reject/2/NAME")
    challengers = run.with_stage(name, Stage.REJECTED)
    kept = None if canary is not None and canary.challenger == name else canary
    message = f"{name} is rejected by {command.by}"
    run = run.changed(Reason.REJECTED, message, challengers=challengers, canary=kept)
    return _answered(run, command, f"{name} is rejected")


def _refused(run: Pass, command: Command, why: str) -> Pass:
    run = run.changed(Reason.COMMAND_REFUSED, f"{command.text} by {command.by} was refused: {why}")
    return _answered(run, command, f"refused: {why}")


def _answered(run: Pass, command: Command, answer: str) -> Pass:
    answered = CommandStatus(text=command.text, by=command.by, at=to_text(run.now), answer=answer[:1024])
    return run.changed(command=answered)
