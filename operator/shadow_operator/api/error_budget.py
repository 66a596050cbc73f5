"""How often a challenger that is not better may be promoted."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from shadow_operator.api.quantities import ErrorRate
from shadow_operator.api.schema import Resource, validation
from shadow_stats.design import FEWEST_REGIMES


class Guarantee(StrEnum):
    """How the error rate is guaranteed."""

    ASYMPTOTIC = "Asymptotic"


class Dependence(StrEnum):
    """How long results may depend on each other."""

    SHORT = "Short"
    REGIMES = "Regimes"


_SESSIONS_ARE_FOR_REGIMES = "sessionSamples belongs to dependence Regimes: remove it, or change the dependence"
_PLAN_HOLDS_THE_SESSIONS = (
    f"plannedSamples has to hold {FEWEST_REGIMES} sessions of sessionSamples, which come before the first look: raise "
    "the one or lower the other"
)


class ErrorBudget(Resource):
    """How often a challenger that is not better may be promoted, over all of them and however often anyone looks."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                validation(
                    "!has(self.sessionSamples) || self.sessionSamples == 1 || self.dependence == 'Regimes'",
                    _SESSIONS_ARE_FOR_REGIMES,
                    fieldPath=".sessionSamples",
                ),
                validation(
                    # The default of the whole, {}, is checked before its own defaults are filled in.
                    "!has(self.sessionSamples) || !has(self.plannedSamples) || "
                    f"self.plannedSamples >= {FEWEST_REGIMES} * self.sessionSamples",
                    _PLAN_HOLDS_THE_SESSIONS,
                    fieldPath=".plannedSamples",
                ),
            ],
        },
    )

    alpha: ErrorRate = Field(ErrorRate("5%"), description="Probability of a false promotion.")
    guarantee: Guarantee = Field(
        Guarantee.ASYMPTOTIC,
        description="Asymptotic: always-valid as samples grow, for series without rare huge losses.",
    )
    planned_samples: Annotated[int, Field(ge=100, le=10_000_000)] = Field(
        2000,
        description="About how many intervals the comparison is planned for. A plan, no end: it stays valid beyond.",
    )
    dependence: Dependence = Field(
        Dependence.SHORT,
        description="Short: over a few intervals; the verdict is withheld while the evidence changes with the regime. "
        "Regimes: over tens of intervals and over sessions, one model better in some of them, the other in the rest; "
        "costs about a tenth more samples.",
    )
    session_samples: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        1,
        description="Regimes: intervals of one session, after which a regime may have changed; the first look comes "
        f"after {FEWEST_REGIMES} of them.",
    )

    @model_validator(mode="after")
    def _sessions_fit(self) -> Self:
        if self.session_samples != 1 and self.dependence is not Dependence.REGIMES:
            raise ValueError(_SESSIONS_ARE_FOR_REGIMES)
        if self.planned_samples < FEWEST_REGIMES * self.session_samples:
            raise ValueError(_PLAN_HOLDS_THE_SESSIONS)
        return self
