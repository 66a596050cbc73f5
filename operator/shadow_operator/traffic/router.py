"""The router protocol: one page is enough to support another data plane."""

from dataclasses import dataclass
from typing import Protocol

from shadow_operator.api.rollout import ShadowRollout
from shadow_operator.core.guardrails import Rollback
from shadow_operator.core.observed import Route
from shadow_operator.core.split import Split


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a data plane can do."""

    most_mirrors: int
    mirrors_by_percentage: bool


class Router(Protocol):
    """Writes the shares and reads them back. What was read back is believed, not what was written."""

    def capabilities(self) -> Capabilities:
        """What this data plane can do."""
        ...

    async def observed(self, rollout: ShadowRollout) -> Route:
        """The route as the data plane has it."""
        ...

    async def apply(
        self, rollout: ShadowRollout, split: Split, *, mark: Rollback | None, unless_newer_than: str | None
    ) -> None:
        """Ask for these shares.

        Args:
            rollout: whose traffic it is.
            split: the shares.
            mark: a rollback to note in the route, in the same write as its shares.
            unless_newer_than: fail with ConflictError if the route was written since this version; None to win always.

        """
        ...

    async def remove(self, rollout: ShadowRollout) -> None:
        """Take the route away, and return once it is gone."""
        ...
