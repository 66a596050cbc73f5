"""`ModelVersion`: one registered model, which never becomes another one."""

import re
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from shadow_operator.api.dataset import Dataset
from shadow_operator.api.model import Image
from shadow_operator.api.quantities import CheckedText
from shadow_operator.api.rollout import Metadata
from shadow_operator.api.schema import Resource, validation
from shadow_operator.api.status import StatusPart

KIND = "ModelVersion"

PLURAL = "modelversions"


class Word(CheckedText):
    """A word by which models are told apart: a strategy or a type, in the form of a label's value."""

    __slots__ = ()

    form = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
    accepted = (
        "is not such a word: write at most 63 letters, digits, hyphens, dots and underscores, with a letter or digit "
        "at both ends, as in momentum"
    )
    longest = 63


class Figure(CheckedText):
    """A figure as somebody measured it, quoted: `"1.32"`, `"-0.5"`."""

    __slots__ = ()

    form = re.compile(r"-?[0-9]+(\.[0-9]+)?")
    accepted = 'is not a figure: write a quoted decimal, as in "1.32"'
    longest = 40


class Training(Resource):
    """Where the model comes from; for people, nothing is decided on it."""

    trained_at: Annotated[str, Field(max_length=40, json_schema_extra={"format": "date-time"})] | None = Field(
        None, description="When it was trained (RFC 3339)."
    )
    commit: Annotated[str, Field(max_length=128)] | None = Field(None, description="The commit that it was trained by.")
    run: Annotated[str, Field(max_length=512)] | None = Field(
        None, description="The training run, as the tool that tracks experiments names it."
    )
    by: Annotated[str, Field(max_length=128)] | None = Field(None, description="Who trained it.")


class BenchmarkFigure(Resource):
    """One figure of a backtest or another benchmark."""

    name: Word = Field(description="What was measured, as in sharpe.")
    value: Figure = Field(description="The figure, as a quoted decimal.")


_SOMETHING_IS_NAMED = "a model is an image or an artifact: name at least one of them"
_STAYS = "a registered model stays what it is: register another ModelVersion"


def _constant(name: str) -> dict[str, Any]:
    same = f"has(self.{name}) == has(oldSelf.{name}) && (!has(self.{name}) || self.{name} == oldSelf.{name})"
    return validation(same, _STAYS, fieldPath=f".{name}")


class ModelVersionSpec(Resource):
    """What was registered."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                validation("has(self.image) || has(self.artifact)", _SOMETHING_IS_NAMED, fieldPath=".image"),
                *(_constant(name) for name in ("strategy", "type", "image", "artifact", "version", "dataset")),
            ],
        },
    )

    strategy: Word = Field(description="The strategy that it trades; a strategy has one Production model at most.")
    type: Word = Field(description="What kind of model it is, as in lstm or gradient-boosting.")
    image: Image | None = Field(None, description="The image that serves it. A rollout needs one.")
    artifact: Annotated[str, Field(min_length=1, max_length=1024)] | None = Field(
        None, description="Where its weights are, as in s3://models/momentum/8."
    )
    version: Annotated[str, Field(min_length=1, max_length=64)] = Field(description="Its version, as in 8 or 2026.3.")
    training: Training | None = Field(None, description="Where it comes from.")
    dataset: Dataset | None = Field(None, description="The data that it was registered with.")
    benchmark: list[BenchmarkFigure] = Field(
        default_factory=list,
        max_length=40,
        description="Figures that it was registered with.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
    active: bool = Field(default=True, description="false: deactivated, no rollout may name it.")

    @model_validator(mode="after")
    def _something_is_named(self) -> Self:
        if self.image is None and self.artifact is None:
            raise ValueError(_SOMETHING_IS_NAMED)
        return self


class ModelStage(StrEnum):
    """Where a registered model stands."""

    REGISTERED = "Registered"
    SHADOW = "Shadow"
    CANARY = "Canary"
    PRODUCTION = "Production"
    RETIRED = "Retired"
    REJECTED = "Rejected"


class ModelVersionStatus(StatusPart):
    """Where it stands."""

    observed_generation: int | None = Field(None, description="The generation that this speaks of.")
    stage: ModelStage = Field(ModelStage.REGISTERED, description="Where it stands; the operator's to move.")
    rollout: str | None = Field(
        None, max_length=253, description="The rollout that moved it there and still names it; it holds the stage."
    )


class ModelVersion(BaseModel):
    """A ModelVersion as the API server returns it."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)

    metadata: Metadata
    spec: ModelVersionSpec
    status: ModelVersionStatus = Field(default_factory=ModelVersionStatus)
