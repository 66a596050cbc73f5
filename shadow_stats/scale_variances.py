"""How much sums over longer and longer stretches vary, kept up to date at a fixed cost for each new number."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from shadow_stats.checkpoint import whole

SHORTEST_BLOCK = 8
_LISTS = ("waiting", "pairs", "squares")
_KEYS = frozenset({"open_sum", "open_count", *_LISTS})


@dataclass(slots=True)
class ScaleVariances:
    """Squared differences of neighbouring block sums, for blocks of 8, 16, 32, ... numbers.

    These are the Haar wavelet variances of a series. They need no mean, hardly depend on each other, and show at which
    length of time a series stops to remember itself: then they are all equal to its long-run variance. A series gives
    the same bits however it is cut into batches.

    Attributes:
        open_sum: sum of the numbers that do not fill a block of 8 yet.
        open_count: how many those are.
        waiting: for each length, the sum of the block that waits for its neighbour, or None.
        pairs: for each length, how many pairs of blocks were seen.
        squares: for each length, the sum over pairs of (difference of sums)^2 / (2 x length).

    """

    open_sum: float = 0.0
    open_count: int = 0
    waiting: list[float | None] = field(default_factory=list)
    pairs: list[int] = field(default_factory=list)
    squares: list[float] = field(default_factory=list)

    def extend(self, values: Sequence[float]) -> None:
        """Add `values`, shape (n,), finite, in their order in time."""
        for value in values:
            self.open_sum += value
            self.open_count += 1
            if self.open_count == SHORTEST_BLOCK:
                self._close_block(self.open_sum)
                self.open_sum, self.open_count = 0.0, 0

    def mean_squares(self) -> list[float]:
        """Return for each length with a pair the mean over pairs: the variance per number at that scale."""
        return [square / pairs for square, pairs in zip(self.squares, self.pairs, strict=True) if pairs]

    def coverage(self, samples: int) -> float:
        """Return the least share of `samples` rows that the pairs of any length hold which has room for four of them.

        At least .8 for a stream that was read whole; less after merges of pieces too short for a pair. 1 while there is
        room for none.
        """
        room = [(level, 2 * SHORTEST_BLOCK << level) for level in range(samples.bit_length())]
        held = [
            span * self.pairs[level] / samples if level < len(self.pairs) else 0.0
            for level, span in room
            if samples >= 4 * span
        ]
        return min(held, default=1.0)

    def merge(self, later: Self) -> Self:
        """Return the sums of both; pairs of blocks across the seam are left out."""
        long, short = (self, later) if len(self.pairs) >= len(later.pairs) else (later, self)
        missing = len(long.pairs) - len(short.pairs)
        return type(self)(
            open_sum=later.open_sum,
            open_count=later.open_count,
            waiting=later.waiting + [None] * (len(long.pairs) - len(later.pairs)),
            pairs=[a + b for a, b in zip(long.pairs, short.pairs + [0] * missing, strict=True)],
            squares=[a + b for a, b in zip(long.squares, short.squares + [0.0] * missing, strict=True)],
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values from which `from_json` resumes bit for bit."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Resume what `to_json` wrote.

        Raises:
            ValueError: a part is missing, or the lists are of different lengths.

        """
        found = whole("ScaleVariances", data, _KEYS)
        if len({len(found[name]) for name in _LISTS}) != 1:
            raise ValueError("state of ScaleVariances has lists of different lengths: it was cut short or edited.")
        return cls(
            open_sum=found["open_sum"],
            open_count=found["open_count"],
            **{name: list(found[name]) for name in _LISTS},
        )

    def _close_block(self, block: float) -> None:
        length, level = SHORTEST_BLOCK, 0
        while True:
            if level == len(self.pairs):
                self.waiting.append(None)
                self.pairs.append(0)
                self.squares.append(0.0)
            neighbour = self.waiting[level]
            if neighbour is None:
                self.waiting[level] = block
                return
            difference = neighbour - block
            self.squares[level] += difference * difference / (2 * length)
            self.pairs[level] += 1
            self.waiting[level] = None
            block, length, level = block + neighbour, 2 * length, level + 1
