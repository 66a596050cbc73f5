"""What was seen of the world in one pass. Missing means unknown, and unknown never advances anything."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from shadow_operator.core.command import Command
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.guardrails import Judgement, Rollback
from shadow_operator.core.split import Split


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
    """The pods of one model."""

    ready: bool
    message: str = ""


@dataclass(frozen=True, slots=True)
class MetricsHealth:
    """Whether the last look at the metrics worked."""

    available: bool
    message: str


@dataclass(frozen=True, slots=True)
class Observed:
    """One pass's view of the world.

    `frozen` says why nothing in the whole fleet may advance, None while it may.
    """

    route: Route = field(default_factory=Route)
    workloads: Mapping[str, Workload] = field(default_factory=dict)
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    metrics: MetricsHealth = MetricsHealth(available=False, message="the metrics have not been read yet")
    judgement: Judgement | None = None
    command: Command | None = None
    frozen: str | None = None

    def ready(self, model: str) -> bool:
        """Whether the model's pods were seen to be ready."""
        workload = self.workloads.get(model)
        return workload is not None and workload.ready
