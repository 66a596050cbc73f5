"""Where a rollout can stand, as the operator writes it, and what GitOps tools are to make of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from shadow_operator.api.status import ConditionStatus, Status
from shadow_operator.core.adopt import Refusal
from shadow_operator.core.guardrails import Hold
from shadow_operator.core.machine import refuse
from shadow_operator.core.observed import MetricsHealth, RouteState
from shadow_operator.core.registry import resolve
from shadow_operator.core.split import Split
from tests.world.evidence import undecided, worse
from tests.world.journeys import CHAMPION, FIRST, SECOND, START, Journey, in_canary, in_shadow, watched
from tests.world.manifests import REMOVED, Manifest, changed, valid_manifest
from tests.world.rollouts import as_stored, spec_of

_MANUAL = {"promotion.mode": "Manual"}
_V7 = {"name": CHAMPION, "image": "models/momentum:7"}
_V8 = {"name": FIRST, "image": "models/momentum:8"}
_CAUGHT_UP = {"champion": _V8, "challengers[0]": _V7}
_THIRD = {"champion": {"name": "momentum-v9", "image": "models/momentum:9"}}
_BY_REFERENCE = {"champion.image": REMOVED, "champion.modelVersionRef": {"name": "momentum-7"}}
_SCORED = {
    "gates": [
        {"name": "mean", "test": "PairedMean"},
        {"name": "drawdown", "test": "MaxDrawdown", "ratio": "90%"},
        {"name": "factor", "test": "ProfitFactor", "atLeast": "1"},
    ],
    "promotion.score": {},
    "errorBudget.plannedSamples": 1000,
}


class KStatus(StrEnum):
    """What kstatus says of an object: what Flux and Helm 4 wait for."""

    CURRENT = "Current"
    IN_PROGRESS = "InProgress"
    FAILED = "Failed"
    TERMINATING = "Terminating"


class Health(StrEnum):
    """What Argo CD says of an object."""

    HEALTHY = "Healthy"
    PROGRESSING = "Progressing"
    DEGRADED = "Degraded"


@dataclass(frozen=True)
class Standing:
    """One place where a rollout can stand.

    Attributes:
        name: names the file of Argo CD's case.
        words: how docs/gitops.md names it.
        kstatus: what kstatus is to say.
        health: what Argo CD is to say; None where Argo CD decides by itself.
        ready: the condition Ready; None while there is none.
        reach: how the rollout comes there; a function, since getting there takes many passes.
        edits: how its manifest differs from the valid one.
        metadata: what the API server has in its metadata besides the usual.

    """

    name: str
    words: str
    kstatus: KStatus
    health: Health | None
    ready: ConditionStatus | None
    reach: Callable[[], Status]
    edits: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def stored(self) -> Manifest:
        """The object as the API server returns it."""
        manifest = as_stored(changed(valid_manifest(), {f"spec.{path}": value for path, value in self.edits.items()}))
        manifest["metadata"] |= {"resourceVersion": "48213", **self.metadata}
        return manifest | {"status": self.reach().model_dump(by_alias=True, exclude_none=True, mode="json")}


def _unseen() -> Status:
    """No status at all: the API server puts in the default of the definition, which is that of the model."""
    return Status()


def _waiting_for_pods() -> Status:
    journey = Journey(unready={FIRST})
    journey.look()
    return journey.status


def _waiting_for_the_gateway() -> Status:
    journey = Journey(route=RouteState.REFUSED)
    journey.look()
    return journey.status


def _blind_in_shadow() -> Status:
    journey = in_shadow()
    journey.metrics = MetricsHealth(available=False, message="http://prometheus:9090 does not answer")
    journey.look()
    return journey.status


def _suspended() -> Status:
    journey = in_shadow()
    journey.spec = spec_of({"suspend": True})
    journey.look()
    return journey.status


def _held() -> Status:
    journey = in_canary()
    journey.hold = Hold("blind", "blind: freshness is 90s, at most 60s is allowed", None)
    journey.look()
    return journey.status


def _awaiting_approval() -> Status:
    journey = in_canary(spec_of(_MANUAL))
    while journey.status.canary is not None and journey.status.canary.awaiting_since is None:
        journey.wait("1d").look()
    return journey.status


def _asked_about_a_score() -> Status:
    journey = in_shadow(spec_of(_SCORED))
    journey.evidence[FIRST] = undecided()
    journey.wait("14d").look()
    # The score is due once the planned samples are in the status.
    journey.look()
    return journey.status


def _promoting() -> Status:
    journey = in_canary()
    while journey.status.canary is not None:
        # The gateway gives what the last pass asked for, and not yet what this one asks for.
        journey.wait("1d").look()
    journey.split = Split({CHAMPION: 50, FIRST: 50}, {SECOND: 25})
    journey.look()
    return journey.status


def _adopted() -> Status:
    journey = watched()
    journey.spec = spec_of(_CAUGHT_UP)
    journey.look()
    return journey.status


def _completed() -> Status:
    journey = watched()
    journey.wait("7d").look()
    return journey.status


def _all_rejected() -> Status:
    journey = in_shadow()
    journey.evidence |= {FIRST: worse(), SECOND: worse()}
    journey.look()
    return journey.status


def _one_rejected() -> Status:
    journey = in_shadow()
    journey.evidence[FIRST] = worse()
    journey.look()
    return journey.status


def _one_rolled_back() -> Status:
    return _after_a_breach().status


def _last_rolled_back() -> Status:
    journey = _after_a_breach()
    journey.evidence[SECOND] = worse()
    journey.look()
    return journey.status


def _after_a_breach() -> Journey:
    journey = in_canary()
    journey.mark = journey.breach(FIRST)
    journey.look()
    journey.mark = None
    return journey


def _fallen() -> Status:
    journey = watched()
    journey.spec = spec_of(_CAUGHT_UP)
    journey.look()
    journey.mark = journey.breach(FIRST)
    journey.look()
    return journey.status


def _third_model() -> Status:
    journey = watched()
    journey.spec = spec_of(_THIRD)
    assert journey.look().refused
    return journey.status


def _missing_model() -> Status:
    refusal = resolve(spec_of(_BY_REFERENCE), {})
    assert isinstance(refusal, Refusal)
    return refuse(refusal.reason, refusal.message, 1, in_shadow().status, START).status


_TRUE, _FALSE, _UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN
_CURRENT, _IN_PROGRESS, _FAILED = KStatus.CURRENT, KStatus.IN_PROGRESS, KStatus.FAILED
_HEALTHY, _PROGRESSING, _DEGRADED = Health.HEALTHY, Health.PROGRESSING, Health.DEGRADED

STANDINGS = (
    Standing("unseen", "applied, not yet seen by the operator", _IN_PROGRESS, _PROGRESSING, None, _unseen),
    Standing(
        "changed",
        "changed, not yet seen by the operator",
        _IN_PROGRESS,
        _PROGRESSING,
        _TRUE,
        lambda: in_shadow().status,
        metadata={"generation": 2},
    ),
    Standing("pending", "Pending: pods", _IN_PROGRESS, _PROGRESSING, _UNKNOWN, _waiting_for_pods),
    Standing(
        "pending-route", "Pending: the gateway refuses", _IN_PROGRESS, _PROGRESSING, _UNKNOWN, _waiting_for_the_gateway
    ),
    Standing("shadowing", "Shadowing", _CURRENT, _HEALTHY, _TRUE, lambda: in_shadow().status),
    Standing("shadowing-blind", "Shadowing, blind", _CURRENT, _HEALTHY, _TRUE, _blind_in_shadow),
    Standing("suspended", "suspended", _CURRENT, _HEALTHY, _TRUE, _suspended, {"suspend": True}),
    Standing("canary", "Canary", _CURRENT, _HEALTHY, _TRUE, lambda: in_canary().status),
    Standing("canary-held", "Canary, held by a guardrail", _CURRENT, _HEALTHY, _TRUE, _held),
    Standing(
        "awaiting-approval", "AwaitingApproval: the canary", _CURRENT, _HEALTHY, _TRUE, _awaiting_approval, _MANUAL
    ),
    Standing("in-review", "AwaitingApproval: a score", _CURRENT, _HEALTHY, _TRUE, _asked_about_a_score, _SCORED),
    Standing("promoting", "Promoting", _IN_PROGRESS, _PROGRESSING, _UNKNOWN, _promoting),
    Standing("watching", "Watching", _CURRENT, _HEALTHY, _TRUE, lambda: watched().status),
    Standing("adopted", "Watching, and Git has caught up", _CURRENT, _HEALTHY, _TRUE, _adopted, _CAUGHT_UP),
    Standing("completed", "Completed", _CURRENT, _HEALTHY, _TRUE, _completed),
    Standing("one-rejected", "one rejected, the others go on", _CURRENT, _HEALTHY, _TRUE, _one_rejected),
    Standing("rejected", "Rejected: no challenger was better", _CURRENT, _HEALTHY, _TRUE, _all_rejected),
    Standing("one-rolled-back", "one rolled back, the others go on", _CURRENT, _HEALTHY, _TRUE, _one_rolled_back),
    Standing("rolled-back", "RolledBack: the last challenger", _FAILED, _DEGRADED, _FALSE, _last_rolled_back),
    Standing("fallen", "RolledBack: a champion, in its watch", _FAILED, _DEGRADED, _FALSE, _fallen, _CAUGHT_UP),
    Standing("third-model", "the manifest names a third model", _FAILED, _DEGRADED, _FALSE, _third_model, _THIRD),
    Standing("missing-model", "a ModelVersion is missing", _FAILED, _DEGRADED, _FALSE, _missing_model, _BY_REFERENCE),
    Standing(
        "deleting",
        "being deleted",
        KStatus.TERMINATING,
        None,
        _TRUE,
        lambda: in_shadow().status,
        metadata={"deletionTimestamp": "2026-03-02T09:00:00Z"},
    ),
)
BY_NAME = {standing.name: standing for standing in STANDINGS}
