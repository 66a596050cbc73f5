"""What the parts of a resource have in common: how fields are named, and how rules reach the CRD."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


def validation(rule: str, message: str, **fields: str) -> dict[str, Any]:
    """One CEL rule of the CRD (`x-kubernetes-validations`)."""
    return {"rule": rule, "message": message, **fields}


def list_map(*keys: str) -> dict[str, Any]:
    """A list whose entries are told apart by `keys`, so that two managers can each own their own entries."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys)}


def told_apart(what: str, names: Iterable[str]) -> None:
    """Raise ValueError when a name is used more than once; the API server checks the same by the list's keys."""
    known: set[str] = set()
    for name in names:
        if name in known:
            raise ValueError(f"the {what} name {name} is used more than once: give each {what} its own")
        known.add(name)


class Resource(BaseModel):
    """Fields are camelCase in the API and snake_case here; unknown ones are refused, never ignored."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)


OpenObject = Annotated[
    dict[str, Any],
    Field(json_schema_extra={"type": "object", "x-kubernetes-preserve-unknown-fields": True}),
]


def kept_open(description: str, kind: str = "object", **schema: Any) -> dict[str, Any]:
    """An object whose fields the API server keeps without knowing them, or a list of such."""
    kept = {"type": "object", "x-kubernetes-preserve-unknown-fields": True, **schema}
    if kind == "array":
        return {"description": description, "type": "array", "items": kept}
    return {"description": description, **kept}


EntryName = Annotated[str, Field(min_length=1, max_length=63)]
