"""How long the blocks of a bootstrap must be to keep the dependence of a series."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shadow_stats.long_run_variance import ROUNDING_SHARE
from shadow_stats.series import checked

_FEWEST = 10
# The longest run of lags that all have to be insignificant, and how many standard errors that means.
_RUN = 5
_ERRORS = 2.0


class BlockLength(NamedTuple):
    """Block lengths with the smallest mean squared error of the bootstrap variance of a mean, in samples, at least 1.

    Attributes:
        stationary: mean length for the stationary bootstrap.
        circular: length for the circular block bootstrap.

    """

    stationary: float
    circular: float


def optimal_block_length(series: ArrayLike) -> BlockLength:
    """Return the automatic block lengths of a series.

    The autocorrelations are followed until five in a row are insignificant; a flat-top window over twice that many
    lags estimates how much blocks bias the variance of the mean, and how much the variance itself is.

    Args:
        series: in its order in time; shape (n,), n at least 10, any unit.

    Returns:
        Real lengths from 1 up to min(3 sqrt(n), n/3); both 1 for a series that does not vary.

    Raises:
        ValueError: the series is refused or too short.

    Source: Politis and White (2004), "Automatic block-length selection for the dependent bootstrap", with the
    correction by Patton, Politis and White (2009).

    """
    values = checked("series", series)
    if values.size < _FEWEST:
        raise ValueError(f"series has {values.size} entries: at least {_FEWEST} are needed.")
    deviations = values - values.mean()
    if deviations @ deviations <= ROUNDING_SHARE * (values @ values):
        return BlockLength(1.0, 1.0)
    covariances = _autocovariances(deviations)
    window = _window(covariances, values.size)
    lags = np.arange(window.size)
    spectrum = 2.0 * float(window @ covariances[lags]) - float(covariances[0])
    bend = 2.0 * float((window * lags) @ covariances[lags])
    # The flat-top window can estimate a spectrum of zero or below; then nothing speaks against the longest blocks.
    ratio = (bend / spectrum) ** 2 if spectrum != 0.0 else math.inf
    longest = float(math.ceil(min(3.0 * math.sqrt(values.size), values.size / 3.0)))
    stationary, circular = ((factor * ratio * values.size) ** (1.0 / 3.0) for factor in (1.0, 1.5))
    return BlockLength(min(max(stationary, 1.0), longest), min(max(circular, 1.0), longest))


def _autocovariances(deviations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Autocovariances with divisor n at every lag that the window may reach."""
    size = deviations.size
    reach = min(math.ceil(math.sqrt(size)) + max(_RUN, int(math.log10(size))), size - 1)
    return np.array([deviations[lag:] @ deviations[: size - lag] for lag in range(reach + 1)]) / size


def _window(covariances: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Return the flat-top (trapezoidal) weights of the lags from 0 on, as many as have one."""
    run = max(_RUN, int(math.log10(size)))
    quiet = np.abs(covariances / covariances[0]) < _ERRORS * math.sqrt(math.log10(size) / size)
    runs = np.convolve(quiet, np.ones(run), "valid") == run
    last = covariances.size - 1
    # As in the authors' own program the first lag of the run counts as the last that matters.
    bandwidth = min(2 * max(int(np.argmax(runs)), 1), last) if runs[: last - run + 1].any() else last
    return np.minimum(1.0, 2.0 * (1.0 - np.arange(bandwidth + 1) / bandwidth))
