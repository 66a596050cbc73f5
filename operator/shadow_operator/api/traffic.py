"""How requests reach the models."""

import re
from itertools import combinations
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from shadow_operator.api.quantities import CheckedText
from shadow_operator.api.schema import Resource, told_apart, validation

# HTTPRoute allows 16 filters in a rule, and each mirror is one (Gateway API v1, HTTPRouteRule.filters).
MAX_GATEWAY_MIRRORS = 16


class Hostname(CheckedText):
    """A host name as a Gateway takes it, possibly with a wildcard in front."""

    __slots__ = ()

    form = re.compile(r"(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
    accepted = "is not a host name: write it in lower case and without a port, as in momentum.models.internal"
    longest = 253


class ParentRef(Resource):
    """The Gateway that the route attaches to (Gateway API, ParentReference)."""

    name: Annotated[str, Field(min_length=1, max_length=253)] = Field(description="The Gateway's name.")
    namespace: Annotated[str, Field(min_length=1, max_length=63)] | None = Field(
        None, description="The Gateway's namespace; the rollout's own if left out."
    )
    section_name: Annotated[str, Field(min_length=1, max_length=253)] | None = Field(
        None, description="The listener of the Gateway; all of them if left out."
    )


_PARENTS_DIFFER = "the same Gateway is named twice: remove one, or give each a sectionName of its own"


class GatewayAPI(Resource):
    """Traffic through an HTTPRoute that the operator creates and owns."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                validation(
                    "self.parentRefs.all(p, self.parentRefs.exists_one(q, p.name == q.name && "
                    "has(p.__namespace__) == has(q.__namespace__) && "
                    "(!has(p.__namespace__) || p.__namespace__ == q.__namespace__) && "
                    "(!has(p.sectionName) || !has(q.sectionName) || p.sectionName == q.sectionName)))",
                    _PARENTS_DIFFER,
                    fieldPath=".parentRefs",
                ),
            ],
        },
    )

    parent_refs: list[ParentRef] = Field(
        min_length=1,
        max_length=16,
        description="The Gateways that the route attaches to.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    hostnames: list[Hostname] = Field(
        default_factory=list,
        max_length=16,
        description="Host names that the route answers; all of the listener's if empty.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )

    @model_validator(mode="after")
    def _parents_and_hosts_differ(self) -> Self:
        for first, second in combinations(self.parent_refs, 2):
            same = (first.name, first.namespace) == (second.name, second.namespace)
            sections = {first.section_name, second.section_name}
            if same and (None in sections or len(sections) == 1):
                raise ValueError(_PARENTS_DIFFER)
        told_apart("host", self.hostnames)
        return self


class Traffic(Resource):
    """How requests reach the models."""

    gateway_api: GatewayAPI = Field(
        alias="gatewayAPI", description="Route by the Gateway API (an implementation that mirrors by percentage)."
    )
    mirror_percent: Annotated[int, Field(ge=1, le=100)] = Field(
        100, description="Share of the requests copied to each challenger, in percent."
    )
