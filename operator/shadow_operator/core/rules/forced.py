"""A promotion over the gates: for a person who answers for it, with a reason that is kept."""

from shadow_operator.api.status import ForcedStatus
from shadow_operator.core import roles
from shadow_operator.core.command import COMMAND_REASON_ANNOTATION, Command
from shadow_operator.core.events import Reason
from shadow_operator.core.gates import Outcome
from shadow_operator.core.rules.answer import answered, refused
from shadow_operator.core.rules.canary import promote
from shadow_operator.core.rules.one_pass import Pass
from shadow_operator.core.standstill import why_nothing_advances

_MOST_OVERRULED = 40


def force_promote(run: Pass, command: Command) -> Pass:
    """Make a challenger champion whatever its gates say; the watch after it is that of any promotion."""
    why_not = _why_not(run, command)
    if why_not is not None:
        return refused(run, command, why_not)
    name = command.challenger or ""
    open_gates = [result.sentence for result in run.results[name] if result.outcome is not Outcome.PASS]
    forced = ForcedStatus(by=command.by, reason=command.reason, overruled=open_gates[:_MOST_OVERRULED])
    run = run.changed(Reason.FORCED, f"{command.by} makes {name} champion over the gates: {command.reason}")
    return answered(promote(run, name, forced), command, f"{name} is promoted by force")


def _why_not(run: Pass, command: Command) -> str | None:
    racing = [line.name for line in roles.unfinished(run.status)]
    standstill = why_nothing_advances(run.spec, run.status, run.observed)
    if command.challenger not in racing:
        choice = ", ".join(racing) or "nobody, the race is over"
        return f"name the challenger, one of {choice}, as in force-promote/1/NAME"
    if not command.reason:
        return f"the annotation {COMMAND_REASON_ANNOTATION} has no reason: say why, it is kept in the ledger"
    if standstill is not None:
        return str(standstill)
    if run.status.watch is not None:
        return f"{roles.champion_of(run.spec, run.status)} was just promoted and is watched: roll it back first"
    if not run.observed.ready(command.challenger):
        return f"the pods of {command.challenger} are not ready"
    return None
