"""When a shadow begins, and when it ends without a promotion."""

from shadow_operator.api.gates import GateRole
from shadow_operator.api.status import ChallengerStatus, Stage
from shadow_operator.core import roles
from shadow_operator.core.events import Reason
from shadow_operator.core.moment import from_text, to_text
from shadow_operator.core.observed import RouteState
from shadow_operator.core.report import waits_for_shadow
from shadow_operator.core.rules.one_pass import Pass
from shadow_operator.core.score import Consent, score


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
    """End the run of a challenger that is worse within the error budget, or whose score is too low in the end."""
    for challenger in run.status.challengers:
        why = _why_rejected(run, challenger) if challenger.stage is Stage.SHADOW else None
        if why is not None:
            message = f"{challenger.name} is rejected: {why}"
            run = run.changed(Reason.REJECTED, message, challengers=run.with_stage(challenger.name, Stage.REJECTED))
    return run


def _why_rejected(run: Pass, challenger: ChallengerStatus) -> str | None:
    results, levels = run.results[challenger.name], run.spec.promotion.score
    final = [result for result in results if result.final and result.role is GateRole.PRIMARY]
    if final:
        return final[0].sentence
    if (
        levels is None
        or not _has_done_its_shadow(run, challenger)
        or run.consent(challenger.name) is not Consent.REFUSED
    ):
        return None
    return f"its score is {score(results)}, at least {levels.review} is needed to ask a person"


def ask_for_review(run: Pass) -> Pass:
    """Ask a person about each challenger whose score is good, but not good enough to go on by itself."""
    for challenger in run.status.challengers:
        asks = (
            challenger.stage is Stage.SHADOW
            and _has_done_its_shadow(run, challenger)
            and run.consent(challenger.name) is Consent.PERSON
        )
        if asks is (challenger.review_since is not None):
            continue
        lines = run.with_line(challenger.name, review_since=to_text(run.now) if asks else None)
        if not asks:
            run = run.changed(challengers=lines)
            continue
        reached = score(run.results[challenger.name])
        message = f"{challenger.name} has a score of {reached} and waits for a person to promote or reject it"
        run = run.changed(Reason.APPROVAL_NEEDED, message, challengers=lines)
    return run


def _has_done_its_shadow(run: Pass, challenger: ChallengerStatus) -> bool:
    evidence = run.observed.evidence.get(challenger.name)
    return evidence is not None and waits_for_shadow(run.spec, challenger, evidence.trades, run.now) is None
