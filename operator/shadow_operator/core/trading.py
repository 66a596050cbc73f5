"""The kill switch: nobody trades, whatever role the policy gives a model, until a person lets trading go on."""

from dataclasses import dataclass
from datetime import datetime

from shadow_operator.api.guardrails import GuardrailAction
from shadow_operator.api.status import Status, StoppedStatus
from shadow_operator.core.guardrails import Motive, Rollback
from shadow_operator.core.moment import to_text


@dataclass(frozen=True, slots=True)
class Stop:
    """Trading was stopped.

    Attributes:
        by: the person, the guardrail or the alert.
        why: in a sentence.
        at: when.
        command: the command that asked for it, empty for a guardrail.

    """

    by: str
    why: str
    at: datetime
    command: str = ""


def stop_of(rollback: Rollback) -> Stop | None:
    """The stop that comes with a rollback, None where it takes back a share and nothing else."""
    if rollback.action is not GuardrailAction.STOP_TRADING:
        return None
    if rollback.command:
        return Stop(rollback.value, f"command {rollback.command}", rollback.breached_at, rollback.command)
    if rollback.motive is Motive.ALERT:
        return Stop(f"alert {rollback.value}", f"it fires for {rollback.model}", rollback.breached_at)
    why = f"{rollback.guardrail} of {rollback.model} is {rollback.value}, at most {rollback.limit} is allowed"
    return Stop(f"guardrail {rollback.guardrail}", why, rollback.breached_at)


def stopped(status: Status, stop: Stop) -> Status:
    """The status with trading stopped; a stop that is known stays the one that it is."""
    if status.stopped is not None:
        return status
    return status.model_copy(update={"stopped": StoppedStatus(by=stop.by, why=stop.why[:1024], since=to_text(stop.at))})
