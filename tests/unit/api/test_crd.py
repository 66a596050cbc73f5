"""The generated CRD."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shadow_operator.api import gate_page
from shadow_operator.api.crd import DEFINITIONS, Definition, custom_resource_definition, targets

_ROOT = Path(__file__).parents[3]


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for part in schema.values():
            yield from parts(part)
    if isinstance(schema, list):
        for part in schema:
            yield from parts(part)


every_kind = pytest.mark.parametrize("defined", DEFINITIONS, ids=lambda defined: defined.kind)


def test_the_page_of_gates_is_what_the_catalogue_says() -> None:
    assert (_ROOT / gate_page.TARGET).read_text(encoding="utf-8") == gate_page.page()


def schema_of(defined: Definition) -> Any:
    return custom_resource_definition(defined)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]


@pytest.mark.parametrize(("target", "text"), targets().items(), ids=str)
def test_what_is_shipped_is_what_the_models_say(target: str, text: str) -> None:
    assert (_ROOT / target).read_text(encoding="utf-8") == text


@every_kind
def test_no_field_is_checked_by_a_pattern_which_people_would_be_shown(defined: Definition) -> None:
    schema = schema_of(defined)
    assert not [part for part in parts(schema) if isinstance(part.get("pattern"), str)]


@every_kind
def test_every_rule_has_a_message(defined: Definition) -> None:
    schema = schema_of(defined)
    rules = [rule for part in parts(schema) for rule in part.get("x-kubernetes-validations", [])]
    assert rules
    assert all(rule["message"] and "\n" not in rule["message"] for rule in rules)


@every_kind
def test_there_are_no_floats(defined: Definition) -> None:
    schema = schema_of(defined)
    assert not [part for part in parts(schema) if part.get("type") == "number"]
