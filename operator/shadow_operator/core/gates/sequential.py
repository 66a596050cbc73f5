"""The online states of the gates that test: each is fed the same pairs, and looked at as often as one likes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from shadow_operator.core.interval import Pair
from shadow_stats import BootstrapMean, BootstrapSharpe, ComparisonResult, Design, PairedMean, SharpeDifference

Kept = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Terms:
    """What the rollout says of every test, fixed before the first look.

    Attributes:
        design: error budget, planned samples and guarantee.
        intervals_a_year: as many as a year holds, for ratios that people read by the year.

    """

    design: Design
    intervals_a_year: float


class SequentialTest(Protocol):
    """The evidence for one gate."""

    def update(self, pairs: Sequence[Pair]) -> None:
        """Add the next pairs, in order of time, then take one look."""
        ...

    def result(self) -> ComparisonResult:
        """What the looks so far say; positive is better."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values from which the gate resumes."""
        ...


class Differences:
    """A test of the mean of one difference for each pair.

    Args:
        state: the online state.
        difference: of a pair, positive where the challenger is better; None where a figure of it is missing, so that
            the pair is left out.

    """

    def __init__(self, state: PairedMean | BootstrapMean, difference: Callable[[Pair], float | None]) -> None:
        self._state = state
        self._difference = difference

    def update(self, pairs: Sequence[Pair]) -> None:
        """Add the next pairs, then take one look."""
        found = [difference for pair in pairs if (difference := self._difference(pair)) is not None]
        if found:
            self._state.update(found)

    def result(self) -> ComparisonResult:
        """What the looks so far say, in units of the differences."""
        return self._state.result()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return self._state.to_json()


class Streams:
    """A test of two streams of results, kept as they are."""

    def __init__(self, state: SharpeDifference | BootstrapSharpe) -> None:
        self._state = state

    def update(self, pairs: Sequence[Pair]) -> None:
        """Add the next pairs, then take one look."""
        if pairs:
            self._state.update(
                [pair.challenger.per_decision for pair in pairs], [pair.champion.per_decision for pair in pairs]
            )

    def result(self) -> ComparisonResult:
        """What the looks so far say, as a difference of Sharpe ratios an interval."""
        return self._state.result()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return self._state.to_json()
