"""That the guard stopped trading is written down."""

from dataclasses import replace

from shadow_operator.core.command import Command
from shadow_operator.core.events import Reason
from shadow_operator.core.rules.answer import answered
from shadow_operator.core.rules.one_pass import Pass
from shadow_operator.core.trading import Stop, stopped


def record_stop(run: Pass) -> Pass:
    """Take over into the status that the guard stopped trading without a rollback."""
    return run if run.observed.stop is None else with_stop(run, run.observed.stop)


def with_stop(run: Pass, stop: Stop) -> Pass:
    """The pass with trading stopped, and the command for it answered; a stop that is known is not told again."""
    if run.status.stopped is not None:
        return run
    run = run.changed(Reason.TRADING_STOPPED, f"{stop.by} stopped trading: {stop.why}")
    run = replace(run, status=stopped(run.status, stop))
    if not stop.command or stop.command in run.status.heard:
        return run
    return answered(run, Command(stop.command, stop.by), "trading is stopped")
