"""Has a distribution moved anywhere? The two-sample Kolmogorov-Smirnov test, from samples or from histograms."""

import math
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import kolmogorov

from shadow_stats.series import checked
from shadow_stats.stability_index import checked_histograms

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
        pvalue: two-sided, for as many independent rows as `effective_share` says; ties and bins only make it larger.
        level: the larger of .15 and .25 that the distance reaches, 0 below them.
        reference_samples: rows of the reference.
        current_samples: rows of the current window.
        effective_share: share of the rows that was taken to be independent.

    """

    statistic: float
    pvalue: float
    level: float
    reference_samples: int
    current_samples: int
    effective_share: float = 1.0


def kolmogorov_smirnov(reference: ArrayLike, current: ArrayLike, *, effective_share: float = 1.0) -> KolmogorovSmirnov:
    """Test that two samples come from one distribution.

    For independent rows the p-value is exact while the product of the sizes is at most 4,000,000. Else it is that of
    the limit law, with as many rows as count as independent.

    Args:
        reference: shape (m,), any unit.
        current: shape (n,), in the same unit.
        effective_share: share of the rows that count as independent, above 0 and at most 1; the function of this name
            estimates it. The p-value is far too small for rows that remember if it is left at 1.

    Raises:
        ValueError: a sample is empty, not one-dimensional, or holds nan, an infinity or a number beyond 1e60, or the
            share is out of its range.

    Source: Hodges (1958), "The significance probability of the Smirnov two-sample test".

    """
    first, second = (np.sort(checked(n, x)) for n, x in (("reference", reference), ("current", current)))
    for name, sample in (("reference", first), ("current", second)):
        if sample.size == 0:
            raise ValueError(f"{name} is empty: there is nothing to compare.")
    if not 0.0 < effective_share <= 1.0:
        raise ValueError(f"effective_share is {effective_share}: it must lie above 0 and be at most 1.")
    points = np.concatenate([first, second])
    below = np.searchsorted(first, points, side="right") * second.size
    gap = np.abs(below - np.searchsorted(second, points, side="right") * first.size)
    return _report(int(gap.max()), first.size, second.size, effective_share)


def histogram_kolmogorov_smirnov(reference: ArrayLike, current: ArrayLike) -> KolmogorovSmirnov:
    """Test that two histograms over the same ordered bins come from one distribution.

    Inside a bin the distance can only be larger, so the test is conservative: finer bins, more power.

    Args:
        reference: rows in each bin; shape (b,), whole numbers of at least 0.
        current: the same of the current window; shape (b,).

    Raises:
        ValueError: a histogram is empty or not one-dimensional, their lengths differ, or an entry is no count.

    """
    # Python's whole numbers, because a product of two totals of counters can be beyond 64 bits.
    first, second = (list(accumulate(map(int, x))) for x in checked_histograms(reference, current))
    gap = max(abs(i * second[-1] - j * first[-1]) for i, j in zip(first, second, strict=True))
    return _report(gap, first[-1], second[-1], 1.0)


def _report(gap: int, reference: int, current: int, share: float) -> KolmogorovSmirnov:
    distance = gap / (reference * current)
    counted = share == 1.0 and reference * current <= _LARGEST_COUNTED
    pvalue = _counted_pvalue(gap, min(reference, current), max(reference, current)) if counted else 0.0
    if pvalue < _SMALLEST_COUNTED:
        pvalue = float(kolmogorov(math.sqrt(share * reference * current / (reference + current)) * distance))
    level = max((level for level in LEVELS if distance >= level), default=0.0)
    return KolmogorovSmirnov(distance, pvalue, level, reference, current, share)


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
