"""`ShadowRollout`: what a team asks for."""

import re
from collections import Counter
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from shadow_operator.api.canary import Canary
from shadow_operator.api.error_budget import ErrorBudget
from shadow_operator.api.gates import Gate, GateGroup, GateRole, Rival
from shadow_operator.api.guardrails import Guardrail, default_guardrails
from shadow_operator.api.metrics import Metrics
from shadow_operator.api.model import Challenger, Model, ModelName, ObjectName
from shadow_operator.api.promotion import Promotion
from shadow_operator.api.quantities import CheckedText
from shadow_operator.api.schema import Resource, list_map, told_apart, validation
from shadow_operator.api.shadow import Shadow
from shadow_operator.api.status import Status
from shadow_operator.api.traffic import MAX_GATEWAY_MIRRORS, Traffic
from shadow_operator.api.workload import Workload

GROUP = "shadowrollouts.io"

VERSION = "v1alpha1"

KIND = "ShadowRollout"

PLURAL = "shadowrollouts"

API_VERSION = f"{GROUP}/{VERSION}"

MAX_CHALLENGERS = 20


class RolloutName(CheckedText):
    """The name of a rollout, which begins the names of its Services: those begin with a letter (RFC 1035)."""

    __slots__ = ()

    form = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
    accepted = (
        "is not a name of a rollout: write at most 54 lower case letters, digits and hyphens, with a letter first "
        "and a letter or digit last"
    )
    # The longest name with `-champion` behind it that a Service may have.
    longest = 54


_SOME_GATE_IS_PRIMARY = (
    "no gate is Primary, so nothing would have to pass before a promotion: give one gate role Primary"
)

_MEMBERS_KNOW_THEIR_GROUP = "a gate counts in a group that is not in groups: add the group, or name one that is there"

_GROUPS_HAVE_ENOUGH_GATES = "a group asks for more gates than count in it: lower its atLeast, or let more gates name it"

_MIRRORS_FIT = f"a route of the Gateway API mirrors to at most {MAX_GATEWAY_MIRRORS} challengers: remove some"


class Benchmark(Resource):
    """A model that gets no requests from here, and whose figures are in Prometheus, as those of buy-and-hold."""

    name: ModelName = Field(description="Its name, as its metrics carry it in the label `model`.")


_BENCHMARK_IS_NOBODY_HERE = "the benchmark is also a champion or challenger: name another, or leave it out"
_BENCHMARK_IS_NAMED = "a gate is against Benchmark, and there is none: name spec.benchmark, or change against"


class GatesFrom(Resource):
    """A GateTemplate in the rollout's namespace."""

    name: ObjectName = Field(description="The name of the GateTemplate.")


_GATES_AND_CANARY_ARE_NAMED = (
    "a rollout needs gates and a canary: write both, or name a GateTemplate that has them in gatesFrom"
)


