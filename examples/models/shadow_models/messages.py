"""What goes over the wire between feed, models and scorer."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True, allow_inf_nan=False)


class Question(_Message):
    """One request to a model."""

    id: str
    symbol: str
    bar: int
    # "pass" is a word of Python's own.
    replay: int = Field(default=0, alias="pass")


class Answer(_Message):
    """What a model answers."""

    model: str
    action: str
    position: float
    confidence: float
    acted: bool


class LoggedPrediction(_Message):
    """What a model tells the scorer about each answer."""

    id: str
    rollout: Annotated[str, Field(pattern=r"^[^/]+/[^/]+$")]
    model: str
    symbol: str
    bar: int
    replay: int = Field(default=0, alias="pass")
    position: Annotated[float, Field(ge=-1.0, le=1.0)]
    confidence: Annotated[float, Field(ge=0.0, le=1.0)]
    shadow: bool


BATCH = TypeAdapter(list[LoggedPrediction])
