"""The time after a promotion."""

from shadow_operator.core import roles
from shadow_operator.core.events import Reason
from shadow_operator.core.moment import from_text, to_text
from shadow_operator.core.observed import RouteState
from shadow_operator.core.rules.hold import held, resumed
from shadow_operator.core.rules.one_pass import Pass
from shadow_operator.core.split import WHOLE
from shadow_operator.core.standstill import why_nothing_advances


def watch_champion(run: Pass) -> Pass:
    """Watch the new champion from when all traffic reaches it, and keep it when the time is over."""
    watch = run.status.watch
    if watch is None or watch.completed is not None:
        return run
    route = run.observed.route
    champion = roles.champion_of(run.spec, run.status)
    arrived = route.state is RouteState.PROGRAMMED and route.split is not None
    if watch.since is None:
        reached = arrived and route.split is not None and route.split.weights == {champion: WHOLE}
        return run.changed(watch=watch.model_copy(update={"since": to_text(run.now)})) if reached else run
    judgement = run.observed.judgement
    if judgement is None or judgement.signals.model != champion or judgement.rollback is not None:
        return run
    hold = judgement.hold
    if hold is not None and held(watch, hold, run.now) == watch:
        return run
    watch = resumed(watch, run.now)
    if hold is not None:
        return run.changed(watch=held(watch, hold, run.now))
    # A watch that goes on is the safe side: while it lasts, a broken guardrail goes back to the standby.
    is_still = why_nothing_advances(run.spec, run.status, run.observed) is not None
    if is_still or watch.since is None or run.now - from_text(watch.since) < run.spec.promotion.watch.timedelta:
        return run.changed(watch=watch)
    return run.changed(
        Reason.COMPLETED,
        f"{champion} was watched for {run.spec.promotion.watch} and stays champion",
        watch=watch.model_copy(update={"completed": to_text(run.now)}),
    )
