"""The growing share of real decisions."""

from itertools import pairwise
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from shadow_operator.api.quantities import Duration, Percent
from shadow_operator.api.schema import Resource, validation


class CanaryStep(Resource):
    """One step of the canary: a share of the real decisions, for a least time."""

    percent: Annotated[int, Field(ge=1, le=99)] = Field(
        description="Share of the real requests that go to the challenger, in percent."
    )
    min_duration: Duration = Field(Duration("1h"), description="Least time at this share.")


_STEPS_RISE = "each canary step has to be larger than the one before, as in 5, 10, 25, 50"


class Canary(Resource):
    """The growing share of real decisions on the way to promotion."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                validation(
                    "self.steps.map(s, s.percent).isSorted() && "
                    "self.steps.all(s, self.steps.exists_one(t, t.percent == s.percent))",
                    _STEPS_RISE,
                    fieldPath=".steps",
                ),
            ],
        },
    )

    steps: list[CanaryStep] = Field(
        min_length=1,
        max_length=10,
        description="The shares, each larger than the one before.",
    )
    min_confidence: Percent = Field(
        Percent("0%"), description="In canary, the model acts only on predictions of at least this confidence."
    )

    @model_validator(mode="after")
    def _steps_rise(self) -> Self:
        if any(after.percent <= before.percent for before, after in pairwise(self.steps)):
            raise ValueError(_STEPS_RISE)
        return self
