"""One model: champion or challenger."""

import re
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from shadow_operator.api.dataset import Dataset
from shadow_operator.api.quantities import CheckedText
from shadow_operator.api.schema import OpenObject, Resource, list_map, told_apart, validation

RESERVED_NAMES = ("champion", "policy", "evidence")


class ModelName(CheckedText):
    """The name of a model, which ends the names of its Deployment and its Service."""

    __slots__ = ()

    form = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
    accepted = (
        "is not a model name: write lower case letters, digits and hyphens, with a letter or digit at both ends, "
        "and none of champion, policy and evidence, which name objects of the rollout itself"
    )
    # Leaves room for the rollout's name within the 63 characters of a Service's name.
    longest = 40

    def __new__(cls, text: str) -> Self:
        """Check the form, and that no object of the rollout itself has that name."""
        if text in RESERVED_NAMES:
            raise ValueError(f'"{text}" {cls.accepted}')
        return super().__new__(cls, text)

    @classmethod
    def cel(cls) -> str:
        """The form and the reserved names, as a CEL rule."""
        return f"{super().cel()} && !(self in {list(RESERVED_NAMES)})"


class Image(CheckedText):
    """The reference of a container image."""

    __slots__ = ()

    form = re.compile(r"[^\s]+")
    accepted = "is not an image: write a reference without blanks, as in registry.example/models/momentum:7"
    longest = 512


_ONE_SOURCE = "a variable has one value: remove value or valueFrom"


class EnvVar(Resource):
    """One environment variable of a model's container."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [validation("!(has(self.value) && has(self.valueFrom))", _ONE_SOURCE)],
        },
    )

    name: Annotated[str, Field(min_length=1, max_length=256)] = Field(description="The variable's name.")
    value: str | None = Field(None, max_length=32768, description="The value itself.")
    value_from: OpenObject | None = Field(None, description="Where the value comes from, as in a Pod (EnvVarSource).")

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if self.value is not None and self.value_from is not None:
            raise ValueError(_ONE_SOURCE)
        return self


_ONE_IMAGE = "a model has one image: write image, or modelVersionRef for that of a ModelVersion"
_ONE_DATASET = "a registered model has the dataset of its ModelVersion: remove dataset, or write image and no reference"


class ObjectName(CheckedText):
    """The name of another object in the rollout's namespace."""

    __slots__ = ()

    form = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
    accepted = (
        "is not a name of an object: write lower case letters, digits, hyphens and dots, with a letter or digit at "
        "both ends"
    )
    longest = 63


class ModelVersionRef(Resource):
    """A registered model in the rollout's namespace."""

    name: ObjectName = Field(description="The name of the ModelVersion.")


class Model(Resource):
    """One model: a name, an image, and what differs from the common workload."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                validation("has(self.image) != has(self.modelVersionRef)", _ONE_IMAGE),
                validation("!has(self.dataset) || !has(self.modelVersionRef)", _ONE_DATASET, fieldPath=".dataset"),
            ],
        },
    )

    name: ModelName = Field(description="The model's name, as its metrics carry it in the label `model`.")
    given_image: Image | None = Field(
        None, alias="image", description="The image that serves the model; or `modelVersionRef`."
    )
    model_version_ref: ModelVersionRef | None = Field(
        None, description="The registered model whose image serves it; or `image`."
    )
    replicas: Annotated[int, Field(ge=1, le=100)] | None = Field(
        None, description="Pods of this model; the workload's number when left out."
    )
    command: list[Annotated[str, Field(max_length=1024)]] | None = Field(
        None, max_length=64, description="The container's entry point, where it differs from the workload's."
    )
    args: list[Annotated[str, Field(max_length=1024)]] | None = Field(
        None, max_length=64, description="The container's arguments, where they differ from the workload's."
    )
    env: list[EnvVar] = Field(
        default_factory=list,
        max_length=100,
        description="Environment variables added to the workload's; the same name replaces.",
        json_schema_extra=list_map("name"),
    )
    resources: OpenObject | None = Field(
        None, description="Requests and limits, where they differ from the workload's (ResourceRequirements)."
    )
    dataset: Dataset | None = Field(
        None,
        description="The data that it runs on, checked in each pod before the model starts; a registered model has "
        "that of its ModelVersion.",
    )
    allow_dataset_mismatch: bool = Field(
        default=False,
        description="true: it starts although its data has another fingerprint than is expected, which is recorded.",
    )

    @property
    def image(self) -> Image:
        """The image that serves the model.

        Raises:
            LookupError: it is that of a ModelVersion, which `core.registry.resolve` has not filled in.

        """
        if self.given_image is None:
            raise LookupError(f"the image of {self.name} is that of a ModelVersion, which was not looked up")
        return self.given_image

    @model_validator(mode="after")
    def _has_one_image(self) -> Self:
        if (self.given_image is None) == (self.model_version_ref is None):
            raise ValueError(_ONE_IMAGE)
        return self

    @model_validator(mode="after")
    def _has_one_dataset(self) -> Self:
        if self.dataset is not None and self.model_version_ref is not None:
            raise ValueError(_ONE_DATASET)
        return self

    @model_validator(mode="after")
    def _variables_are_told_apart(self) -> Self:
        told_apart("variable", (variable.name for variable in self.env))
        return self


class Challenger(Model):
    """A model that wants to be champion. It sees a copy of the requests and acts on none until it is in canary."""

    mirror_percent: Annotated[int, Field(ge=1, le=100)] | None = Field(
        None,
        description="Share of the requests copied to this challenger, in percent; `traffic.mirrorPercent` if left out.",
    )
