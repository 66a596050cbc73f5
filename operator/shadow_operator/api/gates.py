"""Gates: comparisons that must hold to advance."""

from enum import StrEnum
from typing import Self

from pydantic import ConfigDict, Field, model_validator

from shadow_operator.api.quantities import Ratio
from shadow_operator.api.schema import EntryName, Resource, validation


class GateTest(StrEnum):
    """What a gate compares."""

    PAIRED_MEAN = "PairedMean"
    SHARPE = "Sharpe"
    MAX_DRAWDOWN = "MaxDrawdown"


class GateRole(StrEnum):
    """Primary: has to pass. Secondary: reported, holds nobody up."""

    PRIMARY = "Primary"
    SECONDARY = "Secondary"


_RATIO_IS_FOR_MAX_DRAWDOWN = "ratio belongs to a gate with test MaxDrawdown: remove it, or change the test"


class Gate(Resource):
    """A comparison with the champion that must hold to advance."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                validation(
                    "!has(self.ratio) || self.test == 'MaxDrawdown'",
                    _RATIO_IS_FOR_MAX_DRAWDOWN,
                    fieldPath=".ratio",
                ),
            ],
        },
    )

    name: EntryName = Field(description="The gate's name, by which the status and the events speak of it.")
    test: GateTest = Field(
        description="PairedMean: mean profit per decision is higher. Sharpe: the Sharpe ratio is higher. "
        "MaxDrawdown: the deepest drawdown is at most `ratio` of the champion's."
    )
    role: GateRole = Field(
        GateRole.PRIMARY, description="Primary gates must all pass; Secondary ones are only reported."
    )
    ratio: Ratio | None = Field(
        None,
        description="MaxDrawdown only: the most that its drawdown may be of the champion's; 100% if left out.",
    )

    @model_validator(mode="after")
    def _ratio_fits_the_test(self) -> Self:
        if self.ratio is not None and self.test is not GateTest.MAX_DRAWDOWN:
            raise ValueError(_RATIO_IS_FOR_MAX_DRAWDOWN)
        return self
