"""Does the evidence change with the regime? What sums over long stretches vary beyond what short memory explains."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shadow_stats.scale_variances import SHORTEST_BLOCK

Floats = NDArray[np.float64]

_SCALES = 40
_LENGTHS: Floats = SHORTEST_BLOCK * np.exp2(np.arange(_SCALES + 1, dtype=np.float64))
# Decay times of a regime's memory that are tried, in rows: 4, 5.7, 8, ... A regime that flips with probability p a
# row forgets itself at exp(-2p), so that its mean length, 1/p, is twice this time.
_DECAYS: Floats = 4.0 * np.exp2(0.5 * np.arange(2 * _SCALES - 10, dtype=np.float64))
REGIMES_PER_DECAY = 2.0
# What decays within this time is short memory, and its variance the one that is given.
_LONGEST_SHORT_DECAY = 16.0
# A decay time is tried once the rows hold this many of it.
_ROWS_PER_DECAY = 16.0
_STEPS = 4
# Evidence against "short memory only" that each decay time has to bring, as a difference of deviances: among so many
# one fits noise by chance.
_PENALTY = 8.0
# With few regimes seen their variance is known badly, and too low a guess costs more than too high a one: it is raised
# by this over the number of regimes. With 12 the error over 40 regimes of 50 rows fell from 6.8 to 5.7 % of 5 %.
_CAUTION = 12.0
# And by this in any case: "short memory only" keeps some weight, and the variance is found a sixth low under regimes of
# 20 rows.
_ALLOWANCE = 0.2
# Noise under the regimes, in units of the short-memory variance: at 0 the fit would divide by it.
_LEAST_NOISE = 1e-3


class RegimeReading(NamedTuple):
    """What long stretches say beyond short memory.

    Attributes:
        ratio: long-run variance with regimes over that without; 1 where nothing speaks for regimes.
        rows: mean length of a regime in rows, weighted by how much speaks for each; 0 where nothing does.

    """

    ratio: Floats
    rows: Floats


def read_regimes(pairs: ArrayLike, mean_squares: ArrayLike, short_variance: ArrayLike, samples: int) -> RegimeReading:
    """Compare the variance at scales of 8, 16, 32, ... rows with that of short memory.

    Model: noise plus a regime whose pull decays exponentially with time. For each of a grid of decay times, the
    variances of noise and regime are fitted to the Haar variances by the likelihood of independent chi-squares. The
    decay times are then averaged by that likelihood, together with "short memory only": a decay within 16 rows and the
    long-run variance that is given.

    Args:
        pairs: pairs of blocks at each scale; shape (scales,), positive.
        mean_squares: variance per row at each scale; shape (..., scales).
        short_variance: long-run variance by short memory, positive, in the same unit; shape (...).
        samples: rows seen.

    Returns:
        Ratios and lengths, each of shape (...).

    Source: a likelihood of Whittle's kind in the wavelet domain, as in Moulines, Roueff and Taqqu (2008), "A wavelet
    Whittle estimator of the memory parameter of a nonstationary Gaussian time series".

    """
    counts, seen = np.asarray(pairs, dtype=np.float64), np.asarray(mean_squares, dtype=np.float64)
    short = np.asarray(short_variance, dtype=np.float64)
    decays = _DECAYS[samples >= _ROWS_PER_DECAY * _DECAYS]
    if decays.size == 0 or counts.size == 0:
        return RegimeReading(np.ones_like(short), np.zeros_like(short))
    relative = seen[..., None, :] / short[..., None, None]
    noise, regime, deviance = _fitted(counts, relative, decays)
    weights = _weights(np.concatenate([_short_deviance(counts, relative), deviance + _PENALTY], axis=-1))
    lengths = REGIMES_PER_DECAY * decays
    with_regime = noise + regime * (1.0 + _ALLOWANCE + _CAUTION * lengths / samples)
    ratio = weights[..., 0] + (weights[..., 1:] * with_regime).sum(axis=-1)
    return RegimeReading(np.maximum(ratio, 1.0), (weights[..., 1:] * lengths).sum(axis=-1))


def _weights(deviances: Floats) -> Floats:
    likelihood = np.exp(-0.5 * (deviances - deviances.min(axis=-1, keepdims=True)))
    return np.asarray(likelihood / likelihood.sum(axis=-1, keepdims=True))


def _short_deviance(counts: Floats, seen: Floats) -> Floats:
    """Return the deviance of the best fit whose long-run variance is 1 and whose memory is short; shape (..., 1)."""
    dips = _SHAPES[_DECAYS <= _LONGEST_SHORT_DECAY, : counts.size] - 1.0
    expected = np.ones(np.broadcast_shapes(seen.shape, dips.shape))
    for _ in range(_STEPS):
        weights = counts / (expected * expected)
        share = (weights * dips * (seen - 1.0)).sum(axis=-1) / (weights * dips * dips).sum(axis=-1)
        expected = np.maximum(1.0 + np.minimum(share, 1.0)[..., None] * dips, _LEAST_NOISE)
    return np.asarray(_deviance(counts, seen, expected).min(axis=-1, keepdims=True))


def _deviance(counts: Floats, seen: Floats, expected: Floats) -> Floats:
    return np.asarray((counts * (np.log(expected) + seen / expected)).sum(axis=-1))


def _fitted(counts: Floats, seen: Floats, decays: Floats) -> tuple[Floats, Floats, Floats]:
    """Fit seen = noise + regime * shape for each decay time; all returned in shape (..., decays).

    Weighted least squares with the weights of the last step, which is Fisher's scoring for this likelihood.
    """
    shapes = _SHAPES[: decays.size, : counts.size]
    level = np.maximum((counts * seen).sum(axis=-1) / counts.sum(), _LEAST_NOISE)
    expected = np.broadcast_to(level[..., None], np.broadcast_shapes(seen.shape, shapes.shape))
    noise = regime = level
    for _ in range(_STEPS):
        weights = counts / (expected * expected)
        noise, regime = _least_squares(weights, seen, shapes)
        expected = noise[..., None] + regime[..., None] * shapes
    return noise, regime, _deviance(counts, seen, expected)


def _least_squares(weights: Floats, seen: Floats, shapes: Floats) -> tuple[Floats, Floats]:
    """Return level and slope, neither below its least, of a weighted line through (shape, seen)."""
    total, cross = weights.sum(axis=-1), (weights * shapes).sum(axis=-1)
    square = (weights * shapes * shapes).sum(axis=-1)
    seen_total, seen_cross = (weights * seen).sum(axis=-1), (weights * shapes * seen).sum(axis=-1)
    determinant = np.maximum(total * square - cross * cross, np.finfo(float).tiny)
    slope = np.maximum((total * seen_cross - cross * seen_total) / determinant, 0.0)
    level = (seen_total - slope * cross) / total
    starved = level < _LEAST_NOISE
    return np.where(starved, _LEAST_NOISE, level), np.where(starved, seen_cross / square, slope)


def _haar_shapes(decays: Floats, lengths: Floats) -> Floats:
    """Return the Haar variances of AR(1)s over their long-run variance; shape (decays, scales)."""
    rho = np.exp(-1.0 / decays)[:, None]
    block = 1.0 - 2.0 * rho * (1.0 - rho**lengths) / (lengths * (1.0 - rho) * (1.0 + rho))
    return np.asarray(2.0 * block[:, :-1] - block[:, 1:])


_SHAPES = _haar_shapes(_DECAYS, _LENGTHS)
