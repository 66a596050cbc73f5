"""What happens once a challenger has earned the championship."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from shadow_operator.api.quantities import Duration
from shadow_operator.api.schema import Resource, validation


class PromotionMode(StrEnum):
    """Who has the last word."""

    AUTOMATIC = "Automatic"
    MANUAL = "Manual"


_REVIEW_COMES_BEFORE = "review is above promote: nobody would be asked; make it at most promote"


class ScoreLevels(Resource):
    """What follows from a challenger's score: the share of the gates' points that it has, from 0 to 100."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                validation("self.review <= self.promote", _REVIEW_COMES_BEFORE, fieldPath=".review"),
            ]
        }
    )

    promote: Annotated[int, Field(ge=1, le=100)] = Field(
        70, description="From here on it goes on by itself, if every Primary gate passed."
    )
    review: Annotated[int, Field(ge=0, le=100)] = Field(
        50, description="From here on a person is asked; below it the challenger is rejected."
    )

    @model_validator(mode="after")
    def _review_comes_before(self) -> Self:
        if self.review > self.promote:
            raise ValueError(_REVIEW_COMES_BEFORE)
        return self


class Promotion(Resource):
    """What happens once a challenger has earned the championship."""

    mode: PromotionMode = Field(
        PromotionMode.AUTOMATIC,
        description="Automatic: it is promoted. Manual: it keeps its last share until a person promotes it, by the "
        "annotation shadowrollouts.io/command: promote/<nonce>.",
    )
    score: ScoreLevels | None = Field(
        None, description="Levels of the score; if left out, nothing but the Primary gates counts."
    )
    watch: Duration = Field(
        Duration("7d"),
        description="How long the former champion is kept as a standby that a broken guardrail goes back to.",
    )
