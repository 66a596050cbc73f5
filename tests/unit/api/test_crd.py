"""The generated CRD."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shadow_operator.api import gate_page
from shadow_operator.api.crd import TARGETS, custom_resource_definition, render

_ROOT = Path(__file__).parents[3]


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for part in schema.values():
            yield from parts(part)
    if isinstance(schema, list):
        for part in schema:
            yield from parts(part)


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_shipped_is_what_the_models_say(target: str) -> None:
    assert (_ROOT / target).read_text(encoding="utf-8") == render()


def test_the_page_of_gates_is_what_the_catalogue_says() -> None:
    assert (_ROOT / gate_page.TARGET).read_text(encoding="utf-8") == gate_page.page()


def test_no_field_is_checked_by_a_pattern_which_people_would_be_shown() -> None:
    schema = custom_resource_definition()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert not [part for part in parts(schema) if isinstance(part.get("pattern"), str)]


def test_every_rule_has_a_message() -> None:
    schema = custom_resource_definition()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    rules = [rule for part in parts(schema) for rule in part.get("x-kubernetes-validations", [])]
    assert rules
    assert all(rule["message"] and "\n" not in rule["message"] for rule in rules)


def test_there_are_no_floats() -> None:
    schema = custom_resource_definition()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert not [part for part in parts(schema) if part.get("type") == "number"]
