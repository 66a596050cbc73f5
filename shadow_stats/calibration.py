"""Do events that are given a probability p happen in a share p of the cases? Measures on a finished sample."""

import math
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from shadow_stats.behaviour import wilson_interval
from shadow_stats.fixed_sample import checked_count
from shadow_stats.series import checked

Series = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ReliabilityCurve:
    """Predicted against observed shares in bins, in increasing order of the prediction; empty bins are left out.

    Attributes:
        predicted: mean probability in each bin; shape (b,), like all of these.
        observed: share of events.
        low: lower end of the 95 % interval of that share (Wilson).
        high: upper end.
        counts: rows.

    """

    predicted: tuple[float, ...]
    observed: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CalibrationError:
    """How far probabilities are from shares.

    Attributes:
        expected: the usual expected calibration error, the mean over rows of |observed - predicted| of their bin. It
            is positive by chance alone, the more so the more bins.
        debiased_square: mean squared distance less what chance adds to it; 0 on average for right probabilities.
        debiased: root of its size, with its sign, so on the scale of `expected`; negative where the distance is less
            than by chance. For right probabilities it is .0016 below 0 on average with 1,000 rows in 15 bins, where
            `expected` is .039.
        bins: bins with rows.
        samples: rows.

    """

    expected: float
    debiased_square: float
    debiased: float
    bins: int
    samples: int


@dataclass(frozen=True, slots=True)
class Monotonicity:
    """Whether a reliability curve falls anywhere by more than chance.

    Attributes:
        statistic: squared distance of the curve from the nearest non-decreasing one, in units of its variance.
        pvalue: probability of at least that under a curve that never falls.

    """

    statistic: float
    pvalue: float


def reliability_curve(
    probabilities: ArrayLike, outcomes: ArrayLike, *, bins: int = 10, equal_mass: bool = True
) -> ReliabilityCurve:
    """Return predicted against observed shares.

    Args:
        probabilities: of the event; shape (n,), between 0 and 1.
        outcomes: 1 where it happened, else 0; shape (n,).
        bins: how many; at least 1. Ties and gaps leave fewer.
        equal_mass: bins with equally many rows; else of equal width.

    Raises:
        ValueError: the data are empty, their lengths differ, an entry is outside its range, or `bins` is below 1.
        TypeError: `bins` is not a whole number.

    Source: Murphy and Winkler (1977), "Reliability of subjective probability forecasts of precipitation and
    temperature"; for bins of equal mass Roelofs, Cain, Shlens and Mozer (2022), "Mitigating bias in calibration error
    estimation".

    """
    predicted, happened = checked_forecasts(probabilities, outcomes)
    place = _bin_numbers(predicted, bins, equal_mass=equal_mass)
    counts, sums, events = (np.bincount(place, weights=x) for x in (None, predicted, happened))
    filled = counts > 0
    rows = counts[filled]
    shares = events[filled] / rows
    intervals = [wilson_interval(share, count) for share, count in zip(shares.tolist(), rows.tolist(), strict=True)]
    return ReliabilityCurve(
        tuple((sums[filled] / rows).tolist()),
        tuple(shares.tolist()),
        tuple(interval.low for interval in intervals),
        tuple(interval.high for interval in intervals),
        tuple(rows.astype(int).tolist()),
    )


