"""A few looks that are planned in advance and share the error budget, for tests that hold for one look."""

import math
from collections.abc import Mapping
from typing import Any, Self

from shadow_stats.checkpoint import whole
from shadow_stats.design import Design
from shadow_stats.verdict import ComparisonResult, both_sides, concluded, intersection

KEYS = frozenset({"looks", "next", "pvalues", "interval"})


class PlannedLooks:
    """What the looks so far say.

    The first comes at the design's planned samples, the next each time that these have doubled. Look k spends 2**-k of
    the budget, k = 1, 2, ..., so that all of them together spend at most the whole: its p-value counts 2**k fold, and
    the running minimum of these is valid at any time (union bound).
    """

    __slots__ = ("_count", "_design", "_high", "_low", "_next", "_pvalues")

    def __init__(self, design: Design) -> None:
        self._design = design
        self._count = 0
        self._next = max(design.planned_samples, design.burn_in)
        self._pvalues = (1.0, 1.0)
        self._low, self._high = -math.inf, math.inf

    def is_due(self, samples: int) -> bool:
        """Whether a look comes at so many samples."""
        return samples >= self._next

    def begin(self, samples: int) -> int:
        """Spend a look's share, whatever it then sees; return its number, counted from 1."""
        self._count += 1
        while self._next <= samples:
            self._next *= 2
        return self._count

    @property
    def level(self) -> float:
        """The level of the two-sided interval of the look that was begun last."""
        return 2.0 * self._design.side_level * self._spent

    @property
    def _spent(self) -> float:
        return 2.0**-self._count

    def add(self, better: float, worse: float, low: float, high: float) -> None:
        """Add what the look that was begun last saw: one-sided p-values, and the interval at `level`."""
        before, after = self._pvalues, (better / self._spent, worse / self._spent)
        self._pvalues = min(before[0], after[0], 1.0), min(before[1], after[1], 1.0)
        self._low, self._high = max(self._low, low), min(self._high, high)

    def result(self, effect: float, samples: int, nonzero: int) -> ComparisonResult:
        """Return what the looks so far say of an effect that is estimated as `effect`."""
        better, worse = self._pvalues
        interval = intersection(self._low, self._high)
        waits = f"Look {self._count + 1} comes at {self._next} samples, {samples} so far."
        return ComparisonResult(
            statistic=math.nan,
            pvalue=both_sides(self._design, better, worse),
            pvalue_better=better,
            pvalue_worse=worse,
            effect=effect,
            low=interval.low,
            high=interval.high,
            log_e_value=0.0,
            log_e_better=0.0,
            log_e_worse=0.0,
            samples=samples,
            nonzero_samples=nonzero,
            samples_needed=None,
            verdict=concluded(self._design, interval),
            non_inferior=interval.low >= -self._design.margin,
            withheld=waits if self._count == 0 else None,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values from which `from_json` resumes."""
        return {
            "looks": self._count,
            "next": self._next,
            "pvalues": list(self._pvalues),
            "interval": [None if math.isinf(end) else end for end in (self._low, self._high)],
        }

    @classmethod
    def from_json(cls, design: Design, data: Mapping[str, Any]) -> Self:
        """Resume what `to_json` wrote. Raises ValueError where it is not whole."""
        found = whole("the looks", data, KEYS)
        looks = cls(design)
        looks._count, looks._next = found["looks"], found["next"]
        better, worse = found["pvalues"]
        looks._pvalues = (better, worse)
        low, high = found["interval"]
        looks._low, looks._high = -math.inf if low is None else low, math.inf if high is None else high
        return looks
