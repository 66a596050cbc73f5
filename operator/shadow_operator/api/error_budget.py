"""How often a challenger that is not better may be promoted."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shadow_operator.api.quantities import ErrorRate
from shadow_operator.api.schema import Resource


class Guarantee(StrEnum):
    """How the error rate is guaranteed."""

    ASYMPTOTIC = "Asymptotic"


class Dependence(StrEnum):
    """How long results may depend on each other."""

    SHORT = "Short"
    REGIMES = "Regimes"


class ErrorBudget(Resource):
    """How often a challenger that is not better may be promoted, over all of them and however often anyone looks."""

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
        description="Short: over some tens of intervals; the verdict is withheld while the evidence changes with the "
        "regime. Regimes: over sessions, one model better in some of them, the other in the rest; costs more samples.",
    )
    session_samples: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        1,
        description="Regimes: intervals of one session, after which a regime may have changed; the first look comes "
        "after 20 of them.",
    )
