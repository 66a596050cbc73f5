"""Is the challenger's Sharpe ratio better? Two paired streams of profit and loss, one look for each batch."""

import math
from collections.abc import Mapping
from copy import copy
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shadow_stats.checkpoint import opened, sealed
from shadow_stats.confidence_sequence import ConfidenceSequence, Estimate
from shadow_stats.design import Design
from shadow_stats.joint_lag_products import JointLagProducts, with_squares
from shadow_stats.long_run_variance import FEWEST, ROUNDING_SHARE
from shadow_stats.memory import Memory
from shadow_stats.series import checked_pair
from shadow_stats.verdict import ComparisonResult

_KIND = "SharpeDifference"
# The gradient's square, a fourth power of the unit, has to be a number.
SMALLEST_VARIANCE = 1e-60
_KEYS = frozenset({"design", "nonzero", "series", "memory", "influence", "sequence"})


class SharpeDifference:
    """Sequential test and confidence sequence of the difference of two Sharpe ratios, valid however often one looks.

    The ratio is mean over standard deviation per sample (divisor n), not annualised and without a risk-free rate. The
    difference behaves like the mean of its influence series, a fixed combination of both streams and their squares at
    given moments. The moments move with every sample, so its variance is computed anew at each look from joint sums: it
    is exactly that of the influence series at the present moments, at a fixed cost. What long stretches say of regimes
    comes from the influence of each sample at the moments of the reading before it.

    Raises:
        ValueError: the design's guarantee is not asymptotic.

    Source: Ledoit and Wolf (2008), "Robust performance hypothesis testing with the Sharpe ratio", section 3, for the
    delta method under dependence; the variance and the boundary are those of `PairedMean`.

    """

    __slots__ = ("_design", "_influence", "_memory", "_nonzero", "_sequence", "_series")

    def __init__(self, design: Design) -> None:
        self._design = design
        self._series = JointLagProducts()
        self._memory = Memory()
        self._influence = np.zeros(5)
        self._sequence = ConfidenceSequence(design)
        self._nonzero = np.zeros(3, dtype=np.int64)

    @property
    def design(self) -> Design:
        """The terms fixed before the first look."""
        return self._design

    def update(self, challenger: ArrayLike, champion: ArrayLike) -> None:
        """Add the next paired samples, then take one look.

        Args:
            challenger: profit and loss, in their order in time; shape (n,), any unit in which its standard deviation is
                above 1e-30.
            champion: the same of the champion over the same intervals; shape (n,), any unit.

        Raises:
            ValueError: not one-dimensional, of different lengths, or an entry is nan, infinite or beyond 1e60 in size;
                nothing is added then.

        """
        first, second = checked_pair(challenger, champion)
        pairs = np.stack([first, second], axis=1)
        self._series.extend(pairs)
        gradient = self._gradient()
        if gradient is not None and not self._influence.any():
            self._weigh(gradient)
        self._memory.extend((with_squares(pairs) @ self._influence[:4] - self._influence[4]).tolist())
        self._nonzero += [np.count_nonzero(values) for values in (first, second, first - second)]
        self._look(gradient)

    def result(self) -> ComparisonResult:
        """Return what the looks so far say of the difference of Sharpe ratios per sample.

        `nonzero_samples` is the least of three counts: non-zero samples of either stream, and samples that differ.
        """
        return self._sequence.result(self._estimate(self._gradient()))

    def merge(self, later: Self) -> "SharpeDifference":
        """Return this comparison with the samples of `later` added as one batch; exact up to rounding.

        The looks of `later` don't count: two streams that each had their own would spend the error budget twice. Pairs
        of blocks across the seam are missing from what is known of regimes.

        Raises:
            ValueError: `later` is of another design.

        """
        if later._design != self._design:
            raise ValueError("later is of another design: only comparisons on the same terms can be merged.")
        state = SharpeDifference(self._design)
        state._nonzero = self._nonzero + later._nonzero
        state._series = self._series.merge(later._series)
        state._memory = self._memory.merge(later._memory)
        state._sequence = copy(self._sequence)
        state._look(state._gradient())
        return state

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, under 4 KB, from which `from_json` resumes bit for bit."""
        return sealed(
            _KIND,
            {
                "design": self._design.to_json(),
                "nonzero": self._nonzero.tolist(),
                "series": self._series.to_json(),
                "memory": self._memory.to_json(),
                "influence": self._influence.tolist(),
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
        state._nonzero[:] = found["nonzero"]
        state._series = JointLagProducts.from_json(found["series"])
        state._memory = Memory.from_json(found["memory"])
        state._influence[:] = found["influence"]
        state._sequence = ConfidenceSequence.from_json(state._design, found["sequence"])
        return state

    def _look(self, gradient: NDArray[np.float64] | None) -> None:
        series, memory = self._series, self._memory
        if gradient is not None and memory.is_due(series.samples):
            memory.read(series.combined(gradient).autocovariances(), series.samples)
            self._weigh(gradient)
        self._sequence.look(self._estimate(gradient))

    def _weigh(self, gradient: NDArray[np.float64]) -> None:
        """Take the influence of a sample at the present moments."""
        self._influence = np.append(gradient, gradient @ self._series.means())

    def _gradient(self) -> NDArray[np.float64] | None:
        """Return the derivative by the moments now; None while a stream or the influence does not vary."""
        mean1, mean2, square1, square2 = self._series.means()
        variance1, variance2 = square1 - mean1 * mean1, square2 - mean2 * mean2
        if min(variance1 - ROUNDING_SHARE * square1, variance2 - ROUNDING_SHARE * square2) <= SMALLEST_VARIANCE:
            return None
        gradient = sharpe_gradient(mean1, mean2, square1, square2)
        return gradient if self._series.samples >= FEWEST and self._series.variance(gradient) > 0.0 else None

    def _estimate(self, gradient: NDArray[np.float64] | None) -> Estimate:
        samples, nonzero = self._series.samples, int(self._nonzero.min())
        if gradient is None:
            return Estimate(math.nan, 0.0, samples, nonzero)
        mean1, mean2, square1, square2 = self._series.means()
        effect = mean1 / math.sqrt(square1 - mean1 * mean1) - mean2 / math.sqrt(square2 - mean2 * mean2)
        dependence = self._design.dependence
        variance = self._series.variance(gradient) * self._memory.inflation(dependence)
        return Estimate(effect, variance, samples, nonzero, self._memory.doubt(dependence, samples))


def sharpe_gradient(mean1: float, mean2: float, square1: float, square2: float) -> NDArray[np.float64]:
    """Return the derivative of the difference of Sharpe ratios by (mean1, mean2, square1, square2); shape (4,).

    Source: Ledoit and Wolf (2008), equation 2 and the lines after it; `square` is the mean of squares.
    """
    cube1, cube2 = (square1 - mean1 * mean1) ** 1.5, (square2 - mean2 * mean2) ** 1.5
    return np.array([square1 / cube1, -square2 / cube2, -0.5 * mean1 / cube1, 0.5 * mean2 / cube2])
