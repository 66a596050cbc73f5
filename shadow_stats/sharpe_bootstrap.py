"""Studentised block bootstrap of the difference of two Sharpe ratios, to confirm a report."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from shadow_stats.block_length import optimal_block_length
from shadow_stats.block_summaries import Values
from shadow_stats.fixed_sample import checked_count, checked_level
from shadow_stats.series import checked_pair
from shadow_stats.sharpe import sharpe_gradient
from shadow_stats.sharpe_report import ledoit_wolf_hac
from shadow_stats.verdict import ConfidenceInterval

# Resamples worked on at once: bounds the memory whatever their number.
_BATCH_CELLS = 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class SharpeBootstrapReport:
    """A two-sided test of equal Sharpe ratios on a fixed sample; valid for one look.

    Attributes:
        statistic: effect over standard error.
        pvalue: two-sided; its smallest value is 1 / (n_resamples + 1).
        effect: Sharpe ratio of the challenger minus the champion's, per sample.
        standard_error: of the effect.
        samples: pairs used.
        block_length: samples in a block; 1 treats the pairs as independent over time.
        bootstrap_distribution: |effect of a resample - effect| over the resample's own standard error; infinite for a
            resample without one; shape (n_resamples,).

    """

    statistic: float
    pvalue: float
    effect: float
    standard_error: float
    samples: int
    block_length: int
    bootstrap_distribution: Values

    def confidence_interval(self, confidence_level: float = 0.95) -> ConfidenceInterval:
        """Return the symmetric studentised interval of the difference.

        Raises:
            ValueError: the level is not between 0 and 1.

        """
        level = checked_level(confidence_level)
        half_width = float(np.quantile(self.bootstrap_distribution, level, method="higher")) * self.standard_error
        return ConfidenceInterval(self.effect - half_width, self.effect + half_width)


def ledoit_wolf_bootstrap(
    challenger: ArrayLike,
    champion: ArrayLike,
    *,
    block_length: int | None = None,
    n_resamples: int = 10_000,
    rng: np.random.Generator | int | None = None,
) -> SharpeBootstrapReport:
    """Test equal Sharpe ratios by the studentised circular block bootstrap.

    Each resample is measured by the standard error of its own blocks. The effect itself is measured by the
    prewhitened kernel estimate of `ledoit_wolf_hac`, or by the plain covariance of the moments for blocks of 1. As
    published, a resample is as many whole blocks as fit into n.

    Args:
        challenger: profit and loss or returns, in their order in time; shape (n,), n at least 10.
        champion: the same of the champion at the same times; shape (n,).
        block_length: samples in a block, at least 1 and at most half of n; 1 for independent pairs, None for the
            automatic circular one of the influence of each pair on the difference.
        n_resamples: how many, at least 1.
        rng: generator, seed, or None for an unpredictable one.

    Raises:
        ValueError: a series is refused, too short or constant, the lengths differ, or an argument is out of its range.
        TypeError: a count is not a whole number.

    Source: Ledoit and Wolf (2008), "Robust performance hypothesis testing with the Sharpe ratio", section 3.2.2; the
    variance is that of Goetze and Kuensch (1996), "Second-order correctness of the blockwise bootstrap for stationary
    observations".

    """
    kernel = ledoit_wolf_hac(challenger, champion, prewhiten=True)
    pair = np.stack(checked_pair(challenger, champion))
    # The ratios are free of units, so each series is taken in its own: no moment drowns in another's rounding.
    pair /= pair.std(axis=1, keepdims=True)
    moments = np.concatenate([pair, pair**2])
    length = _length(moments, block_length)
    count = checked_count("n_resamples", n_resamples, 1)
    error = kernel.standard_error if length > 1 else _independent_error(moments)
    effect = _difference(moments.mean(axis=1))
    distribution = _studentised(moments, length, count, np.random.default_rng(rng))
    extreme = int(np.count_nonzero(distribution >= abs(effect) / error))
    pvalue = (1 + extreme) / (1 + count)
    return SharpeBootstrapReport(effect / error, pvalue, effect, error, pair.shape[1], length, distribution)


def _length(moments: Values, block_length: int | None) -> int:
    longest = int(moments.shape[1]) // 2
    if block_length is None:
        return min(math.ceil(optimal_block_length(_influence(moments)).circular), longest)
    if checked_count("block_length", block_length, 1) > longest:
        raise ValueError(f"block_length is {block_length}: it must be at most {longest}, half of the samples.")
    return block_length


def _influence(moments: Values) -> Values:
    """How each pair moves the difference of the ratios, up to a constant; shape (n,)."""
    influence: Values = sharpe_gradient(*moments.mean(axis=1).tolist()) @ moments
    return influence


def _difference(means: Values) -> float:
    mean1, mean2, square1, square2 = means.tolist()
    return float(mean1 / math.sqrt(square1 - mean1**2) - mean2 / math.sqrt(square2 - mean2**2))


def _independent_error(moments: Values) -> float:
    influence = _influence(moments)
    return float(influence.std(ddof=1)) / math.sqrt(influence.size)


def _studentised(moments: Values, length: int, count: int, rng: np.random.Generator) -> Values:
    """Return |effect* - effect| / error* of each resample; shape (count,)."""
    size = moments.shape[1]
    circle = np.concatenate([moments, moments[:, : length - 1]], axis=1)
    sums = np.lib.stride_tricks.sliding_window_view(circle, length, axis=1).sum(axis=2)
    effect, blocks = _difference(moments.mean(axis=1)), size // length
    batch = max(1, _BATCH_CELLS // blocks)
    parts = [
        _measured(sums[:, rng.integers(size, size=(min(batch, count - done), blocks))], length, effect)
        for done in range(0, count, batch)
    ]
    return np.concatenate(parts)


def _measured(sums: Values, length: int, effect: float) -> Values:
    """Studentise resamples given by the moment sums of their blocks; shape (4, resamples, blocks)."""
    blocks = sums.shape[2]
    mean1, mean2, square1, square2 = means = sums.mean(axis=2) / length
    variance1, variance2 = square1 - mean1**2, square2 - mean2**2
    with np.errstate(divide="ignore", invalid="ignore"):
        cube1, cube2 = variance1**1.5, variance2**1.5
        gradient = np.stack([square1 / cube1, -square2 / cube2, -0.5 * mean1 / cube1, 0.5 * mean2 / cube2])
        changes = np.einsum("mr,mrb->rb", gradient, sums - length * means[:, :, None])
        error = np.sqrt(np.einsum("rb,rb->r", changes, changes)) / (blocks * length)
        effects = mean1 / np.sqrt(variance1) - mean2 / np.sqrt(variance2)
        distance = np.abs(effects - effect) / error
    # A resample that does not vary says nothing against the null.
    return np.where(np.isfinite(distance), distance, np.inf)
