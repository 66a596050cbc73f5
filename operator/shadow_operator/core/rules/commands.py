"""What people ask for is done or refused once, and answered."""

from collections.abc import Callable, Mapping

from shadow_operator.core.command import ACCEPTED, Command, Verb, is_heard
from shadow_operator.core.pin import why_not_back
from shadow_operator.core.rules.activation import activate
from shadow_operator.core.rules.answer import refused
from shadow_operator.core.rules.approval import approve, reject
from shadow_operator.core.rules.forced import force_promote
from shadow_operator.core.rules.one_pass import Pass
from shadow_operator.core.rules.pause import pause, resume
from shadow_operator.core.rules.restart import reset, retry
from shadow_operator.core.rules.take_back import take_back
from shadow_operator.core.rules.trading import start_trading, stop_trading

_DONE_BY: Mapping[Verb, Callable[[Pass, Command], Pass]] = {
    Verb.PROMOTE: approve,
    Verb.REJECT: reject,
    Verb.PAUSE: pause,
    Verb.RESUME: resume,
    Verb.ROLLBACK: take_back,
    # The status holds the former champion's image, and the policy follows from the status: weights bring all of it.
    Verb.ROLLBACK_FULL: take_back,
    Verb.ROLLBACK_NUCLEAR: lambda run, command: refused(run, command, why_not_back(run.observed) or ""),
    Verb.RETRY: retry,
    Verb.RESET: reset,
    Verb.FORCE_PROMOTE: force_promote,
    Verb.ACTIVATE: activate,
    Verb.STOP_TRADING: stop_trading,
    Verb.START_TRADING: start_trading,
}

_TAKES_AWAY = frozenset({Verb.REJECT, Verb.PAUSE, Verb.ROLLBACK, Verb.ROLLBACK_FULL, Verb.STOP_TRADING})


def hear_command(run: Pass) -> Pass:
    """Do what the newest command asks, or say why not. One that was answered is not heard again."""
    command = run.observed.command
    if command is None or is_heard(command, run.status):
        return run
    if command.verb is None:
        return refused(run, command, f'"{command.text}" is no command: {ACCEPTED}')
    return _DONE_BY[command.verb](run, command)


def hear_reset(run: Pass) -> Pass:
    """Do what a reset asks. It comes before the terms are checked, since it is the way to change them."""
    command = run.observed.command
    return hear_command(run) if command is not None and command.verb is Verb.RESET else run


def hear_take_back(run: Pass) -> Pass:
    """Do what a command asks that only takes away: it works whatever else can't be carried out."""
    command = run.observed.command
    return hear_command(run) if command is not None and command.verb in _TAKES_AWAY else run
