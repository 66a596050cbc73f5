"""Does the best of many challengers beat the champion, and which of them do? Batch tests on a finished sample."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shadow_stats.block_length import optimal_block_length
from shadow_stats.block_summaries import Values
from shadow_stats.fixed_sample import checked_count
from shadow_stats.long_run_variance import (
    FEWEST,
    MAX_LAG,
    ROUNDING_SHARE,
    SMALLEST_SHARE_OF_VARIANCE,
    spectral_variance,
)
from shadow_stats.series import checked

BlockResampling = Literal["stationary", "circular"]

# Samples times resamples worked on at once: bounds the memory whatever their numbers.
_BATCH_CELLS = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class RealityCheck:
    """How the best of k challengers compares with the champion once the choice among k is accounted for.

    All p-values are for "better", one-sided, from the same resamples, and valid for one look. Their smallest possible
    value is 1 / (n_resamples + 1).

    Attributes:
        statistic: the largest studentised gain, 0 if no challenger has a gain.
        pvalue: that no challenger is better, by Hansen's test with its consistent null distribution.
        pvalue_lower: the same if every challenger that looks worse is taken to be so: a lower bound.
        pvalue_upper: the same if every challenger that looks worse is taken to be equal: an upper bound.
        pvalue_white: that no challenger is better, by White's reality check, which compares gains in the unit of the
            series: the most volatile challenger dominates it, and poor ones dilute it.
        effects: mean of each challenger minus the champion's, in the unit of the series; shape (k,).
        standard_errors: of the effects, in the same unit; shape (k,).
        adjusted_pvalues: of each challenger, by stepping down: once the best is found better, the next is compared
            with those that remain. Rejecting where it is at most alpha keeps the probability of any false "better" at
            alpha in large samples. The smallest one is `pvalue`. Shape (k,).
        samples: rows used.
        resampling: "stationary" or "circular".
        block_length: samples in a block, on average for "stationary".

    """

    statistic: float
    pvalue: float
    pvalue_lower: float
    pvalue_upper: float
    pvalue_white: float
    effects: Values
    standard_errors: Values
    adjusted_pvalues: Values
    samples: int
    resampling: BlockResampling
    block_length: float

    def better(self, alpha: float = 0.05) -> NDArray[np.bool_]:
        """Return which challengers beat the champion, any false one among them with probability alpha; shape (k,).

        Raises:
            ValueError: alpha is not between 0 and 1.

        """
        if not 0.0 < alpha < 1.0:
            raise ValueError(f"alpha is {alpha}: it must lie between 0 and 1.")
        return self.adjusted_pvalues <= alpha


def reality_check(
    challengers: ArrayLike,
    champion: ArrayLike,
    *,
    resampling: BlockResampling = "stationary",
    block_length: float | None = None,
    n_resamples: int = 10_000,
    rng: np.random.Generator | int | None = None,
) -> RealityCheck:
    """Test many challengers against one champion on a finished sample, all seen at the same times.

    The rows of all series are resampled together in blocks, so that dependence among challengers and over time is
    kept: challengers that are nearly the same cost nearly nothing, unlike under a correction of p-values. The number of
    challengers is k; those that were tried and dropped have to be among them.

    As published, Hansen's test measures what was observed by the standard deviation that the resamples have, and that
    is too small as far as blocks cut the dependence: at 5 % it rejects equal models in 8 % of samples of 1,000 from
    autoregressions of .3 with 20 challengers, and in 15 % of 250 from those of .6. Here each observed mean is measured
    by the standard error of `paired_mean_report` (5 % and 8 %) and each resampled one, as published, by the standard
    deviation of the resamples. White's test has no such measure and is as published.

    Args:
        challengers: profit and loss or returns, higher is better, rows in their order in time; shape (n, k), n at
            least 20.
        champion: the same of the champion at the same times, in the same unit; shape (n,).
        resampling: "stationary" draws block lengths geometrically, "circular" has blocks of one length, the last one
            cut.
        block_length: in samples, from 1 to n/2; rounded up to whole samples for "circular", the mean length for
            "stationary". None for the longest automatic one of the k differences, within those limits.
        n_resamples: how many, at least 1.
        rng: generator, seed, or None for an unpredictable one.

    Raises:
        ValueError: a series is refused or too short, the shapes do not fit, a challenger differs from the champion by
            a constant or not at all, or an argument is out of its range.
        TypeError: `n_resamples` is not a whole number.

    Source: White (2000), "A reality check for data snooping"; Hansen (2005), "A test for superior predictive
    ability"; Romano and Wolf (2005), "Stepwise multiple testing as formalized data snooping", with Hansen's consistent
    null distribution as in Hsu, Hsu and Kuan (2010), "Testing the predictive ability of technical analysis using a new
    stepwise test without data snooping bias".

    """
    differences = _differences(challengers, champion)
    size = differences.shape[0]
    length = _length(differences, resampling, block_length)
    count = checked_count("n_resamples", n_resamples, 1)
    effects = differences.mean(axis=0)
    centred = differences - effects
    errors = _standard_errors(centred)
    best_first = np.argsort(-effects / errors, kind="stable")
    ranked = centred[:, best_first]
    batches = _deviations(ranked, length, resampling, count, np.random.default_rng(rng))
    spreads = _spreads(ranked, length, resampling)
    counts = [_exceedances(batch, spreads, effects[best_first], errors[best_first], size) for batch in batches]
    white, lower, upper, *stepped = ((1 + np.sum(counts, axis=0)) / (1 + count)).tolist()
    adjusted = np.empty_like(effects)
    adjusted[best_first] = np.maximum.accumulate(stepped)
    return RealityCheck(
        statistic=max(float((effects / errors).max()), 0.0),
        pvalue=stepped[0],
        pvalue_lower=lower,
        pvalue_upper=upper,
        pvalue_white=white,
        effects=effects,
        standard_errors=errors,
        adjusted_pvalues=adjusted,
        samples=size,
        resampling=resampling,
        block_length=length,
    )


def _differences(challengers: ArrayLike, champion: ArrayLike) -> Values:
    """Return challengers minus champion; shape (n, k)."""
    theirs, own = np.asarray(challengers, dtype=np.float64), checked("champion", champion)
    if theirs.ndim != 2 or theirs.shape[0] != own.size or theirs.shape[1] == 0:
        raise ValueError(
            f"challengers has shape {theirs.shape}: it must have {own.size} rows, as champion has, and a column for "
            "each challenger."
        )
    if own.size < FEWEST:
        raise ValueError(f"champion has {own.size} entries: at least {FEWEST} are needed.")
    for index, column in enumerate(theirs.T):
        difference = checked(f"challengers[:, {index}]", column) - own
        if difference.var() * own.size <= ROUNDING_SHARE * (difference @ difference):
            raise ValueError(f"challengers[:, {index}] minus champion does not vary: there is nothing to test.")
    return theirs - own[:, None]


def _length(differences: Values, resampling: BlockResampling, block_length: float | None) -> float:
    if resampling not in get_args(BlockResampling):
        raise ValueError(f"resampling is {resampling!r}: it must be one of {', '.join(get_args(BlockResampling))}.")
    longest = differences.shape[0] // 2
    if block_length is None:
        automatic = max(getattr(optimal_block_length(column), resampling) for column in differences.T)
        block_length = min(automatic, longest)
    if not 1.0 <= block_length <= longest:
        raise ValueError(f"block_length is {block_length}: it must lie between 1 and {longest}, half of the samples.")
    return float(block_length if resampling == "stationary" else math.ceil(block_length))


def _standard_errors(centred: Values) -> Values:
    """Return the standard errors of the means; shape (k,)."""
    size = centred.shape[0]
    lagged = [np.einsum("nk,nk->k", centred[lag:], centred[: size - lag]) for lag in range(MAX_LAG + 1)]
    variances = [spectral_variance(covariances.tolist(), size) for covariances in np.transpose(lagged) / size]
    errors: Values = np.sqrt(np.array(variances) / size)
    return errors


def _spreads(centred: Values, length: float, resampling: BlockResampling) -> Values:
    """Return the standard deviations that the means of resamples have; shape (k,).

    Exact, from the covariances of the series closed to a circle.
    """
    size = centred.shape[0]
    lags = np.arange(1, size)
    if resampling == "stationary":
        weights = (1.0 - lags / size) * (1.0 - 1.0 / length) ** lags
    else:
        whole, rest = divmod(size, int(length))
        weights = (whole * np.maximum(length - lags, 0.0) + np.maximum(rest - lags, 0.0)) / size
    covariances = np.fft.irfft(np.abs(np.fft.rfft(centred, axis=0)) ** 2, size, axis=0) / size
    variances = covariances[0] + 2.0 * weights @ covariances[1:]
    spreads: Values = np.sqrt(np.maximum(variances, SMALLEST_SHARE_OF_VARIANCE * covariances[0]) / size)
    return spreads


def _deviations(
    centred: Values, length: float, resampling: BlockResampling, count: int, rng: np.random.Generator
) -> Iterator[Values]:
    """Give the means of resamples of centred series in batches; shape (resamples, k) each."""
    size = centred.shape[0]
    # A block adds the sum up to its end less the sum up to its start. The sums of centred series return to 0 at the
    # end, so they go on for ever around the circle.
    sums = np.cumsum(centred, axis=0) - centred
    batch = max(1, _BATCH_CELLS // size)
    for done in range(0, count, batch):
        begins = _block_begins((min(batch, count - done), size), length, resampling, rng)
        yield _net_counts(begins, rng) @ sums / size


def _block_begins(
    shape: tuple[int, int], length: float, resampling: BlockResampling, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Return where in each resample a block begins, the first sample always; shape (resamples, n)."""
    if resampling == "circular":
        return np.broadcast_to(np.arange(shape[1]) % int(length) == 0, shape)
    begins = rng.random(shape) < 1.0 / length
    begins[:, 0] = True
    return begins


