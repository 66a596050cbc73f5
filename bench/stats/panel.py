"""`PairedMean` over many replications at once: the same figures, thousands of times faster."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfc, log_ndtr

from shadow_stats.boundary import HORIZON_SHARE, HybridBoundary
from shadow_stats.confidence_sequence import HORIZON_STRETCHES
from shadow_stats.design import FEWEST_REGIMES, Dependence, Design
from shadow_stats.long_run_variance import (
    LARGEST_COEFFICIENT_SUM,
    LARGEST_REFLECTION,
    MAX_LAG,
    ROUNDING_SHARE,
    SMALLEST_SHARE_OF_VARIANCE,
    SWINGING_ORDER,
    SWINGING_SPAN,
)
from shadow_stats.memory import GROWTH, LARGEST_RATIO
from shadow_stats.regimes import read_regimes
from shadow_stats.scale_variances import SHORTEST_BLOCK

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Looks:
    """What replications of one sequential comparison say at each look.

    Attributes:
        samples: rows seen at each look; shape (looks,).
        pvalue_better: always-valid p-value, its running minimum, 1 while withheld; shape (replications, looks).
        pvalue_worse: the same of the other direction.
        log_e_better: log e-value at the look, no running maximum, 0 while looks are withheld.
        withheld: whether the look counts for nothing because the evidence changes with the regime.

    """

    samples: Counts
    pvalue_better: Floats
    pvalue_worse: Floats
    log_e_better: Floats
    withheld: NDArray[np.bool_]


@dataclass(frozen=True)
class Memories:
    """`Memory.reading` at each look; all of shape (replications, looks)."""

    inflation: Floats
    regimes: Floats
    regime_rows: Floats


def looked_at(differences: Floats, design: Design, looks: Counts, *, largest_ratio: float = LARGEST_RATIO) -> Looks:
    """Return what `PairedMean(design)` says of each row of `differences` when it is read after `looks` samples.

    The design looks in both directions and for no least effect.

    Args:
        differences: one replication a row; shape (replications, rows).
        design: of the comparison, all samples counted from the first row on.
        looks: counts of samples, the first at least 20, each at least `design.look_every` after the one before; shape
            (looks,).
        largest_ratio: above which `Dependence.SHORT` withholds a look; infinite to see what it would have said.

    """
    boundary = HybridBoundary.planned(
        design.side_level, design.expected_samples, HORIZON_STRETCHES[design.dependence], design.look_every
    )
    total = np.cumsum(differences, axis=1)[:, looks - 1]
    variance = _variances(differences, total, looks)
    memories = _memories(differences, variance, looks)
    if design.dependence is Dependence.REGIMES:
        withheld = looks < FEWEST_REGIMES * memories.regime_rows
    else:
        withheld = memories.regimes > largest_ratio
    inflation = memories.inflation * (memories.regimes if design.dependence is Dependence.REGIMES else 1.0)
    nonzero = np.cumsum(differences != 0.0, axis=1)[:, looks - 1]
    counts = (looks >= design.burn_in) & (nonzero >= design.minimum_nonzero) & (variance > 0.0) & ~withheld
    score = np.divide(total, np.sqrt(variance * inflation), out=np.zeros_like(total), where=counts)
    better, worse = (_running(boundary, side, counts, looks) for side in (score, -score))
    log_e = np.where(counts, log_e_values(boundary, score, counts, looks), 0.0)
    return Looks(looks, np.where(withheld, 1.0, better), np.where(withheld, 1.0, worse), log_e, withheld)


def log_e_values(boundary: HybridBoundary, score: Floats, counts: NDArray[np.bool_], samples: Counts) -> Floats:
    """Return `HybridBoundary.log_e` of each entry; shapes (replications, looks) and (looks,)."""
    open_ended = math.log1p(-HORIZON_SHARE) + _mixture(boundary, score, samples)
    to_go = (boundary.ceiling + boundary.relief - score) / np.sqrt(
        np.maximum(boundary.horizon - samples, np.finfo(float).tiny)
    )
    within = np.where(samples < boundary.horizon, math.log(2.0 / boundary.level) + log_ndtr(-to_go), -np.inf)
    reached = np.logical_or.accumulate(counts & (samples <= boundary.horizon) & (score >= boundary.ceiling), axis=1)
    return np.asarray(np.logaddexp(np.where(reached, -math.log(boundary.level), within), open_ended))


def pvalues(boundary: HybridBoundary, score: Floats, samples: Counts) -> Floats:
    """Return `HybridBoundary.pvalue` of each entry; shapes (replications, looks) and (looks,)."""
    open_ended = np.exp(np.minimum(-_mixture(boundary, score, samples), 0.0)) / (1.0 - HORIZON_SHARE)
    level = erfc(np.maximum(score + boundary.relief, 0.0) / math.sqrt(2.0 * boundary.horizon)) / HORIZON_SHARE
    level = np.where(samples > boundary.horizon, 1.0, level)
    return np.asarray(np.minimum(np.minimum(open_ended, level), 1.0))


def _running(boundary: HybridBoundary, score: Floats, counts: NDArray[np.bool_], samples: Counts) -> Floats:
    return np.minimum.accumulate(np.where(counts, pvalues(boundary, score, samples), 1.0), axis=1)


def _mixture(boundary: HybridBoundary, score: Floats, samples: Counts) -> Floats:
    spread = samples + boundary.rho
    above = log_ndtr(score / np.sqrt(spread))
    return np.asarray(0.5 * (np.log(4.0 * boundary.rho / spread) + score * score / spread) + above)


def _variances(differences: Floats, total: Floats, looks: Counts) -> Floats:
    square = np.cumsum(differences * differences, axis=1)[:, looks - 1] / looks
    variance = square - (total / looks) ** 2
    return np.where(variance > ROUNDING_SHARE * square, variance, 0.0)


def _memories(differences: Floats, variance: Floats, looks: Counts) -> Memories:
    """Read the memory at the looks at which `Memory` would be due, and hold it until the next."""
    due = _due(looks)
    readings = np.stack([*_readings(differences, variance[:, due], looks[due])])
    last = np.searchsorted(due, np.arange(looks.size), side="right") - 1
    return Memories(*readings[:, :, last])


def _due(looks: Counts) -> Counts:
    due, last = [], 0
    for index, samples in enumerate(looks):
        if samples >= GROWTH * last:
            due.append(index)
            last = samples
    return np.array(due)


def _readings(differences: Floats, variance: Floats, looks: Counts) -> tuple[Floats, Floats, Floats]:
    covariances = np.stack(list(_autocovariances(differences, looks)))
    safe = np.where(variance > 0.0, covariances, np.eye(MAX_LAG + 1)[0][:, None, None])
    short = _spectral(safe, looks)
    pairs, squares = _scales(differences, looks)
    regimes, rows = np.ones_like(short), np.zeros_like(short)
    for index, samples in enumerate(looks):
        seen = pairs[index] > 0
        mean_squares = squares[:, index, seen] / pairs[index, seen]
        reading = read_regimes(pairs[index, seen], mean_squares, short[:, index], int(samples))
        regimes[:, index], rows[:, index] = reading
    return short / safe[0], regimes, rows


def _scales(differences: Floats, looks: Counts) -> tuple[Counts, Floats]:
    """Return pairs, shape (looks, scales), and squares, shape (replications, looks, scales), of `ScaleVariances`."""
    sums = np.concatenate([np.zeros((len(differences), 1)), np.cumsum(differences, axis=1)], axis=1)
    lengths = SHORTEST_BLOCK * 2 ** np.arange(max(1, int(math.log2(differences.shape[1] / SHORTEST_BLOCK))))
    pairs = looks[:, None] // (2 * lengths)
    squares = np.empty((len(differences), *pairs.shape))
    for scale, length in enumerate(lengths):
        blocks = np.diff(sums[:, ::length], axis=1)
        halves = blocks[:, : blocks.shape[1] // 2 * 2].reshape(len(blocks), -1, 2)
        each = (halves[..., 0] - halves[..., 1]) ** 2 / (2 * length)
        running = np.concatenate([np.zeros((len(each), 1)), np.cumsum(each, axis=1)], axis=1)
        squares[:, :, scale] = running[:, pairs[:, scale]]
    return pairs, squares


def _autocovariances(differences: Floats, looks: Counts) -> Iterator[Floats]:
    sums = np.cumsum(differences, axis=1)
    total = sums[:, looks - 1]
    mean = total / looks
    for lag in range(MAX_LAG + 1):
        products = np.cumsum(differences[:, lag:] * differences[:, : differences.shape[1] - lag], axis=1)
        head = sums[:, [lag - 1]] if lag else 0.0
        tail = total - sums[:, looks - 1 - lag]
        yield (products[:, looks - 1 - lag] - mean * (2.0 * total - head - tail - (looks - lag) * mean)) / looks


def _spectral(covariances: Floats, looks: Counts) -> Floats:
    error, coefficient_sum = covariances[0], np.zeros_like(covariances[0])
    coefficients: list[Floats] = []
    deviances, estimates = [], []
    for order in range(MAX_LAG + 1):
        if order:
            explained = sum((a * c for a, c in zip(coefficients, covariances[order - 1 : 0 : -1], strict=True)), 0.0)
            reflection = np.clip((covariances[order] - explained) / error, -LARGEST_REFLECTION, LARGEST_REFLECTION)
            coefficients = [a - reflection * b for a, b in zip(coefficients, coefficients[::-1], strict=True)]
            coefficients.append(reflection)
            coefficient_sum = coefficient_sum + reflection * (1.0 - coefficient_sum)
            error = error * (1.0 - reflection * reflection)
        deviances.append(looks * np.log(error))
        unbiased = coefficient_sum + (1.0 + 3.0 * coefficient_sum) / looks if order else 0.0
        persistence = np.minimum(unbiased, LARGEST_COEFFICIENT_SUM)
        estimates.append(error * looks / (looks - order - 1) / (1.0 - persistence) ** 2)
    for order in range(MAX_LAG, SWINGING_ORDER - 1, -1):
        averaged = sum(estimates[order - SWINGING_SPAN + 1 : order + 1]) / SWINGING_SPAN
        estimates[order] = np.maximum(estimates[order], averaged)
    orders = np.arange(MAX_LAG + 1)[:, None, None]
    chosen = [np.argmin(np.stack(deviances) + penalty * orders, axis=0) for penalty in (np.log(looks), 2.0)]
    largest = np.maximum(*(np.take_along_axis(np.stack(estimates), best[None], axis=0)[0] for best in chosen))
    return np.asarray(np.maximum(largest, SMALLEST_SHARE_OF_VARIANCE * covariances[0]))
