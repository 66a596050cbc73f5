"""Who moves the traffic: our operator, or another controller that is measured beside it."""

from collections.abc import Sequence
from typing import Protocol


def model(number: int) -> str:
    """The name of a lane's so-and-so-many-th model: each is the champion, once it was promoted, of the next one."""
    return f"model-{number}"


CHAMPION, CHALLENGER = model(0), model(1)


class Controller(Protocol):
    """What a bench needs of it."""

    def begin(self, lanes: Sequence[str], challenger: str) -> None:
        """Have this challenger of each lane begin a canary at 30 percent; again, if it was rolled back."""
