"""`GateTemplate`: what many rollouts are judged by, written once."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from shadow_operator.api.canary import Canary
from shadow_operator.api.error_budget import ErrorBudget
from shadow_operator.api.gates import Gate, GateGroup
from shadow_operator.api.guardrails import Guardrail
from shadow_operator.api.promotion import Promotion
from shadow_operator.api.rollout import Metadata
from shadow_operator.api.schema import Resource, list_map
from shadow_operator.api.shadow import Shadow

KIND = "GateTemplate"
PLURAL = "gatetemplates"

# Sections of a rollout that may come from a template; the gates and the canary as well.
SECTIONS = ("guardrails", "groups", "shadow", "errorBudget", "promotion")
_BY_NAME = ("gates", "groups", "guardrails")


class GateTemplateSpec(Resource):
    """What a rollout takes over that names the template, unless it says the same itself."""

    gates: list[Gate] | None = Field(
        None, min_length=1, max_length=40, description="Gates, by name.", json_schema_extra=list_map("name")
    )
    groups: list[GateGroup] | None = Field(
        None, min_length=1, max_length=10, description="Groups of gates, by name.", json_schema_extra=list_map("name")
    )
    guardrails: list[Guardrail] | None = Field(
        None, min_length=1, max_length=40, description="Guardrails, by name.", json_schema_extra=list_map("name")
    )
    shadow: Shadow | None = Field(None, description="What comes before any request of its own.")
    error_budget: ErrorBudget | None = Field(None, description="How often a false promotion may happen.")
    canary: Canary | None = Field(None, description="The growing share of real decisions.")
    promotion: Promotion | None = Field(None, description="What happens once the championship is earned.")


class GateTemplate(BaseModel):
    """A GateTemplate as the API server returns it."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)

    metadata: Metadata
    spec: GateTemplateSpec


def template_named(rollout: Mapping[str, Any]) -> str | None:
    """The GateTemplate that a rollout names, as the API server returns it; None where it names none."""
    named = rollout.get("spec", {}).get("gatesFrom") or {}
    return named.get("name")


def with_template(rollout: Mapping[str, Any], template: GateTemplate) -> dict[str, Any]:
    """The rollout as if it had written out itself what it takes over.

    A gate, group or guardrail of the rollout's own stands for the template's of that name; any other section that the
    rollout writes stands for the template's as a whole.
    """
    whole = copy.deepcopy(dict(rollout))
    said = whole["spec"]
    for section, given in template.spec.model_dump(mode="json", by_alias=True, exclude_none=True).items():
        said[section] = _merged(given, said.get(section, [])) if section in _BY_NAME else said.get(section, given)
    return whole


def _merged(given: Sequence[dict[str, Any]], own: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({entry["name"]: entry for entry in (*given, *own)}.values())
