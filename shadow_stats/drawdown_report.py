"""Is the challenger's maximum drawdown smaller? A permutation test, for reports."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from shadow_stats.block_length import optimal_block_length
from shadow_stats.block_summaries import BlockSummaries, Values, Walks, maximum_drawdown
from shadow_stats.fixed_sample import Side, checked_count, checked_side
from shadow_stats.series import checked_pair

Contrast = Literal["difference", "ratio"]

_FEWEST = 10
# Values of one statistic that differ by rounding alone count as ties, which is conservative.
_TIE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class DrawdownReport:
    """A permutation test of equal maximum drawdowns on a fixed sample; valid for one look.

    Attributes:
        statistic: challenger against champion; a difference in the unit of the series or a ratio without unit.
        pvalue: of the alternative asked for.
        challenger: maximum drawdown of the challenger, in the unit of the series.
        champion: the same of the champion.
        alternative: "two-sided", "less" or "greater", said of the challenger's drawdown; "less" is better.
        block_length: samples whose labels were swapped together.
        null_distribution: the statistic with labels swapped at random; shape (n_resamples,).

    """

    statistic: float
    pvalue: float
    challenger: float
    champion: float
    alternative: Side
    block_length: int
    null_distribution: Values


def drawdown_test(
    challenger: ArrayLike,
    champion: ArrayLike,
    *,
    contrast: Contrast = "difference",
    alternative: Side = "two-sided",
    block_length: int | None = None,
    n_resamples: int = 10_000,
    rng: np.random.Generator | int | None = None,
) -> DrawdownReport:
    """Test whether two paired streams of profit and loss have the same maximum drawdown.

    If the models are alike, swapping their labels in whole blocks of time changes nothing: the observed contrast is
    compared with those after random swaps. A maximum has no central limit theorem, so bootstrap intervals for it are
    blind or wrong; this test is exact up to the dependence between blocks. Its null is that the models are alike in
    every respect, so a difference of means or volatilities counts too, as far as it shows in the drawdown.

    A drawdown is the largest fall of the cumulative sum from an earlier high, the start included. For log returns x
    the compounded loss is 1 - exp(-x).

    Args:
        challenger: profit and loss or log returns, in their order in time; shape (n,), n at least 10.
        champion: the same of the champion at the same times, in the same unit; shape (n,).
        contrast: "difference" or "ratio". A ratio over a champion that never fell is infinite, 0 over 0 is 1.
        alternative: "two-sided", "less" or "greater", said of the challenger's drawdown.
        block_length: samples in a block, at least 1 and at most half of n; None for the longest automatic circular one
            of both streams and their difference, within those limits.
        n_resamples: how many random swaps, at least 1.
        rng: generator, seed, or None for an unpredictable one.

    Raises:
        ValueError: a series is refused or too short, the lengths differ, or an argument is out of its range.
        TypeError: a count is not a whole number.

    Source: randomisation as in Romano (1990), "On the behavior of randomization tests without a group invariance
    assumption"; the p-value counts the observed labels, after Phipson and Smyth (2010), "Permutation p-values should
    never be zero".

    """
    first, second = checked_pair(challenger, champion)
    if first.size < _FEWEST:
        raise ValueError(f"there are {first.size} pairs: at least {_FEWEST} are needed.")
    if contrast not in get_args(Contrast):
        raise ValueError(f"contrast is {contrast!r}: it must be difference or ratio.")
    checked_side(alternative)
    length = _length(first, second, block_length)
    count = checked_count("n_resamples", n_resamples, 1)
    falls = _swapped(first, second, length, count, np.random.default_rng(rng))
    mine, other = maximum_drawdown(first), maximum_drawdown(second)
    observed = float(_contrast(np.array([mine]), np.array([other]), contrast)[0])
    null = _contrast(*falls, contrast)
    extreme = _at_least_as_extreme(null, observed, contrast, alternative)
    pvalue = (1 + extreme) / (1 + count)
    return DrawdownReport(observed, pvalue, mine, other, alternative, length, null)


def _length(first: Values, second: Values, block_length: int | None) -> int:
    longest = first.size // 2
    if block_length is None:
        automatic = max(optimal_block_length(series).circular for series in (first, second, first - second))
        return min(math.ceil(automatic), longest)
    if checked_count("block_length", block_length, 1) > longest:
        raise ValueError(f"block_length is {block_length}: it must be at most {longest}, half of the samples.")
    return block_length


def _swapped(first: Values, second: Values, length: int, count: int, rng: np.random.Generator) -> tuple[Values, Values]:
    """Return the drawdowns of both streams after random swaps; shape (count,) each."""
    walks = Walks(count), Walks(count)
    for begin in range(0, first.size, length):
        block = slice(begin, begin + length)
        pair = BlockSummaries.of_columns(np.stack([first[block], second[block]], axis=1))
        swap = rng.integers(2, size=count)
        walks[0].extend(pair.at(swap))
        walks[1].extend(pair.at(1 - swap))
    return walks[0].drawdown, walks[1].drawdown


def _contrast(mine: Values, other: Values, contrast: Contrast) -> Values:
    if contrast == "difference":
        return mine - other
    unlike = np.where(mine > 0.0, np.inf, 1.0)
    return np.divide(mine, other, out=unlike, where=other > 0.0)


def _at_least_as_extreme(null: Values, observed: float, contrast: Contrast, alternative: Side) -> int:
    with np.errstate(divide="ignore"):
        # On the logarithm a ratio and its inverse are equally extreme.
        scores = null if contrast == "difference" else np.log(null)
        score = observed if contrast == "difference" else float(np.log(observed))
    if alternative == "two-sided":
        scores, score = np.abs(scores), abs(score)
    elif alternative == "less":
        scores, score = -scores, -score
    slack = _TIE * abs(score) if math.isfinite(score) else 0.0
    return int(np.count_nonzero(scores >= score - slack))
