"""Is the challenger's mean result better? Paired differences, one look for each batch."""

from collections.abc import Mapping
from copy import copy
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from shadow_stats.checkpoint import opened, sealed
from shadow_stats.confidence_sequence import ConfidenceSequence, Estimate
from shadow_stats.design import Design
from shadow_stats.long_run_variance import LagProducts
from shadow_stats.memory import Memory
from shadow_stats.series import checked
from shadow_stats.verdict import ComparisonResult

_KIND = "PairedMean"
_KEYS = frozenset({"design", "nonzero", "series", "memory", "sequence"})


class PairedMean:
    """Sequential test and confidence sequence of the mean of paired differences, valid however often one looks.

    The differences may depend on each other. With `Dependence.SHORT` the variance of their sum is that of an
    autoregression; looks are withheld while longer stretches vary more than twice as much as it explains.
    With `Dependence.REGIMES` the variance is that of the long stretches, and looks count from 40 regimes on.

    Raises:
        ValueError: the design's guarantee is not asymptotic.

    Source: the boundary is the hybrid of `HybridBoundary`; asymptotic confidence sequences are Waudby-Smith, Arbour,
    Sinha, Kennedy and Ramdas (2024), "Time-uniform central limit theory and asymptotic confidence sequences".

    """

    __slots__ = ("_design", "_memory", "_nonzero", "_sequence", "_series")

    def __init__(self, design: Design) -> None:
        self._design = design
        self._series = LagProducts()
        self._memory = Memory()
        self._sequence = ConfidenceSequence(design)
        self._nonzero = 0

    @property
    def design(self) -> Design:
        """The terms fixed before the first look."""
        return self._design

    def update(self, differences: ArrayLike) -> None:
        """Add the next differences, then take one look.

        The sums do not depend on how a series is cut into batches, bit for bit; the running minimum of the p-value
        does, because each batch is one look.

        Args:
            differences: challenger minus champion, higher is better, in their order in time; shape (n,), any unit.

        Raises:
            ValueError: not one-dimensional, or an entry is nan, infinite or beyond 1e60 in size; nothing is added then.

        """
        values = checked("differences", differences)
        numbers = values.tolist()
        self._series.extend(numbers)
        self._memory.extend(numbers)
        self._nonzero += int(np.count_nonzero(values))
        self._look()

    def result(self) -> ComparisonResult:
        """Return what the looks so far say of the mean difference; the effect is in units of the differences."""
        return self._sequence.result(self._estimate())

    def merge(self, later: Self) -> "PairedMean":
        """Return this comparison with the differences of `later` added as one batch; exact up to rounding.

        The looks of `later` don't count: two streams that each had their own would spend the error budget twice. Pairs
        of blocks across the seam are missing from what is known of regimes.

        Raises:
            ValueError: `later` is of another design.

        """
        if later._design != self._design:
            raise ValueError("later is of another design: only comparisons on the same terms can be merged.")
        state = PairedMean(self._design)
        state._nonzero = self._nonzero + later._nonzero
        state._series = self._series.merge(later._series)
        state._memory = self._memory.merge(later._memory)
        state._sequence = copy(self._sequence)
        state._look()
        return state

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, under 4 KB, from which `from_json` resumes bit for bit."""
        return sealed(
            _KIND,
            {
                "design": self._design.to_json(),
                "nonzero": self._nonzero,
                "series": self._series.to_json(),
                "memory": self._memory.to_json(),
                "sequence": self._sequence.to_json(),
            },
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Resume what `to_json` wrote.

        Raises:
            ValueError: `data` is of another kind or version, or not whole.
            TypeError: a term of its design is unknown or missing.

        """
        found = opened(_KIND, data, _KEYS)
        state = cls(Design.from_json(found["design"]))
        state._nonzero = found["nonzero"]
        state._series = LagProducts.from_json(found["series"])
        state._memory = Memory.from_json(found["memory"])
        state._sequence = ConfidenceSequence.from_json(state._design, found["sequence"])
        return state

    def _look(self) -> None:
        series, memory = self._series, self._memory
        if memory.is_due(series.samples) and series.variance() > 0.0:
            memory.read(series.autocovariances(), series.samples)
        self._sequence.look(self._estimate())

    def _estimate(self) -> Estimate:
        series, memory, dependence = self._series, self._memory, self._design.dependence
        variance = series.variance() * memory.inflation(dependence)
        doubt = memory.doubt(dependence, series.samples)
        return Estimate(series.mean(), variance, series.samples, self._nonzero, doubt)
