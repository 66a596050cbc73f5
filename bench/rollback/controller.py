"""Who moves the traffic: our operator, or another controller that is measured beside it."""

from collections.abc import Sequence
from typing import Protocol

# As the models of a lane are called, whoever moves its traffic.
CHAMPION, CHALLENGER = "model-0", "model-1"


class Controller(Protocol):
    """What a bench needs of it."""

    @property
    def title(self) -> str:
        """Its name and version, for the table."""

    def bring_up(self, lanes: Sequence[str]) -> None:
        """Make the objects of these lanes; their champions serve when it returns."""

    def begin(self, lanes: Sequence[str], challenger: str) -> None:
        """Have this challenger of each lane begin a canary at 30 percent; again, if it was rolled back."""
