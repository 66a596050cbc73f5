"""Has a distribution moved? The population stability index, as an effect size and with an error rate."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from shadow_stats.fixed_sample import checked_count
from shadow_stats.series import checked

LEVELS = (0.1, 0.2, 0.25, 0.3)
# A cell without a sample would make the index infinite; the usual tiny filler (1e-4) makes it jump instead.
_SMOOTHING = 0.5


@dataclass(frozen=True, slots=True)
class PopulationStability:
    """How far the current distribution lies from the reference, and whether chance explains it.

    Attributes:
        statistic: the index, sum of (q - p) ln(q / p) over the bins, in nats; 0 for equal distributions.
        pvalue: probability of at least this index if nothing changed, for independent rows. Alarm by this one: the
            index of small windows exceeds .1 or .2 by chance alone most of the time.
        level: the largest of .1, .2, .25 and .3 that the index reaches, 0 below them: the usual words for its size.
        bins: bins in which either sample has rows.
        reference_samples: rows of the reference.
        current_samples: rows of the current window.

    """

    statistic: float
    pvalue: float
    level: float
    bins: int
    reference_samples: int
    current_samples: int


def population_stability(reference: ArrayLike, current: ArrayLike, *, bins: int = 10) -> PopulationStability:
    """Compare two samples in bins that hold equal shares of the reference.

    A value that fills a whole quantile by itself gets a bin of its own, so discrete data work too.

    Args:
        reference: shape (m,), any unit.
        current: shape (n,), in the same unit.
        bins: how many quantile bins; at least 2.

    Raises:
        ValueError: a sample is empty, not one-dimensional, or holds nan, an infinity or a number beyond 1e60, or
            `bins` is below 2.
        TypeError: `bins` is not a whole number.

    Source: Lewis (1994), "An Introduction to Credit Scoring"; the law of the index is in `histogram_stability`.

    """
    first, second = checked("reference", reference), checked("current", current)
    for name, sample in (("reference", first), ("current", second)):
        if sample.size == 0:
            raise ValueError(f"{name} is empty: there is nothing to compare.")
    edges = quantile_edges(first, bins)
    counts = [np.bincount(np.searchsorted(edges, x, side="left"), minlength=edges.size + 1) for x in (first, second)]
    return histogram_stability(*counts)


def quantile_edges(reference: NDArray[np.float64], bins: int) -> NDArray[np.float64]:
    """Return increasing inner edges; bin i holds edge[i - 1] < x <= edge[i]; shape (at most 2 (bins - 1),).

    Raises:
        ValueError: `bins` is below 2.
        TypeError: `bins` is not a whole number.

    """
    checked_count("bins", bins, 2)
    # An edge is a value of the sample itself, so that it stays on its own side of the bin.
    inner = np.quantile(reference, np.arange(1, bins) / bins, method="inverted_cdf")
    edges, repeats = np.unique(inner, return_counts=True)
    low, high = reference.min(), reference.max()
    atoms = edges[(repeats > 1) | (edges == low) | (edges == high)]
    return np.unique(np.concatenate([edges, np.nextafter(atoms, -np.inf)]))


def histogram_stability(reference: ArrayLike, current: ArrayLike) -> PopulationStability:
    """Compare two histograms over the same bins.

    Half a count is added to every bin. Without a change, index / (1/n + 1/m) is chi-square with bins - 1 degrees
    of freedom. Bins that are empty on both sides are left out.

    Args:
        reference: rows in each bin; shape (b,), whole numbers of at least 0.
        current: the same of the current window; shape (b,).

    Raises:
        ValueError: a histogram is empty or not one-dimensional, their lengths differ, or an entry is no count.

    Source: Yurdakul and Naranjo (2020), "Statistical properties of the population stability index".

    """
    first, second = checked_histograms(reference, current)
    filled = first + second > 0.0
    first, second = first[filled], second[filled]
    samples = float(first.sum()), float(second.sum())
    before, now = ((x + _SMOOTHING) / (x.sum() + _SMOOTHING * x.size) for x in (first, second))
    index = float(np.sum((now - before) * np.log(now / before)))
    scale = 1.0 / samples[0] + 1.0 / samples[1]
    pvalue = float(chdtrc(first.size - 1, index / scale)) if first.size > 1 else 1.0
    level = max((level for level in LEVELS if index >= level), default=0.0)
    return PopulationStability(index, pvalue, level, int(first.size), int(samples[0]), int(samples[1]))


def checked_histograms(reference: ArrayLike, current: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both as counts over the same bins.

    Raises:
        ValueError: a histogram is empty or not one-dimensional, their lengths differ, or an entry is no count.

    """
    first, second = checked_counts("reference", reference), checked_counts("current", current)
    if first.size != second.size:
        raise ValueError(f"reference has {first.size} bins and current {second.size}: they must be the same bins.")
    return first, second


def checked_counts(name: str, counts: ArrayLike) -> NDArray[np.float64]:
    """Return `counts`, shape (b,), if they are whole numbers of at least 0 and not all 0.

    Raises:
        ValueError: they are not.

    """
    values = checked(name, counts)
    usable = (values >= 0.0) & (values == np.floor(values))
    if not usable.all():
        index = int(np.argmin(usable))
        raise ValueError(f"{name}[{index}] is {values[index]}: a count is a whole number of at least 0.")
    if not values.any():
        raise ValueError(f"{name} is empty: there is nothing to compare.")
    return values
