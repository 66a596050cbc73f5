"""What became of a command: done or refused, and answered in the status either way."""

from shadow_operator.api.status import CommandStatus
from shadow_operator.core.command import Command, remembered
from shadow_operator.core.events import Reason
from shadow_operator.core.moment import to_text
from shadow_operator.core.rules.one_pass import Pass


def refused(run: Pass, command: Command, why: str) -> Pass:
    """Nothing was done, and why."""
    run = run.changed(Reason.COMMAND_REFUSED, f"{command.text} by {command.by} was refused: {why}")
    return answered(run, command, f"refused: {why}")


def answered(run: Pass, command: Command, answer: str) -> Pass:
    """The command was heard."""
    said = CommandStatus(text=command.text, by=command.by, at=to_text(run.now), answer=answer[:1024])
    return run.changed(command=said, heard=remembered(run.status, command))
