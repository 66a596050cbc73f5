"""Do events that are given a probability p happen in a share p of the cases? Measures on a finished sample."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import isotonic_regression

from shadow_stats.behaviour import wilson_interval
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
        debiased_square: mean squared distance less what chance adds to it; about 0, of either sign, for calibrated
            probabilities.
        debiased: square root of that, 0 where it is negative.
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

    Source: Murphy and Winkler (1977); equal-mass bins after Brocker and Smith (2007).

    """
    predicted, happened = checked_forecasts(probabilities, outcomes)
    if predicted.size == 0:
        raise ValueError("probabilities is empty: there is nothing to compare.")
    if bins < 1:
        raise ValueError(f"bins is {bins}: at least 1 is needed.")
    inner = np.arange(1, bins) / bins
    edges = np.unique(np.quantile(predicted, inner)) if equal_mass else inner
    place = np.searchsorted(edges, predicted, side="left")
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

    Chance adds to each bin's squared distance the variance of its share, o (1 - o) / (rows - 1). Bins with one row
    say nothing of that variance and are left out of the debiased measure.

    Args:
        probabilities: of the event; shape (n,), between 0 and 1.
        outcomes: 1 where it happened, else 0; shape (n,).
        bins: as in `reliability_curve`.
        equal_mass: as in `reliability_curve`.

    Raises:
        ValueError: as in `reliability_curve`.

    Source: Brocker (2012), "Estimating reliability and resolution of probability forecasts"; Ferro and Fricker
    (2012), "A bias-corrected decomposition of the Brier score"; Kumar, Liang and Ma (2019),
    "Verified uncertainty calibration".

    """
    curve = reliability_curve(probabilities, outcomes, bins=bins, equal_mass=equal_mass)
    predicted, observed, rows = (
        np.asarray(x, dtype=np.float64) for x in (curve.predicted, curve.observed, curve.counts)
    )
    share, gap = rows / rows.sum(), observed - predicted
    chance = observed * (1.0 - observed) / np.maximum(rows - 1.0, 1.0)
    square = float(np.sum((share * (gap**2 - chance))[rows > 1.0]))
    return CalibrationError(
        float(share @ np.abs(gap)), square, math.sqrt(max(square, 0.0)), int(rows.size), int(rows.sum())
    )


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

    Source: Bartholomew (1959), "A test of homogeneity for ordered alternatives"; Robertson, Wright and Dykstra
    (1988), "Order restricted statistical inference", section 2.3.

    """
    if resamples < 1:
        raise ValueError(f"resamples is {resamples}: at least 1 is needed.")
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


def _departure(observed: Series, rows: NDArray[np.int64]) -> float:
    fitted = np.asarray(isotonic_regression(observed, weights=rows).x)
    pooled = np.abs(observed - fitted) > 1e-12
    variance = fitted[pooled] * (1.0 - fitted[pooled]) / rows[pooled]
    return float(np.sum((observed[pooled] - fitted[pooled]) ** 2 / variance))
