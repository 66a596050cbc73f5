"""What people read in the status: a line a challenger, and one sentence for the whole."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime

from shadow_operator.api.gates import GateRole
from shadow_operator.api.rollout import Spec
from shadow_operator.api.status import (
    CanaryStatus,
    ChallengerStatus,
    DatasetFinding,
    FallenStatus,
    Phase,
    Stage,
    Status,
)
from shadow_operator.core import roles
from shadow_operator.core.command import COMMAND_ANNOTATION
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.gates import GateResult, Outcome
from shadow_operator.core.guardrails import ALERTED, COMMANDED
from shadow_operator.core.moment import from_text
from shadow_operator.core.observed import Observed, RouteState
from shadow_operator.core.score import score
from shadow_operator.core.standstill import Standstill, why_nothing_advances

_ASKED = f"set the annotation {COMMAND_ANNOTATION} to promote/<nonce> or reject/<nonce>"


def challenger_line(
    spec: Spec,
    status: Status,
    challenger: ChallengerStatus,
    observed: Observed,
    results: Sequence[GateResult],
    now: datetime,
) -> ChallengerStatus:
    """The challenger's line with its newest figures. A finished one keeps those that it was judged by."""
    evidence = observed.evidence.get(challenger.name)
    if challenger.stage not in roles.UNFINISHED:
        return challenger.model_copy(update={"rank": None})
    stopped = _stopped_by_its_data(status, challenger.name)
    if evidence is None and stopped is not None:
        return challenger.model_copy(update={"waiting_for": stopped})
    if evidence is None:
        return challenger.model_copy(update={"waiting_for": "its first sample"})
    low, high = evidence.mean.confidence_interval()
    return challenger.model_copy(
        update={
            "samples": evidence.mean.samples,
            "trades": evidence.trades,
            "effect": figure(evidence.mean.effect),
            "interval": None if None in (figure(low), figure(high)) else [figure(low), figure(high)],
            "pvalue": figure(evidence.pvalue_mean),
            "verdict": evidence.mean.verdict.value,
            "evidence": progress(evidence, spec.error_budget.alpha.fraction),
            "score": None if spec.promotion.score is None else score(results),
            "waiting_for": stopped or _waiting_for(spec, status, challenger, observed, results, now),
        }
    )


_STOPPING = frozenset({DatasetFinding.MISMATCHED, DatasetFinding.UNREADABLE})


def _stopped_by_its_data(status: Status, model: str) -> str | None:
    """Why the model does not start on the data that it was given; None where it does, or nobody knows yet."""
    known = status.dataset(model)
    if known is None or known.finding not in _STOPPING:
        return None
    return f"the data that it names: {known.message}"[:1024]


def figure(value: float) -> str | None:
    """Four significant digits, None for what is not known yet; the API has no floats."""
    return f"{value:.4g}" if math.isfinite(value) else None


def progress(evidence: Evidence, alpha: float) -> str:
    """How far the p-value has come on the way to alpha, on the scale on which evidence adds up (its logarithm)."""
    reached = math.log(max(evidence.pvalue_mean, 1e-300)) / math.log(alpha)
    return f"{abs(min(max(reached, 0.0), 1.0)):.0%}"


def waits_for_shadow(spec: Spec, challenger: ChallengerStatus, trades: int, now: datetime) -> str | None:
    """What the shadow phase still asks of the challenger, None when it has all."""
    if challenger.shadow_since is None:
        return "the route to mirror to it"
    spent = now - from_text(challenger.shadow_since)
    if spent < spec.shadow.min_duration.timedelta:
        return f"{spec.shadow.min_duration} in shadow, {_spoken(spent.total_seconds())} so far"
    if trades < spec.shadow.min_trades:
        return f"{spec.shadow.min_trades} trades, {trades} so far"
    return None


