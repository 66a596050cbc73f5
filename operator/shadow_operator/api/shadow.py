"""What a challenger goes through before any request of its own."""

from typing import Annotated

from pydantic import Field

from shadow_operator.api.quantities import Duration
from shadow_operator.api.schema import Resource


class Shadow(Resource):
    """What a challenger has to go through before any request of its own."""

    min_duration: Duration = Field(Duration("14d"), description="Least time in shadow.")
    min_trades: Annotated[int, Field(ge=0)] = Field(500, description="Least number of settled trades.")
