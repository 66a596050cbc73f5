"""Taking a share back by command: the canary's, or after a promotion the whole."""

from dataclasses import replace

from shadow_operator.core.command import Command
from shadow_operator.core.events import Event, Reason
from shadow_operator.core.rules.answer import answered, refused
from shadow_operator.core.rules.one_pass import Pass
from shadow_operator.core.rules.rollback import rolled_back
from shadow_operator.core.take_back import acting, share_taken_by


def take_back(run: Pass, command: Command) -> Pass:
    """Let the champion serve alone: the canary's share goes to it, or all goes back to the standby."""
    model = acting(run.status)
    if model is None:
        return refused(run, command, "no challenger acts and no champion has a standby: there is nothing to take back")
    if command.challenger not in {None, model}:
        return refused(run, command, f"{command.challenger} does not act, {model} does: name that one")
    asked = share_taken_by(command, run.status, run.now)
    if asked is None:
        raise ValueError(f"{command.text} is no command that takes a share back")
    message = f"{model} was taken out of the traffic by {command.by}"
    event = Event(Reason.ROLLED_BACK, message if not command.reason else f"{message}: {command.reason}")
    run = replace(run, status=rolled_back(run.status, asked, run.now), events=(*run.events, event))
    return answered(run, command, f"{model} was taken out of the traffic")