class Spec(Resource):
    """The champion, its challengers, and the rules under which one of them takes over."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                {
                    "rule": "!self.challengers.exists(c, c.name == self.champion.name)",
                    "messageExpression": "'challenger ' + self.champion.name + ' is also the champion: name another'",
                    "message": "a challenger is also the champion: name another",
                    "fieldPath": ".challengers",
                },
                validation(
                    f"size(self.challengers) <= {MAX_GATEWAY_MIRRORS}",
                    _MIRRORS_FIT,
                    fieldPath=".challengers",
                ),
                validation(
                    "!has(self.benchmark) || (self.benchmark.name != self.champion.name && "
                    "!self.challengers.exists(c, c.name == self.benchmark.name))",
                    _BENCHMARK_IS_NOBODY_HERE,
                    fieldPath=".benchmark",
                ),
                validation(
                    "has(self.gatesFrom) || (has(self.gates) && has(self.canary))",
                    _GATES_AND_CANARY_ARE_NAMED,
                    fieldPath=".gates",
                ),
                validation(
                    "has(self.benchmark) || !has(self.gates) || "
                    "!self.gates.exists(g, has(g.against) && g.against == 'Benchmark')",
                    _BENCHMARK_IS_NAMED,
                    fieldPath=".gates",
                ),
                validation(
                    "!has(self.gates) || has(self.gatesFrom) || "
                    "self.gates.exists(g, g.role == 'Primary') || (has(self.groups) && size(self.groups) > 0)",
                    _SOME_GATE_IS_PRIMARY,
                    fieldPath=".gates",
                ),
                validation(
                    "!has(self.gates) || has(self.gatesFrom) || self.gates.all(g, !has(g.group) || "
                    "(has(self.groups) && self.groups.exists(group, group.name == g.group)))",
                    _MEMBERS_KNOW_THEIR_GROUP,
                    fieldPath=".gates",
                ),
                validation(
                    "!has(self.groups) || has(self.gatesFrom) || self.groups.all(group, "
                    "has(self.gates) && "
                    "self.gates.filter(g, has(g.group) && g.group == group.name).size() >= group.atLeast)",
                    _GROUPS_HAVE_ENOUGH_GATES,
                    fieldPath=".groups",
                ),
            ],
        },
    )

    champion: Model = Field(description="The model whose predictions are acted on.")
    challengers: list[Challenger] = Field(
        min_length=1,
        max_length=MAX_CHALLENGERS,
        description="Models that want to be champion.",
        json_schema_extra=list_map("name"),
    )
    workload: Workload = Field(default_factory=Workload)
    traffic: Traffic
    metrics: Metrics
    shadow: Shadow = Field(default_factory=Shadow)
    benchmark: Benchmark | None = Field(None, description="A model that gates may compare with beside the champion.")
    error_budget: ErrorBudget = Field(default_factory=ErrorBudget)
    gates_from: GatesFrom | None = Field(
        None,
        description="A GateTemplate. What is written here stands for the template's: gates, groups and guardrails by "
        "name, shadow, errorBudget, canary and promotion as a whole.",
    )
    gates: list[Gate] = Field(
        min_length=1,
        max_length=40,
        description="Comparisons that must hold to advance.",
        json_schema_extra=list_map("name"),
    )
    groups: list[GateGroup] = Field(
        default_factory=list,
        max_length=10,
        description="Groups of gates of which a few have to pass; each has to pass as a Primary gate has to.",
        json_schema_extra=list_map("name"),
    )
    guardrails: list[Guardrail] = Field(
        default_factory=default_guardrails,
        max_length=40,
        description="Limits that must not be broken while a challenger acts.",
        json_schema_extra=list_map("name"),
    )
    canary: Canary
    suspend: bool = Field(
        default=False,
        description="true: nobody begins a canary, takes its next step or is promoted, and no watch ends. Comparing "
        "goes on, and so do the guardrails: a rollback is never suspended.",
    )
    promotion: Promotion = Field(default_factory=Promotion)

    @model_validator(mode="after")
    def _names_are_told_apart(self) -> Self:
        told_apart("model", (self.champion.name, *(challenger.name for challenger in self.challengers)))
        told_apart("gate", (*(gate.name for gate in self.gates), *(group.name for group in self.groups)))
        told_apart("guardrail", (guardrail.name for guardrail in self.guardrails))
        return self

    @model_validator(mode="after")
    def _race_is_possible(self) -> Self:
        if len(self.challengers) > MAX_GATEWAY_MIRRORS:
            raise ValueError(_MIRRORS_FIT)
        if self.benchmark is not None and self.model(self.benchmark.name) is not None:
            raise ValueError(_BENCHMARK_IS_NOBODY_HERE)
        if self.benchmark is None and any(gate.rival is Rival.BENCHMARK for gate in self.gates):
            raise ValueError(_BENCHMARK_IS_NAMED)
        if all(gate.role is not GateRole.PRIMARY for gate in self.gates) and not self.groups:
            raise ValueError(_SOME_GATE_IS_PRIMARY)
        return self

    @model_validator(mode="after")
    def _groups_have_their_gates(self) -> Self:
        members = Counter(gate.group for gate in self.gates if gate.group is not None)
        if members.keys() - {group.name for group in self.groups}:
            raise ValueError(_MEMBERS_KNOW_THEIR_GROUP)
        if any(members[group.name] < group.at_least for group in self.groups):
            raise ValueError(_GROUPS_HAVE_ENOUGH_GATES)
        return self

    def model(self, name: str) -> Model | None:
        """The champion or challenger of that name, or None."""
        return next((model for model in (self.champion, *self.challengers) if model.name == name), None)

    def mirror_percent(self, name: str) -> int:
        """Share of the requests, in percent, that a model in shadow gets a copy of."""
        own = next((c.mirror_percent for c in self.challengers if c.name == name), None)
        return self.traffic.mirror_percent if own is None else own


class Metadata(BaseModel):
    """The part of an object's metadata that the operator reads."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)

    name: str
    namespace: str
    uid: str
    generation: int
    resource_version: str
    finalizers: list[str] = Field(default_factory=list)
    annotations: dict[str, str] = Field(default_factory=dict)
    deletion_timestamp: str | None = None


NAMES_FIT = (
    "the rollout's name and a model's name together name a Service, which has at most 63 characters: shorten one"
)


class ShadowRollout(BaseModel):
    """A ShadowRollout as the API server returns it."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)

    metadata: Metadata
    spec: Spec
    status: Status = Field(default_factory=Status)

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        name = RolloutName(self.metadata.name)
        if any(len(name) + len(model.name) >= 63 for model in (self.spec.champion, *self.spec.challengers)):
            raise ValueError(NAMES_FIT)
        return self
