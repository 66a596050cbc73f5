"""What a command takes back: the same for the guard, which does it at once, and for the pass that writes it down."""

from datetime import datetime

from shadow_operator.api.guardrails import GuardrailAction
from shadow_operator.api.status import Status
from shadow_operator.core import roles
from shadow_operator.core.command import Command, Verb
from shadow_operator.core.guardrails import COMMANDED, Motive, Rollback

_FIGURE = 40
_ACTIONS = {
    Verb.ROLLBACK: GuardrailAction.ROLLBACK,
    Verb.ROLLBACK_FULL: GuardrailAction.ROLLBACK,
    Verb.STOP_TRADING: GuardrailAction.STOP_TRADING,
}


def acting(status: Status) -> str | None:
    """Whoever has something that can be taken back: the canary, or a champion whose standby still runs."""
    if status.canary is not None:
        return status.canary.challenger
    return None if status.watch is None else roles.champion_name(status)


def share_taken_by(command: Command, status: Status, now: datetime) -> Rollback | None:
    """The share that the command takes back, None where it takes none or nobody has one."""
    model = acting(status)
    if model is None or command.verb not in _ACTIONS or command.challenger not in {None, model}:
        return None
    return Rollback(
        model,
        COMMANDED,
        Motive.COMMAND,
        command.by[:_FIGURE],
        "none",
        breached_at=now,
        action=_ACTIONS[command.verb],
        command=command.text,
    )
