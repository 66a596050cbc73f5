"""Counts by label, as measured gates read them from the answers of Prometheus."""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from shadow_operator.core.evidence import Point

# Shares and distributions of fewer rows than these say nothing.
FEWEST = 100


def total(points: Iterable[Point]) -> float:
    """The sum of all series."""
    return sum(point.value for point in points)


def by_label(points: Iterable[Point], label: str) -> Mapping[str, float]:
    """The sum of the series for each value of a label."""
    sums: dict[str, float] = {}
    for point in points:
        value = point.labels.get(label, "")
        sums[value] = sums.get(value, 0.0) + point.value
    return sums


def rows(values: Iterable[float]) -> NDArray[np.float64]:
    """Whole counts of at least 0: Prometheus extrapolates increases to the ends of the window."""
    return np.maximum(np.rint(np.fromiter(values, dtype=np.float64)), 0.0)


def buckets(points: Iterable[Point]) -> tuple[Sequence[float], NDArray[np.float64]]:
    """The upper ends of a histogram's buckets, increasing, and the rows in each (not cumulative); shape (b,) both."""
    reached = {float(bound): value for bound, value in by_label(points, "le").items() if _is_number(bound)}
    bounds = sorted(reached)
    cumulative = rows(reached[bound] for bound in bounds)
    return bounds, np.maximum(np.diff(cumulative, prepend=0.0), 0.0)


def _is_number(text: str) -> bool:
    try:
        return not math.isnan(float(text))
    except ValueError:
        return False
