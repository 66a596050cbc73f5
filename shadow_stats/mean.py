"""Is the challenger's mean result better? Paired differences, one look for each batch."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from shadow_stats.checkpoint import opened, sealed
from shadow_stats.confidence_sequence import ConfidenceSequence, Estimate
from shadow_stats.design import Design
from shadow_stats.long_run_variance import LagProducts
from shadow_stats.series import checked
from shadow_stats.verdict import ComparisonResult

_KIND = "PairedMean"
_KEYS = frozenset({"design", "nonzero", "series", "sequence"})


class PairedMean:
    """Sequential test and confidence sequence of the mean of paired differences, valid however often one looks.

    The differences may depend on each other over a short time (their long-run variance is that of an autoregression
    chosen by BIC). Slow regimes, in which the sign of the difference persists over much of the data, are beyond it.

    Source: the boundary is the hybrid of `HybridBoundary`; asymptotic confidence sequences are Waudby-Smith, Arbour,
    Sinha, Kennedy and Ramdas (2024), "Time-uniform central limit theory and asymptotic confidence sequences".
    """

    __slots__ = ("_design", "_nonzero", "_sequence", "_series")

    def __init__(self, design: Design) -> None:
        self._design = design
        self._series = LagProducts()
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
        self._series.extend(values.tolist())
        self._nonzero += int(np.count_nonzero(values))
        self._sequence.look(self._estimate())

    def result(self) -> ComparisonResult:
        """Return what the looks so far say of the mean difference; the effect is in units of the differences."""
        return self._sequence.result(self._estimate())

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, under 4 KB, from which `from_json` resumes bit for bit."""
        return sealed(
            _KIND,
            {
                "design": self._design.to_json(),
                "nonzero": self._nonzero,
                "series": self._series.to_json(),
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
        state._sequence = ConfidenceSequence.from_json(state._design, found["sequence"])
        return state

    def _estimate(self) -> Estimate:
        series = self._series
        return Estimate(series.mean(), series.long_run_variance(), series.samples, self._nonzero)
