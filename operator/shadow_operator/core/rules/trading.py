"""The kill switch by command: stop-trading and start-trading."""

from dataclasses import replace

from shadow_operator.core.command import Command
from shadow_operator.core.events import Reason
from shadow_operator.core.rules.answer import answered, refused
from shadow_operator.core.rules.kill_switch import with_stop
from shadow_operator.core.rules.one_pass import Pass
from shadow_operator.core.rules.rollback import rolled_back
from shadow_operator.core.take_back import share_taken_by
from shadow_operator.core.trading import Stop


def stop_trading(run: Pass, command: Command) -> Pass:
    """Let nobody trade, and take back the share of whoever acts."""
    if run.status.stopped is not None:
        return refused(run, command, f"{run.status.stopped.by} stopped trading before")
    share = share_taken_by(command, run.status, run.now)
    if share is not None:
        run = replace(run, status=rolled_back(run.status, share, run.now))
    return with_stop(run, Stop(command.by, command.reason or f"command {command.text}", run.now, command.text))


def start_trading(run: Pass, command: Command) -> Pass:
    """Let the champion trade again."""
    if run.status.stopped is None:
        return refused(run, command, "trading is not stopped")
    run = run.changed(Reason.TRADING_STARTED, f"{command.by} lets trading go on", stopped=None)
    return answered(run, command, "trading goes on")