def _net_counts(begins: NDArray[np.bool_], rng: np.random.Generator) -> Values:
    """Draw a start for each block; return how many blocks end before each sample less how many start there."""
    count, size = begins.shape
    positions = np.flatnonzero(begins)
    lengths = np.diff(positions, append=begins.size)
    starts = rng.integers(size, size=positions.size)
    rows = positions - positions % size
    ends = np.bincount(rows + (starts + lengths) % size, minlength=begins.size)
    return np.subtract(ends, np.bincount(rows + starts, minlength=begins.size), dtype=np.float64).reshape(count, size)


def _exceedances(deviations: Values, spreads: Values, effects: Values, errors: Values, size: int) -> NDArray[np.intp]:
    """Count the resamples that go as far as what was observed; the best challenger comes first.

    Args:
        deviations: resampled means less their expectation; shape (resamples, k).
        spreads: their standard deviations; shape (k,).
        effects: observed means; shape (k,).
        errors: their standard errors; shape (k,).
        size: samples.

    Returns:
        For White's test, Hansen's lower and upper one, and then his consistent one among all challengers, all but the
        best, and so on to the poorest alone; shape (3 + k,).

    """
    scores, studentised = effects / errors, deviations / spreads
    losses = np.minimum(scores, 0.0)
    # By the law of the iterated logarithm a challenger as good as the champion does not look worse than this for ever.
    certain = np.where(losses < -math.sqrt(2.0 * math.log(math.log(size))), losses, 0.0)
    among_rest = np.maximum.accumulate((studentised + certain)[:, ::-1], axis=1)[:, ::-1]
    largest = np.column_stack([(studentised + losses).max(axis=1), studentised.max(axis=1), among_rest])
    observed = np.maximum(scores[[0, 0, *range(scores.size)]], 0.0)
    white = np.count_nonzero(deviations.max(axis=1) >= effects.max())
    return np.append(white, np.count_nonzero(np.maximum(largest, 0.0) >= observed, axis=0))