def _spoken(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{int(seconds // length)}{unit}"
    return f"{int(max(seconds, 0))}s"


def _waiting_for(
    spec: Spec,
    status: Status,
    challenger: ChallengerStatus,
    observed: Observed,
    results: Sequence[GateResult],
    now: datetime,
) -> str | None:
    standstill = why_nothing_advances(spec, status, observed)
    if challenger.stage is Stage.PENDING:
        return "its pods and the route"
    open_gates = [r.sentence for r in results if r.role is GateRole.PRIMARY and r.outcome is not Outcome.PASS]
    if challenger.stage is Stage.CANARY:
        return "; ".join(open_gates)[:1024] or (None if standstill is None else standstill.ends_with)
    missing = waits_for_shadow(spec, challenger, observed.evidence[challenger.name].trades, now)
    reasons = [*([] if missing is None else [missing]), *open_gates]
    return "; ".join(reasons)[:1024] or _waits_for_the_canary(spec, status, standstill)


def _waits_for_the_canary(spec: Spec, status: Status, standstill: Standstill | None) -> str:
    if standstill is not None:
        return standstill.ends_with
    champion = roles.champion_of(spec, status)
    if status.canary is not None:
        return f"the canary to be free: {status.canary.challenger} has it"
    if spec.champion.name != champion:
        return f"the manifest: it names {spec.champion.name} champion, which is {champion} now"
    return "the canary to be free" if status.watch is None else f"the watch of {champion} to end"


def strength(evidence: Evidence, name: str) -> tuple[float, float, str]:
    """Sorts the strongest evidence first: the smallest p-value, then the largest effect, then the name."""
    effect = evidence.mean.effect
    return evidence.pvalue_mean, -effect if math.isfinite(effect) else math.inf, name


def ranked(challengers: Sequence[ChallengerStatus], evidence: Mapping[str, Evidence]) -> list[ChallengerStatus]:
    """The challengers, in their order, with the place of each that is in the race and was compared."""
    racing = [c.name for c in challengers if c.stage in roles.UNFINISHED and c.name in evidence]
    places = {name: place for place, name in enumerate(sorted(racing, key=lambda n: strength(evidence[n], n)), 1)}
    return [c.model_copy(update={"rank": places.get(c.name)}) for c in challengers]


def leader(challengers: Sequence[ChallengerStatus], evidence: Mapping[str, Evidence]) -> ChallengerStatus | None:
    """The challenger that acts or was promoted, else the unfinished one with the strongest evidence."""
    for stage in (Stage.CANARY, Stage.PROMOTED):
        for challenger in challengers:
            if challenger.stage is stage:
                return challenger
    running = [c for c in challengers if c.stage in roles.SHADOWING and c.name in evidence]
    return min(running, key=lambda c: strength(evidence[c.name], c.name), default=None)


def sentence(
    spec: Spec,
    status: Status,
    phase: Phase,
    challengers: Sequence[ChallengerStatus],
    observed: Observed,
) -> str:
    """One sentence: what is going on, and what comes next."""
    said = _of_phase(spec, status, phase, challengers, observed)
    standstill = why_nothing_advances(spec, status, observed)
    said = said if standstill is None else f"{standstill.state}, nothing advances: {said}"
    if status.pinned is None:
        return said
    return f"held to ledger entry {status.pinned.entry} by {status.pinned.by} until the manifest changes; {said}"


def _of_phase(
    spec: Spec,
    status: Status,
    phase: Phase,
    challengers: Sequence[ChallengerStatus],
    observed: Observed,
) -> str:
    champion = roles.champion_of(spec, status)
    match phase:
        case Phase.PENDING:
            return _pending(spec, status, observed)
        case Phase.SHADOWING:
            count = sum(c.stage is Stage.SHADOW for c in challengers)
            return f"{count} of {len(challengers)} challengers in shadow of {champion}"
        case Phase.CANARY | Phase.AWAITING_APPROVAL:
            return _in_review(challengers) if status.canary is None else _acting(spec, status, status.canary)
        case Phase.PROMOTING:
            return f"{champion} is champion, the route follows"
        case Phase.WATCHING if status.watch is not None:
            return f"{champion} is champion and watched for {spec.promotion.watch}, {status.watch.standby} stands by"
        case Phase.COMPLETED:
            return f"{champion} is champion"
        case Phase.ROLLED_BACK if status.fallen is not None:
            fallen = _fallen(status.fallen)
            return f"{champion} is champion again: {fallen}; name {champion} spec.champion to go on"
        case Phase.ROLLED_BACK:
            return f"{champion} is champion; a challenger was rolled back: see status.challengers, then change one"
        case _:
            return f"{champion} is champion; no challenger was better"


def _fallen(fallen: FallenStatus) -> str:
    if fallen.rollback.guardrail in {COMMANDED, ALERTED}:
        return f"{fallen.name} was taken back by {fallen.rollback.value} after its promotion"
    return f"{fallen.name} broke {fallen.rollback.guardrail} after its promotion"


def _acting(spec: Spec, status: Status, canary: CanaryStatus) -> str:
    if canary.awaiting_since is not None:
        return f"{canary.challenger} has done everything and waits for a person: {_ASKED}"
    held = " and is held there" if canary.held_since else ""
    return f"{canary.challenger} acts on {roles.canary_percent(spec, status)} percent of the requests{held}"


def _in_review(challengers: Sequence[ChallengerStatus]) -> str:
    asked = ", ".join(challenger.name for challenger in challengers if challenger.review_since is not None)
    return f"the score of {asked} asks for a person: {_ASKED}/<challenger>"


def _pending(spec: Spec, status: Status, observed: Observed) -> str:
    waiting = [name for name in roles.roles(spec, status) if not observed.ready(name)]
    if waiting:
        return f"waiting for the pods of {', '.join(sorted(waiting))}{_why_not_ready(status, observed, waiting)}"
    if observed.route.state is not RouteState.PROGRAMMED:
        return f"waiting for the route: {observed.route.message or observed.route.state.value}"
    return "waiting for the first pass over the route"


def _why_not_ready(status: Status, observed: Observed, waiting: Sequence[str]) -> str:
    for name in waiting:
        stopped = _stopped_by_its_data(status, name)
        if stopped is not None:
            return f": {name} waits for {stopped}"
    workload = observed.workloads.get(waiting[0])
    return f": {workload.message}" if workload is not None and workload.message else ""
