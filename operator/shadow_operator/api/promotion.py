"""What happens once a challenger has earned the championship."""

from enum import StrEnum

from pydantic import Field

from shadow_operator.api.quantities import Duration
from shadow_operator.api.schema import Resource


class PromotionMode(StrEnum):
    """Who has the last word."""

    AUTOMATIC = "Automatic"
    MANUAL = "Manual"


class Promotion(Resource):
    """What happens once a challenger has earned the championship."""

    mode: PromotionMode = Field(
        PromotionMode.AUTOMATIC,
        description="Automatic: it is promoted. Manual: it keeps its last share until a person promotes it, by the "
        "annotation shadowrollouts.io/command: promote/<nonce>.",
    )
    watch: Duration = Field(
        Duration("7d"),
        description="How long the former champion is kept as a standby that a broken guardrail goes back to.",
    )
