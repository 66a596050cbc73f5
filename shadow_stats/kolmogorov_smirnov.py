"""Has a distribution moved anywhere? The two-sample Kolmogorov-Smirnov test, from samples or from histograms."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import kolmogorov

from shadow_stats.population_stability import checked_histograms
from shadow_stats.series import checked

LEVELS = (0.15, 0.25)
# Counting paths costs the product of the sizes: a tenth of a second here. The limit law is exact enough beyond.
_LARGEST_COUNTED = 4_000_000
# One minus a sum of probabilities: below this it is rounding.
_SMALLEST_COUNTED = 1e-10


@dataclass(frozen=True, slots=True)
class KolmogorovSmirnov:
    """The largest distance between two distribution functions, and whether chance explains it.

    Attributes:
        statistic: the distance, between 0 and 1.
        pvalue: two-sided, for independent rows; ties and bins only make it larger.
        level: the larger of .15 and .25 that the distance reaches, 0 below them.
        reference_samples: rows of the reference.
        current_samples: rows of the current window.

    """

    statistic: float
    pvalue: float
    level: float
    reference_samples: int
    current_samples: int


def kolmogorov_smirnov(reference: ArrayLike, current: ArrayLike) -> KolmogorovSmirnov:
    """Test that two samples come from one distribution.

    The p-value is exact while the product of the sizes is at most 4,000,000, else that of the limit law.

    Args:
        reference: shape (m,), any unit.
        current: shape (n,), in the same unit.

    Raises:
        ValueError: a sample is empty, not one-dimensional, or holds nan, an infinity or a number beyond 1e60.

    Source: Smirnov (1939); Hodges (1958), "The significance probability of the Smirnov two-sample test".

    """
    first, second = (np.sort(checked(n, x)) for n, x in (("reference", reference), ("current", current)))
    for name, sample in (("reference", first), ("current", second)):
        if sample.size == 0:
            raise ValueError(f"{name} is empty: there is nothing to compare.")
    points = np.concatenate([first, second])
    below = np.searchsorted(first, points, side="right") * second.size
    gap = np.abs(below - np.searchsorted(second, points, side="right") * first.size)
    return _report(int(gap.max()), first.size, second.size)


def histogram_kolmogorov_smirnov(reference: ArrayLike, current: ArrayLike) -> KolmogorovSmirnov:
    """Test that two histograms over the same ordered bins come from one distribution.

    Inside a bin the distance can only be larger, so the test is conservative: finer bins, more power.

    Args:
        reference: rows in each bin; shape (b,), whole numbers of at least 0.
        current: the same of the current window; shape (b,).

    Raises:
        ValueError: a histogram is empty or not one-dimensional, their lengths differ, or an entry is no count.

    """
    first, second = (x.astype(np.int64) for x in checked_histograms(reference, current))
    sizes = int(first.sum()), int(second.sum())
    gap = np.abs(np.cumsum(first) * sizes[1] - np.cumsum(second) * sizes[0])
    return _report(int(gap.max()), *sizes)


def _report(gap: int, reference: int, current: int) -> KolmogorovSmirnov:
    distance = gap / (reference * current)
    counted = reference * current <= _LARGEST_COUNTED
    pvalue = _counted_pvalue(gap, min(reference, current), max(reference, current)) if counted else 0.0
    if pvalue < _SMALLEST_COUNTED:
        pvalue = float(kolmogorov(math.sqrt(reference * current / (reference + current)) * distance))
    level = max((level for level in LEVELS if distance >= level), default=0.0)
    return KolmogorovSmirnov(distance, pvalue, level, reference, current)


def _counted_pvalue(gap: int, rows: int, columns: int) -> float:
    """Return the share of lattice paths from (0, 0) to (rows, columns) on which |i columns - j rows| reaches `gap`.

    The paths that stay inside are counted row by row; each row is the running sum of the one before, cut to the
    band, and is divided on the way by its factor of the binomial coefficient, so that nothing overflows.
    """
    if gap == 0:
        return 1.0
    steps = np.arange(columns + 1) * rows
    inside = (steps < gap).astype(np.float64)
    for row in range(1, rows + 1):
        low = max((row * columns - gap) // rows + 1, 0)
        high = min(-((-row * columns - gap) // rows), columns + 1)
        inside[:low] = 0.0
        inside[low:high] = np.cumsum(inside[low:high]) * (row / (columns + row))
        inside[high:] = 0.0
    return min(1.0 - float(inside[columns]), 1.0)
