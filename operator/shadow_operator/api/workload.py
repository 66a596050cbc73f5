"""What the pods of every model have in common."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from shadow_operator.api.model import ObjectName
from shadow_operator.api.quantities import CIDR
from shadow_operator.api.schema import Resource, kept_open, validation

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
                "hostNetwork": {"type": "boolean", "description": "Whether they are on the network of their host."},
            },
        ),
    },
)


def _fits(value: Any, schema: Mapping[str, Any], path: str) -> None:
    kinds: Mapping[str, type] = {"object": dict, "array": list, "string": str, "boolean": bool}
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


_SOME_BROKER = "a fence keeps pods off brokers: name their addresses in cidrs, their namespaces in namespaces, or both"
_PODS_KNOWN = (
    "brokers in the cluster are pods, which networks count among the addresses as well: write the addresses of the "
    "cluster's pods in clusterCIDRs"
)
_NOT_ON_THE_HOST = (
    "pods on the network of their host are beyond every fence: remove hostNetwork from the template, or the fence"
)


class Fence(Resource):
    """Where pods of a model that acts on nothing can't connect to."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                validation("has(self.cidrs) || has(self.namespaces)", _SOME_BROKER),
                validation("!has(self.namespaces) || has(self.clusterCIDRs)", _PODS_KNOWN, fieldPath=".namespaces"),
            ],
        },
    )

    cidrs: list[CIDR] | None = Field(
        None, min_length=1, max_length=50, description="Addresses of brokers outside of the cluster."
    )
    namespaces: list[ObjectName] | None = Field(
        None, min_length=1, max_length=20, description="Namespaces of brokers, or of gateways to them, in the cluster."
    )
    cluster_cidrs: list[CIDR] | None = Field(
        None,
        alias="clusterCIDRs",
        min_length=1,
        max_length=20,
        description="The addresses of all pods of the cluster; needed with namespaces.",
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.cidrs is None and self.namespaces is None:
            raise ValueError(_SOME_BROKER)
        if self.namespaces is not None and self.cluster_cidrs is None:
            raise ValueError(_PODS_KNOWN)
        return self


class Workload(Resource):
    """What the pods of every model have in common."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                validation(
                    "!has(self.fence) || !has(self.template) || !has(self.template.spec) || "
                    "!has(self.template.spec.hostNetwork) || !self.template.spec.hostNetwork",
                    _NOT_ON_THE_HOST,
                    fieldPath=".fence",
                ),
            ],
        },
    )

    replicas: Annotated[int, Field(ge=1, le=100)] = Field(1, description="Pods of each model.")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(8080, description="The port that each model serves on.")
    template: Annotated[dict[str, Any], AfterValidator(_pod_template)] = Field(
        default_factory=dict,
        json_schema_extra={key: value for key, value in _POD_TEMPLATE.items() if key != "description"},
        description="A pod template. Its container named `model` gets the model's image, environment and policy.",
    )
    fence: Fence | None = Field(
        None,
        description="Keeps the pods of every model off the brokers by a NetworkPolicy, but for the champion, the "
        "canary and the standby.",
    )

    @model_validator(mode="after")
    def _fence_reaches_the_pods(self) -> Self:
        if self.fence is not None and self.template.get("spec", {}).get("hostNetwork"):
            raise ValueError(_NOT_ON_THE_HOST)
        return self
