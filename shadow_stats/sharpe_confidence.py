"""How sure a Sharpe ratio is, for one model and for the best of many; and how long a record it takes.

Two conventions are in use and named here. "estimate" (Bailey and Lopez de Prado 2012 and 2014) takes the variance at
the estimated ratio, with divisor T - 1, and knows no dependence over time. "null" (Lopez de Prado, Lipton and
Zoonekynd 2025) takes it at the ratio under the null, with divisor T, allows for first-order autocorrelation, and for a
best of many uses the variance of a maximum. All ratios are per sample, not annual.
"""

import math
from dataclasses import dataclass
from typing import Literal, Self, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_ndtr, ndtr, ndtri

from shadow_stats.fixed_sample import checked_count
from shadow_stats.long_run_variance import ROUNDING_SHARE
from shadow_stats.series import checked

Convention = Literal["null", "estimate"]

_FEWEST = 10
_EULER = 0.5772156649015329


@dataclass(frozen=True, slots=True)
class SharpeMoments:
    """All of a finished record that these methods look at.

    Attributes:
        sharpe: mean over standard deviation, per sample.
        samples: length of the record, at least 2.
        skewness: third standardised moment; 0 for a normal law.
        kurtosis: fourth standardised moment, not less three; 3 for a normal law.
        autocorrelation: at lag one, above -1 and below 1; used by the "null" convention alone.

    Raises:
        ValueError: a moment is not finite, no law has these moments, or there are fewer than two samples.
        TypeError: `samples` is not a whole number.

    """

    sharpe: float
    samples: int
    skewness: float = 0.0
    kurtosis: float = 3.0
    autocorrelation: float = 0.0

    def __post_init__(self) -> None:
        checked_count("samples", self.samples, 2)
        if not all(map(math.isfinite, (self.sharpe, self.skewness, self.kurtosis))):
            raise ValueError(f"moments are {self.sharpe}, {self.skewness}, {self.kurtosis}: they must be finite.")
        if self.kurtosis < 1.0 + self.skewness**2 - 1e-9:
            raise ValueError(f"kurtosis is {self.kurtosis}: it is at least 1 + skewness^2 for every law.")
        if not -1.0 < self.autocorrelation < 1.0:
            raise ValueError(f"autocorrelation is {self.autocorrelation}: it must lie between -1 and 1.")

    @classmethod
    def of(cls, pnl: ArrayLike) -> Self:
        """Return the moments of a record.

        Args:
            pnl: profit and loss or returns, in their order in time; shape (n,), n at least 10. Its Sharpe ratio takes
                the standard deviation with divisor n - 1, its other moments divisor n.

        Raises:
            ValueError: the series is refused, too short or constant.

        """
        series = checked("pnl", pnl)
        if series.size < _FEWEST:
            raise ValueError(f"pnl has {series.size} entries: at least {_FEWEST} are needed.")
        deviations = series - series.mean()
        spread = float(deviations @ deviations)
        if spread <= ROUNDING_SHARE * float(series @ series):
            raise ValueError("pnl is constant: it has no Sharpe ratio.")
        standard = deviations / math.sqrt(spread / series.size)
        return cls(
            sharpe=float(series.mean()) / math.sqrt(spread / (series.size - 1)),
            samples=series.size,
            skewness=float((standard**3).mean()),
            kurtosis=float((standard**4).mean()),
            autocorrelation=float(deviations[1:] @ deviations[:-1]) / spread,
        )


def sharpe_standard_error(moments: SharpeMoments, *, at: float | None = None) -> float:
    """Return the standard error of a Sharpe ratio under non-normal, first-order autocorrelated returns.

    Args:
        moments: of the record.
        at: Sharpe ratio at which to take it, per sample; None for the estimate.

    Raises:
        ValueError: `at` is not finite, or the formula leaves the ratio no variance, as it can for extreme skewness or
            autocorrelation.

    Source: Lopez de Prado, Lipton and Zoonekynd (2025), "How to use the Sharpe ratio"; without autocorrelation
    Mertens (2002), "Comments on variance of the IID estimator in Lo (2002)", with normal returns besides Lo (2002),
    "The statistics of Sharpe ratios".

    """
    sharpe = moments.sharpe if at is None else _checked_ratio("at", at)
    return math.sqrt(_variance(moments, sharpe) / moments.samples)


def probabilistic_sharpe(moments: SharpeMoments, *, benchmark: float = 0.0, convention: Convention = "null") -> float:
    """Return the confidence that the true Sharpe ratio is above a benchmark; 1 minus it is a one-sided p-value.

    Args:
        moments: of the record.
        benchmark: Sharpe ratio to beat, per sample.
        convention: "null" or "estimate", see the module.

    Raises:
        ValueError: the benchmark is not finite, the convention is unknown, or the formula leaves the ratio no variance
            (extreme skewness).

    Source: Bailey and Lopez de Prado (2012), "The Sharpe ratio efficient frontier" ("estimate").

    """
    _checked_ratio("benchmark", benchmark)
    return float(ndtr((moments.sharpe - benchmark) / _null_error(moments, benchmark, convention)))


