"""What the pods of every model have in common."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from shadow_operator.api.schema import Resource, kept_open

# Only what the operator itself reads or adds to; the rest is the API server's to judge, when the Deployment is written.
_POD_TEMPLATE = kept_open(
    "",
    properties={
        "metadata": kept_open(
            "Labels and annotations of the pods.", properties={"labels": kept_open("Labels of the pods.")}
        ),
        "spec": kept_open(
            "The pods, as in a PodSpec.",
            properties={
                "containers": kept_open(
                    "The containers; the one named `model` serves.",
                    "array",
                    required=["name"],
                    properties={
                        "name": {"type": "string", "description": "The container's name."},
                        "env": kept_open(
                            "Its environment variables.",
                            "array",
                            required=["name"],
                            properties={"name": {"type": "string", "description": "The variable's name."}},
                        ),
                        "ports": kept_open("Its ports.", "array"),
                        "volumeMounts": kept_open("Its mounts.", "array"),
                    },
                ),
                "volumes": kept_open("The volumes.", "array"),
            },
        ),
    },
)


def _fits(value: Any, schema: Mapping[str, Any], path: str) -> None:
    kinds: Mapping[str, type] = {"object": dict, "array": list, "string": str}
    if not isinstance(value, kinds[schema["type"]]):
        raise ValueError(f"{path} in body must be of type {schema['type']}")  # noqa: TRY004 - pydantic takes ValueError
    if isinstance(value, list):
        for index, item in enumerate(value):
            _fits(item, schema["items"], f"{path}[{index}]")
    if isinstance(value, dict):
        for name in schema.get("required", ()):
            if name not in value:
                raise ValueError(f"{path}.{name}: Required value")
        for name, part in schema.get("properties", {}).items():
            if name in value:
                _fits(value[name], part, f"{path}.{name}")


def _pod_template(value: dict[str, Any]) -> dict[str, Any]:
    _fits(value, _POD_TEMPLATE, "template")
    return value


class Workload(Resource):
    """What the pods of every model have in common."""

    replicas: Annotated[int, Field(ge=1, le=100)] = Field(1, description="Pods of each model.")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(8080, description="The port that each model serves on.")
    template: Annotated[dict[str, Any], AfterValidator(_pod_template)] = Field(
        default_factory=dict,
        json_schema_extra={key: value for key, value in _POD_TEMPLATE.items() if key != "description"},
        description="A pod template. Its container named `model` gets the model's image, environment and policy.",
    )
