"""When a shadow begins, and when it ends without a promotion."""

from shadow_operator.api.gates import GateRole
from shadow_operator.api.status import (
    Stage,
)
from shadow_operator.core import roles
from shadow_operator.core.events import Reason
from shadow_operator.core.moment import from_text, to_text
from shadow_operator.core.observed import RouteState
from shadow_operator.core.rules.one_pass import Pass


def start_shadows(run: Pass) -> Pass:
    """Begin the shadow of each challenger that the route mirrors to and whose pods, and the champion's, are ready."""
    route = run.observed.route
    if route.state is not RouteState.PROGRAMMED or route.split is None:
        return run
    for challenger in run.status.challengers:
        mirrored = challenger.name in route.split.mirrors
        # In the pass that took up a new image, the pods that were seen are still those of the old one.
        is_new = from_text(challenger.since) >= run.now
        if challenger.stage is Stage.PENDING and mirrored and not is_new and _pair_is_ready(run, challenger.name):
            run = run.changed(
                Reason.SHADOW_STARTED,
                f"{challenger.name} sees {route.split.mirrors[challenger.name]} percent of the requests, acts on none",
                challengers=run.with_stage(challenger.name, Stage.SHADOW, shadow_since=to_text(run.now)),
            )
    return run


def _pair_is_ready(run: Pass, challenger: str) -> bool:
    return run.observed.ready(challenger) and run.observed.ready(roles.champion_of(run.spec, run.status))


def reject(run: Pass) -> Pass:
    """End the run of a challenger that is worse within the error budget."""
    for challenger in run.status.challengers:
        final = [result for result in run.results[challenger.name] if result.final and result.role is GateRole.PRIMARY]
        if challenger.stage is Stage.SHADOW and final:
            message = f"{challenger.name} is rejected: {final[0].sentence}"
            run = run.changed(Reason.REJECTED, message, challengers=run.with_stage(challenger.name, Stage.REJECTED))
    return run
