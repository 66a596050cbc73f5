"""How often a challenger that is not better may be promoted."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shadow_operator.api.quantities import ErrorRate
from shadow_operator.api.schema import Resource


class Guarantee(StrEnum):
    """How the error rate is guaranteed."""

    ASYMPTOTIC = "Asymptotic"


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
