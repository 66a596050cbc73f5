"""Another run: retry for a challenger that is out of the race, reset for the evidence of one that is in it."""

from collections.abc import Sequence
from dataclasses import replace

from shadow_operator.api.status import ChallengerStatus, Stage
from shadow_operator.core import roles
from shadow_operator.core.adopt import restarted
from shadow_operator.core.command import Command
from shadow_operator.core.events import Reason
from shadow_operator.core.rules.answer import answered, refused
from shadow_operator.core.rules.one_pass import Pass

_OUT = frozenset({Stage.REJECTED, Stage.ROLLED_BACK, Stage.NOT_PROMOTED})


def retry(run: Pass, command: Command) -> Pass:
    """Let a challenger that was rejected, rolled back or not promoted begin again, with no evidence."""
    out = [line for line in run.status.challengers if line.stage in _OUT]
    chosen = _chosen(out, command.challenger)
    if len(chosen) != 1:
        return refused(run, command, _name_one("out of the race", command, out, "retry"))
    return _begin_again(run, command, chosen)


def reset(run: Pass, command: Command) -> Pass:
    """Throw away the evidence of one challenger in the race, or of all, and begin again by the manifest's terms."""
    racing = roles.unfinished(run.status)
    chosen = _chosen(racing, command.challenger)
    if not chosen:
        return refused(run, command, _name_one("in the race", command, racing, "reset"))
    return _begin_again(run, command, chosen)


def _chosen(lines: Sequence[ChallengerStatus], name: str | None) -> list[ChallengerStatus]:
    return [line for line in lines if name in {None, line.name}]


def _name_one(where: str, command: Command, lines: Sequence[ChallengerStatus], verb: str) -> str:
    found = "no challenger is named" if command.challenger is None else f"{command.challenger} is not {where}"
    choice = ", ".join(line.name for line in lines)
    return f"{found}: name one of {choice}, as in {verb}/2/NAME" if choice else f"{found}, and nobody is {where}"


def _begin_again(run: Pass, command: Command, chosen: Sequence[ChallengerStatus]) -> Pass:
    names = {line.name for line in chosen}
    lines = [restarted(line, line.image, run.now) if line.name in names else line for line in run.status.challengers]
    canary = run.status.canary
    kept = None if canary is not None and canary.challenger in names else canary
    message = f"{', '.join(sorted(names))} begins again with no evidence, says {command.by}"
    run = run.changed(Reason.RESTARTED, message, challengers=lines, canary=kept)
    results = {**run.results, **dict.fromkeys(names, ())}
    return answered(replace(run, results=results), command, f"{', '.join(sorted(names))} begins again with no evidence")
