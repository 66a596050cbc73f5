"""Tests of two Sharpe ratios on a finished sample, for reports: valid for one look at a size fixed in advance."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from shadow_stats.fixed_sample import checked_level
from shadow_stats.long_run_variance import ROUNDING_SHARE
from shadow_stats.series import checked_pair
from shadow_stats.sharpe import sharpe_gradient
from shadow_stats.verdict import ConfidenceInterval

Matrix = NDArray[np.float64]

_FEWEST = 10
_LARGEST_SINGULAR_VALUE = 0.97


@dataclass(frozen=True, slots=True)
class SharpeReport:
    """A two-sided test of equal Sharpe ratios on a fixed sample.

    Attributes:
        statistic: effect over standard error, standard normal under the null for large samples.
        pvalue: two-sided.
        effect: Sharpe ratio of the challenger minus the champion's, per sample.
        standard_error: of the effect.
        samples: pairs used.

    """

    statistic: float
    pvalue: float
    effect: float
    standard_error: float
    samples: int

    def confidence_interval(self, confidence_level: float = 0.95) -> ConfidenceInterval:
        """Return the interval that covers the difference with probability `confidence_level` in large samples.

        Raises:
            ValueError: the level is not between 0 and 1.

        """
        half_width = float(ndtri(0.5 + 0.5 * checked_level(confidence_level))) * self.standard_error
        return ConfidenceInterval(self.effect - half_width, self.effect + half_width)


def jobson_korkie_memmel(challenger: ArrayLike, champion: ArrayLike) -> SharpeReport:
    """Test equal Sharpe ratios of independent normal pairs.

    Far too liberal for heavy tails or dependence (14.5 % at a nominal 5 % under a heavy-tailed autoregression): it is
    here because readers expect to see it.

    Args:
        challenger: profit and loss or returns; shape (n,), n at least 10.
        champion: the same of the champion; shape (n,).

    Raises:
        ValueError: a series is refused, too short or constant, or the lengths differ.

    Source: Jobson and Korkie (1981), "Performance hypothesis testing with the Sharpe and Treynor measures", with the
    correction of Memmel (2003), "Performance hypothesis testing with the Sharpe ratio".

    """
    first, second = _varying_pair(challenger, champion)
    sharpe1, sharpe2 = (float(x.mean() / x.std(ddof=1)) for x in (first, second))
    correlation = float(np.corrcoef(first, second)[0, 1])
    squares = sharpe1**2 + sharpe2**2
    shape = squares - 2.0 * sharpe1 * sharpe2 * correlation**2
    variance = (2.0 * (1.0 - correlation) + 0.5 * shape) / first.size
    return _report(sharpe1 - sharpe2, variance, (2.0 + 0.5 * squares) / first.size, first.size)


def ledoit_wolf_hac(challenger: ArrayLike, champion: ArrayLike, *, prewhiten: bool = False) -> SharpeReport:
    """Test equal Sharpe ratios under dependence and heavy tails, by a kernel estimate of the long-run variance.

    Quadratic-spectral kernel with Andrews' automatic bandwidth from an AR(1) of each moment. As published, the
    bandwidth weighs the four moments in their own units, so it moves a little with the unit of the series; give
    returns in percent to compare with the paper.

    Args:
        challenger: profit and loss or returns; shape (n,), n at least 10.
        champion: the same of the champion; shape (n,).
        prewhiten: fit a VAR(1) to the moments first, its singular values capped at .97.

    Raises:
        ValueError: a series is refused, too short or constant, or the lengths differ.

    Source: Ledoit and Wolf (2008), "Robust performance hypothesis testing with the Sharpe ratio", section 3.1; the
    kernel and its bandwidth are those of Andrews (1991), the prewhitening that of Andrews and Monahan (1992).

    """
    first, second = _varying_pair(challenger, champion)
    raw = np.stack([first, second, first**2, second**2], axis=1)
    means = raw.mean(axis=0)
    gradient = sharpe_gradient(*means.tolist())
    deviations = raw - means
    size = first.size
    covariance = _prewhitened_covariance(deviations) if prewhiten else _kernel_covariance(deviations)
    variance = float(gradient @ covariance @ gradient) / (size - 4)
    apart = float(gradient**2 @ np.diag(covariance)) / (size - 4)
    effect = first.mean() / first.std(ddof=1) - second.mean() / second.std(ddof=1)
    return _report(float(effect), variance, apart, size)


def _varying_pair(challenger: ArrayLike, champion: ArrayLike) -> tuple[Matrix, Matrix]:
    first, second = checked_pair(challenger, champion)
    if first.size < _FEWEST:
        raise ValueError(f"there are {first.size} pairs: at least {_FEWEST} are needed.")
    for name, series in (("challenger", first), ("champion", second)):
        if np.ptp(series) == 0.0:
            raise ValueError(f"{name} is constant: it has no Sharpe ratio.")
    return first, second


def _report(effect: float, variance: float, apart: float, samples: int) -> SharpeReport:
    """Return the report, unless `variance` is no more than rounding beside what the parts would have `apart`."""
    if variance <= ROUNDING_SHARE * apart:
        raise ValueError("the two series have the same Sharpe ratio by construction: there is nothing to test.")
    error = math.sqrt(variance)
    statistic = effect / error
    return SharpeReport(statistic, math.erfc(abs(statistic) * math.sqrt(0.5)), effect, error, samples)


def _prewhitened_covariance(deviations: Matrix) -> Matrix:
    now, before = deviations[1:], deviations[:-1]
    left, singular, right = np.linalg.svd(np.linalg.lstsq(before, now)[0].T)
    transition = left @ np.diag(np.minimum(singular, _LARGEST_SINGULAR_VALUE)) @ right
    recolour = np.linalg.inv(np.eye(len(transition)) - transition)
    covariance: Matrix = recolour @ _kernel_covariance(now - before @ transition.T) @ recolour.T
    return covariance


def _kernel_covariance(deviations: Matrix) -> Matrix:
    """Weigh the products of all pairs of rows by their distance: a convolution, by Fourier's way in n log n."""
    size = len(deviations)
    width = 1.3221 * (_curvature(deviations) * size) ** 0.2
    weights = _quadratic_spectral(np.arange(size) / width)
    circle = np.concatenate([weights, [0.0], weights[:0:-1]])
    spectrum = np.fft.rfft(circle)[:, None] * np.fft.rfft(deviations, circle.size, axis=0)
    covariance: Matrix = deviations.T @ np.fft.irfft(spectrum, circle.size, axis=0)[:size] / size
    return covariance


def _curvature(deviations: Matrix) -> float:
    """Andrews' alpha(2): how fast the spectrum bends at zero, from an AR(1) of each column, weighted equally."""
    before, now = deviations[:-1], deviations[1:]
    before, now = before - before.mean(axis=0), now - now.mean(axis=0)
    slope = (before * now).sum(axis=0) / (before**2).sum(axis=0)
    variance = ((now - slope * before) ** 2).mean(axis=0)
    numerator = 4.0 * slope**2 * variance**2 / (1.0 - slope) ** 8
    return float(numerator.sum() / (variance**2 / (1.0 - slope) ** 4).sum())


def _quadratic_spectral(distances: Matrix) -> Matrix:
    """Return the kernel at `distances`, the first of which is 0."""
    angle = 1.2 * math.pi * distances[1:]
    return np.concatenate([[1.0], 3.0 / angle**2 * (np.sin(angle) / angle - np.cos(angle))])
