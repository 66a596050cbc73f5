"""Whether anything may advance. Whatever lowers a risk never asks."""

from dataclasses import dataclass

from shadow_operator.api.rollout import Spec
from shadow_operator.api.status import Status
from shadow_operator.core.observed import Observed


@dataclass(frozen=True, slots=True)
class Standstill:
    """Why nothing advances.

    Attributes:
        state: in a word or two, for the front of a sentence.
        ends_with: what has to happen for it to end.

    """

    state: str
    ends_with: str

    def __str__(self) -> str:
        """The whole, as an answer to somebody who wants to advance it."""
        return f"{self.state}, nothing advances; it waits for {self.ends_with}"


def why_nothing_advances(spec: Spec, status: Status, observed: Observed) -> Standstill | None:
    """What stops every advance of the rollout, None while nothing does."""
    if observed.frozen is not None:
        return Standstill("frozen with the whole fleet", f"the freeze: {observed.frozen}")
    if status.stopped is not None:
        by = status.stopped.by
        return Standstill(f"trading is stopped by {by}", f"the command start-trading: {by} stopped trading")
    if spec.suspend:
        return Standstill("suspended", "the manifest: spec.suspend is true")
    if status.paused is not None:
        return Standstill(f"paused by {status.paused.by}", f"the command resume: {status.paused.by} paused it")
    return None