def minimum_track_record(
    moments: SharpeMoments, *, benchmark: float = 0.0, alpha: float = 0.05, convention: Convention = "null"
) -> float:
    """Return how many samples it takes until `probabilistic_sharpe` is 1 - alpha, if the moments stay as they are.

    Args:
        moments: of the record; its length does not matter.
        benchmark: Sharpe ratio to beat, per sample.
        alpha: one-sided error, above 0 and below .5.
        convention: "null" or "estimate", see the module.

    Returns:
        Samples, not rounded; infinite for a ratio that is not above the benchmark.

    Raises:
        ValueError: alpha is out of its range, the benchmark is not finite, the convention is unknown, or the formula
            leaves no variance.

    Source: Bailey and Lopez de Prado (2012) ("estimate").

    """
    if not 0.0 < alpha < 0.5:
        raise ValueError(f"alpha is {alpha}: it must lie above 0 and below 0.5.")
    at_null = _checked(convention) == "null"
    excess = moments.sharpe - _checked_ratio("benchmark", benchmark)
    if excess <= 0.0:
        return math.inf
    if at_null:
        return _variance(moments, benchmark) * (float(ndtri(alpha)) / excess) ** 2
    return 1.0 + _variance(_independent(moments), moments.sharpe) * (float(ndtri(alpha)) / excess) ** 2


def expected_maximum_sharpe(trials: int, variance: float) -> float:
    """Return the Sharpe ratio that the best of many worthless models is expected to show.

    Args:
        trials: how many independent models were tried, at least 1.
        variance: of the Sharpe ratios across them, per sample.

    Raises:
        ValueError: a number is out of its range.
        TypeError: `trials` is not a whole number.

    Source: Bailey and Lopez de Prado (2014), "The deflated Sharpe ratio".

    """
    if checked_count("trials", trials, 1) == 1:
        _checked_variance(variance)
        return 0.0
    near, far = (float(ndtri(1.0 - 1.0 / (trials * factor))) for factor in (1.0, math.e))
    return math.sqrt(_checked_variance(variance)) * ((1.0 - _EULER) * near + _EULER * far)


def deflated_sharpe(moments: SharpeMoments, *, trials: int, variance: float, convention: Convention = "null") -> float:
    """Return the confidence that the best of many has a positive Sharpe ratio, allowing for its selection.

    It is `probabilistic_sharpe` against `expected_maximum_sharpe`; the "null" convention also replaces the variance of
    one ratio by that of the largest of `trials`.

    Args:
        moments: of the record that was selected.
        trials: how many independent models were tried, at least 1.
        variance: of the Sharpe ratios across them, per sample.
        convention: "null" or "estimate", see the module.

    Raises:
        ValueError: a number is out of its range, the convention is unknown, or the formula leaves no variance.
        TypeError: `trials` is not a whole number.

    Source: Bailey and Lopez de Prado (2014) ("estimate"); Lopez de Prado, Lipton and Zoonekynd (2025).

    """
    best = expected_maximum_sharpe(trials, variance)
    error = _null_error(moments, best, convention)
    if convention == "null":
        error *= math.sqrt(_maximum_variance(trials))
    return float(ndtr((moments.sharpe - best) / error))


def _null_error(moments: SharpeMoments, benchmark: float, convention: Convention) -> float:
    if _checked(convention) == "null":
        return sharpe_standard_error(moments, at=benchmark)
    return math.sqrt(_variance(_independent(moments), moments.sharpe) / (moments.samples - 1))


def _independent(moments: SharpeMoments) -> SharpeMoments:
    return SharpeMoments(moments.sharpe, moments.samples, moments.skewness, moments.kurtosis)


def _variance(moments: SharpeMoments, sharpe: float) -> float:
    """Asymptotic variance of the estimate times the samples, at a true ratio of `sharpe`."""
    rho = moments.autocorrelation
    level = (1.0 + rho) / (1.0 - rho)
    cross = 1.0 + rho / (1.0 - rho) + rho**2 / (1.0 - rho**2)
    spread = (1.0 + rho**2) / (1.0 - rho**2)
    variance = level - cross * moments.skewness * sharpe + 0.25 * spread * (moments.kurtosis - 1.0) * sharpe**2
    if variance <= 0.0:
        raise ValueError(f"the moments leave a Sharpe ratio of {sharpe} no variance: the formula does not hold there.")
    return variance


def _maximum_variance(trials: int) -> float:
    """Variance of the largest of `trials` standard normal numbers, by the trapezoidal rule (exact to 1e-9)."""
    z = np.linspace(-12.0, 12.0, 4801)
    density = trials * np.exp((trials - 1) * log_ndtr(z) - 0.5 * z * z) / math.sqrt(2.0 * math.pi)
    weights = density / density.sum()
    return float(weights @ z**2 - (weights @ z) ** 2)


def _checked(convention: Convention) -> Convention:
    if convention not in get_args(Convention):
        raise ValueError(f"convention is {convention!r}: it must be one of {', '.join(get_args(Convention))}.")
    return convention


def _checked_ratio(name: str, ratio: float) -> float:
    if not math.isfinite(ratio):
        raise ValueError(f"{name} is {ratio}: a Sharpe ratio must be a finite number.")
    return ratio


def _checked_variance(variance: float) -> float:
    if not (math.isfinite(variance) and variance >= 0.0):
        raise ValueError(f"variance is {variance}: it must be a finite number and not negative.")
    return variance
