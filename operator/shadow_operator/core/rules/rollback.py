"""A share that the guard took back is written down."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from shadow_operator.api.status import (
    ChampionStatus,
    FallenStatus,
    RollbackStatus,
    Stage,
    Status,
)
from shadow_operator.core import roles
from shadow_operator.core.command import Command
from shadow_operator.core.events import Event, Reason
from shadow_operator.core.guardrails import Motive, Rollback
from shadow_operator.core.moment import from_text, to_text
from shadow_operator.core.rules.answer import answered
from shadow_operator.core.rules.kill_switch import with_stop
from shadow_operator.core.rules.one_pass import Pass
from shadow_operator.core.trading import stop_of


def rolled_back(status: Status, rollback: Rollback, now: datetime) -> Status:
    """The status after the guard took a share back.

    A breach ends the challenger's run. A blind canary only steps back into shadow: missing data is no failure of it.
    """
    is_canary = status.canary is not None and status.canary.challenger == rollback.model
    is_watched = status.watch is not None and not is_canary and roles.champion_name(status) == rollback.model
    if not is_canary and not is_watched:
        return status
    stage = Stage.SHADOW if rollback.motive is Motive.BLIND and is_canary else Stage.ROLLED_BACK
    record = RollbackStatus(
        guardrail=rollback.guardrail,
        value=rollback.value,
        limit=rollback.limit,
        breached_at=to_text(rollback.breached_at),
        zero_at=to_text(rollback.zero_at or now),
    )
    update = {"stage": stage, "since": to_text(now), "waiting_for": None, "rollback": record}
    challengers = [c.model_copy(update=update) if c.name == rollback.model else c for c in status.challengers]
    fields: dict[str, Any] = {"challengers": challengers, "canary": None}
    if is_watched and status.watch is not None:
        fields |= {
            "watch": None,
            "fallen": FallenStatus(name=rollback.model, rollback=record),
            "champion": ChampionStatus(name=status.watch.standby, image=status.watch.standby_image, since=to_text(now)),
        }
    return status.model_copy(update=fields)


def record_rollback(run: Pass) -> Pass:
    """Take a rollback that the guard noted in the route over into the status."""
    mark = run.observed.route.rollback
    guarded = roles.under_guard(run.status)
    if mark is None or mark.model != guarded or _is_of_an_earlier_run(mark, run.status):
        return run
    status = rolled_back(run.status, mark, run.now)
    reason = Reason.STEPPED_BACK if mark.motive is Motive.BLIND else Reason.ROLLED_BACK
    run = replace(run, status=status, events=(*run.events, Event(reason, mark.sentence)))
    stop = stop_of(mark)
    if stop is not None:
        return with_stop(run, stop)
    if not mark.command or mark.command in run.status.heard:
        return run
    return answered(run, Command(mark.command, mark.value), f"{mark.model} was taken out of the traffic")


def _is_of_an_earlier_run(mark: Rollback, status: Status) -> bool:
    """Whether a canary that has just begun sees the note of its last rollback, which the route is yet to lose.

    Once the route was seen to give a share, a note on it is of this run, whatever the clocks say.
    """
    canary, challenger = status.canary, status.challenger(mark.model)
    if canary is None or challenger is None or canary.step > 1 or canary.since is not None:
        return False
    return mark.breached_at < from_text(challenger.since)