def calibration_error(
    probabilities: ArrayLike, outcomes: ArrayLike, *, bins: int = 15, equal_mass: bool = True
) -> CalibrationError:
    """Return the expected calibration error, and the squared one without its bias.

    Chance adds to each bin's squared distance the variance of the mean of outcome less probability, estimated from the
    bin's rows. A bin with one row says nothing of that variance and is left out of the debiased measure.

    Args:
        probabilities: of the event; shape (n,), between 0 and 1.
        outcomes: 1 where it happened, else 0; shape (n,).
        bins: as in `reliability_curve`.
        equal_mass: as in `reliability_curve`.

    Raises:
        ValueError: as in `reliability_curve`.
        TypeError: as in `reliability_curve`.

    Source: Naeini, Cooper and Hauskrecht (2015), "Obtaining well calibrated probabilities using Bayesian binning"; for
    the bias Brocker (2012), "Estimating reliability and resolution of probability forecasts through decomposition of
    the empirical score", Ferro and Fricker (2012), "A bias-corrected decomposition of the Brier score", and Kumar,
    Liang and Ma (2019), "Verified uncertainty calibration". They take a bin's probabilities as equal; here they differ.

    """
    predicted, happened = checked_forecasts(probabilities, outcomes)
    place = _bin_numbers(predicted, bins, equal_mass=equal_mass)
    misses = happened - predicted
    counts, sums, squares = (np.bincount(place, weights=x) for x in (None, misses, misses**2))
    filled = counts > 0
    rows, gap, spread = counts[filled], sums[filled] / counts[filled], squares[filled] / counts[filled]
    share = rows / predicted.size
    chance = (spread - gap**2) / np.maximum(rows - 1, 1)
    square = float(np.sum((share * (gap**2 - chance))[rows > 1]))
    root = math.copysign(math.sqrt(abs(square)), square)
    return CalibrationError(float(share @ np.abs(gap)), square, root, int(rows.size), int(predicted.size))


def monotonicity(curve: ReliabilityCurve, *, rng: np.random.Generator, resamples: int = 999) -> Monotonicity:
    """Test that the observed share never falls as the prediction rises.

    The p-value comes from curves simulated with the same share in every bin: among all curves that never fall, a flat
    one departs most by chance.

    Args:
        curve: from `reliability_curve`.
        rng: source of the simulation.
        resamples: simulated curves; at least 1. The smallest p-value is 1 / (resamples + 1).

    Raises:
        ValueError: `resamples` is below 1.
        TypeError: `resamples` is not a whole number.

    Source: Robertson, Wright and Dykstra (1988), "Order restricted statistical inference".

    """
    checked_count("resamples", resamples, 1)
    rows = np.asarray(curve.counts, dtype=np.int64)
    observed = np.asarray(curve.observed)
    statistic = _departure(observed, rows)
    flat = min(float(observed @ rows) / float(rows.sum()), 1.0)
    simulated = [_departure(x / rows, rows) for x in rng.binomial(rows, flat, size=(resamples, rows.size))]
    # Equal curves must count as equal however their sums were rounded.
    reached = sum(x >= statistic - 1e-9 for x in simulated)
    return Monotonicity(statistic, (1 + reached) / (resamples + 1))


def checked_forecasts(probabilities: ArrayLike, outcomes: ArrayLike) -> tuple[Series, Series]:
    """Return both as series of equal length.

    Raises:
        ValueError: their lengths differ, or an entry is outside its range.

    """
    predicted, happened = checked("probabilities", probabilities), checked("outcomes", outcomes)
    if predicted.size != happened.size:
        raise ValueError(f"there are {predicted.size} probabilities and {happened.size} outcomes: they must be paired.")
    possible = (predicted >= 0.0) & (predicted <= 1.0)
    if not possible.all():
        index = int(np.argmin(possible))
        raise ValueError(f"probabilities[{index}] is {predicted[index]}: it must lie between 0 and 1.")
    binary = (happened == 0.0) | (happened == 1.0)
    if not binary.all():
        index = int(np.argmin(binary))
        raise ValueError(f"outcomes[{index}] is {happened[index]}: it must be 0 or 1.")
    return predicted, happened


def _bin_numbers(predicted: Series, bins: int, *, equal_mass: bool) -> NDArray[np.intp]:
    if predicted.size == 0:
        raise ValueError("probabilities is empty: there is nothing to compare.")
    inner = np.arange(1, checked_count("bins", bins, 1)) / bins
    edges = np.unique(np.quantile(predicted, inner)) if equal_mass else inner
    return np.searchsorted(edges, predicted, side="left")


def _departure(observed: Series, rows: NDArray[np.int64]) -> float:
    fitted = np.asarray(scipy.optimize.isotonic_regression(observed, weights=rows).x)
    pooled = np.abs(observed - fitted) > 1e-12
    variance = fitted[pooled] * (1.0 - fitted[pooled]) / rows[pooled]
    return float(np.sum((observed[pooled] - fitted[pooled]) ** 2 / variance))
