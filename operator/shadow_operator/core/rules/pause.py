"""Stopping every advance of one rollout by command, and letting it go on."""

from shadow_operator.api.status import PausedStatus
from shadow_operator.core.command import Command
from shadow_operator.core.events import Reason
from shadow_operator.core.moment import to_text
from shadow_operator.core.rules.answer import answered, refused
from shadow_operator.core.rules.one_pass import Pass


def pause(run: Pass, command: Command) -> Pass:
    """Let nothing advance until the command resume. Rollbacks work."""
    if run.status.paused is not None:
        return refused(run, command, f"{run.status.paused.by} paused it before: resume/<nonce> lets it go on")
    paused = PausedStatus(by=command.by, since=to_text(run.now))
    run = run.changed(Reason.PAUSED, f"{command.by} paused it: nothing advances, rollbacks work", paused=paused)
    return answered(run, command, "paused: nothing advances until resume/<nonce>, rollbacks work")


def resume(run: Pass, command: Command) -> Pass:
    """End a pause."""
    if run.status.paused is None:
        why = "spec.suspend is true: the manifest ends that" if run.spec.suspend else "it is not paused"
        return refused(run, command, why)
    run = run.changed(Reason.RESUMED, f"{command.by} lets it go on", paused=None)
    return answered(run, command, "resumed")
