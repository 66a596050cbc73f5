"""What happens once a challenger has earned the championship."""

from pydantic import Field

from shadow_operator.api.quantities import Duration
from shadow_operator.api.schema import Resource


class Promotion(Resource):
    """What happens once a challenger has earned the championship."""

    watch: Duration = Field(
        Duration("7d"),
        description="How long the former champion is kept as a standby that a broken guardrail goes back to.",
    )
