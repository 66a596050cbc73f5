"""What was seen of the world in one pass. Missing means unknown, and unknown never advances anything."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from shadow_operator.api.rollout import Spec
from shadow_operator.api.status import Status
from shadow_operator.core.command import Command
from shadow_operator.core.dataset_check import DatasetCheck, PresentCheck
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.guardrails import Judgement, Rollback
from shadow_operator.core.lifecycle import ProductionClaim
from shadow_operator.core.split import Split
from shadow_operator.core.trading import Stop


class RouteState(StrEnum):
    """What the gateway says of the route."""

    ABSENT = "Absent"
    PROGRAMMED = "Programmed"
    WAITING = "Waiting"
    REFUSED = "Refused"


@dataclass(frozen=True, slots=True)
class Route:
    """The route as the gateway has it.

    Attributes:
        state: Programmed only when every parent accepted and resolved it at its current generation.
        split: the shares that it gives; None when it is absent or gives shares that the operator never asked for.
        message: what the gateway says when it is not programmed.
        rollback: a rollback that the guard wrote into the route in the same patch as the weights.
        is_foreign: somebody else's route has the name that the rollout's would have; it is left alone.
        resource_version: for a write that must not overtake another one.

    """

    state: RouteState = RouteState.ABSENT
    split: Split | None = None
    message: str = ""
    rollback: Rollback | None = None
    is_foreign: bool = False
    resource_version: str | None = None


@dataclass(frozen=True, slots=True)
class Workload:
    """The pods of one model.

    Attributes:
        ready: every pod that is asked for is there, and is of the newest template.
        message: why it is not ready.
        check: the check of its data that the Deployment has.

    """

    ready: bool
    message: str = ""
    check: PresentCheck | None = None


@dataclass(frozen=True, slots=True)
class GoodEntry:
    """A ledger entry at which the champion stood alone and everything was accepted.

    Attributes:
        entry: its name.
        spec: what was asked for then.
        status: where the rollout stood after it.

    """

    entry: str
    spec: Spec
    status: Status


@dataclass(frozen=True, slots=True)
class MetricsHealth:
    """Whether the last look at the metrics worked."""

    available: bool
    message: str


@dataclass(frozen=True, slots=True)
class Observed:
    """One pass's view of the world.

    Attributes:
        route: the route as the gateway has it.
        workloads: the pods of each model.
        evidence: what is known of each challenger.
        metrics: whether the metrics could be read.
        judgement: what the guard said last.
        command: what a person asks.
        datasets: the data of each model that names a dataset.
        production: whether the champion is the Production model of its strategy; None where it is not registered.
        frozen: why nothing in the whole fleet may advance, None while it may.
        stop: that the guard stopped trading and no status knows of it yet.
        good: the ledger entry that a person goes back to, or went back to; None where nobody asked.

    """

    route: Route = field(default_factory=Route)
    workloads: Mapping[str, Workload] = field(default_factory=dict)
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    metrics: MetricsHealth = MetricsHealth(available=False, message="the metrics have not been read yet")
    judgement: Judgement | None = None
    command: Command | None = None
    frozen: str | None = None
    stop: Stop | None = None
    good: GoodEntry | None = None
    datasets: Mapping[str, DatasetCheck] = field(default_factory=dict)
    production: ProductionClaim | None = None

    def ready(self, model: str) -> bool:
        """Whether the model's pods were seen to be ready."""
        workload = self.workloads.get(model)
        return workload is not None and workload.ready

    @property
    def present_checks(self) -> Mapping[str, PresentCheck]:
        """The check of its data that each ready Deployment has; one that never got ready may have a broken one."""
        return {name: each.check for name, each in self.workloads.items() if each.check is not None and each.ready}

    def has_its_data(self, model: str) -> bool:
        """Whether the model runs on the data that it names, or on other data that was allowed; true without a name."""
        check = self.datasets.get(model)
        return check is None or check.lets_advance
