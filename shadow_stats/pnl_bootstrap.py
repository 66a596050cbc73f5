"""Bootstrap of mean, Sharpe ratio and maximum drawdown of one stream of profit and loss, all in one pass.

A resample is a chain of blocks of the series. Instead of writing it out, its statistics are folded from summaries of
the blocks: the work for one resample is the number of blocks, not the number of samples.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike

from shadow_stats.block_length import optimal_block_length
from shadow_stats.block_summaries import BlockSummaries, Indices, Values, Walks, maximum_drawdown
from shadow_stats.fixed_sample import checked_count, checked_level
from shadow_stats.long_run_variance import ROUNDING_SHARE
from shadow_stats.series import checked
from shadow_stats.verdict import ConfidenceInterval

Resampling = Literal["iid", "circular", "stationary"]
Interval = Literal["percentile", "studentised"]

_FEWEST = 10
# Blocks of random length are looked up in a table of all lengths up to about this many mean ones, if it then has no
# more than this many entries; longer blocks are put together. Larger tables leave the cache and are slower.
_TABLE_MEANS = 3.0
_TABLE_ENTRIES = 2**19


@dataclass(frozen=True, slots=True, eq=False)
class BootstrapResult:
    """The bootstrap of one statistic.

    Attributes:
        estimate: the statistic of the series itself.
        bootstrap_distribution: the statistic of each resample; shape (n_resamples,). An entry is nan where it does not
            exist: a Sharpe ratio of a resample that does not vary.
        estimate_error: standard error of the estimate from the blocks of the series; nan where there is none.
        studentised_distribution: (resample - estimate) over the standard error from the resample's own blocks; shape
            (n_resamples,), or (0,) where there is none.

    """

    estimate: float
    bootstrap_distribution: Values
    estimate_error: float
    studentised_distribution: Values

    @property
    def standard_error(self) -> float:
        """Standard deviation of the bootstrap distribution."""
        return float(self.bootstrap_distribution.std(ddof=1))

    def confidence_interval(
        self, confidence_level: float = 0.95, *, method: Interval = "percentile"
    ) -> ConfidenceInterval:
        """Return the equal-tailed interval for the statistic; (nan, nan) if a resample had none.

        Args:
            confidence_level: coverage in large samples, between 0 and 1.
            method: "percentile" takes quantiles of the distribution; "studentised" those of the studentised one, which
                covers better in small samples.

        Raises:
            ValueError: the level is not between 0 and 1, the method is unknown, or the result has no standard errors.

        Source: Efron (1979) for percentiles; Hall (1988), "Theoretical comparison of bootstrap confidence intervals",
        for studentised ones.

        """
        tail = 0.5 - 0.5 * checked_level(confidence_level)
        if method == "percentile":
            low, high = np.quantile(self.bootstrap_distribution, [tail, 1.0 - tail])
        elif method == "studentised":
            if self.studentised_distribution.size == 0:
                raise ValueError(
                    "there are no standard errors: ask for studentised=True; a maximum drawdown never has one."
                )
            upper, lower = np.quantile(self.studentised_distribution, [tail, 1.0 - tail])
            low, high = self.estimate - lower * self.estimate_error, self.estimate - upper * self.estimate_error
        else:
            raise ValueError(f"method is {method!r}: it must be one of {', '.join(get_args(Interval))}.")
        return ConfidenceInterval(float(low), float(high))


@dataclass(frozen=True, slots=True, eq=False)
class PnlBootstrap:
    """The same resamples seen by three statistics.

    Attributes:
        mean: per sample, in the unit of the series.
        sharpe: mean over standard deviation (divisor n), per sample; times the square root of the samples in a year
            it is annual.
        maximum_drawdown: largest fall of the cumulative sum from an earlier high, the start included, in the unit of
            the series. For log returns x the compounded loss is 1 - exp(-x).
        resampling: "iid", "circular" or "stationary".
        block_length: samples in a block, on average for "stationary".

    """

    mean: BootstrapResult
    sharpe: BootstrapResult
    maximum_drawdown: BootstrapResult
    resampling: Resampling
    block_length: float


class _Resamples(NamedTuple):
    """Of each resample, shape (n_resamples,): sum, sum of squares about the mean of the series, and drawdown.

    `errors` holds the standard errors of mean and Sharpe ratio, where they were asked for.
    """

    total: Values
    square: Values
    drawdown: Values
    errors: tuple[Values, Values] | None


class _BlockProducts:
    """Sums of products of what each block of a resample adds to the first two moments, for their covariance."""

    def __init__(self, count: int) -> None:
        self.blocks = 0
        self._sums = np.zeros((2, count))
        self._products = np.zeros((3, count))

    def add(self, first: Values, second: Values) -> None:
        """Add one block of each resample; entries of shape (count,)."""
        self.blocks += 1
        for index, part in enumerate((first, second)):
            self._sums[index] += part
        for index, part in enumerate((first * first, first * second, second * second)):
            self._products[index] += part

    def variance(self, slope1: Values, slope2: Values) -> Values:
        """Return the variance over the blocks of a resample of slope1 * first + slope2 * second."""
        sum1, sum2 = self._sums
        product11, product12, product22 = self._products
        squares = (
            slope1**2 * (product11 - sum1 * sum1 / self.blocks)
            + 2.0 * slope1 * slope2 * (product12 - sum1 * sum2 / self.blocks)
            + slope2**2 * (product22 - sum2 * sum2 / self.blocks)
        )
        return np.maximum(squares, 0.0) / (self.blocks - 1)


def bootstrap(
    pnl: ArrayLike,
    *,
    resampling: Resampling = "circular",
    block_length: float | None = None,
    n_resamples: int = 10_000,
    studentised: bool = False,
    rng: np.random.Generator | int | None = None,
) -> PnlBootstrap:
    """Resample a stream of profit and loss and return mean, Sharpe ratio and maximum drawdown of the resamples.

    Each resample has as many samples as the series. The circular bootstrap joins blocks of one length from random
    starts, the last one cut; the stationary one draws the lengths too, geometrically; the i.i.d. one ignores
    dependence over time, so its intervals are too narrow wherever there is any.

    Args:
        pnl: profit and loss or returns, in their order in time; shape (n,), n at least 10.
        resampling: "iid", "circular" or "stationary".
        block_length: in samples, from 1 to n; None for the automatic one. Rounded up to whole samples for "circular",
            the mean length for "stationary", 1 for "iid".
        n_resamples: how many, at least 2.
        studentised: whether to compute the standard errors that studentised intervals need; not for "stationary".
        rng: generator, seed, or None for an unpredictable one.

    Raises:
        ValueError: the series is refused, too short or constant, or an argument is out of its range.
        TypeError: `n_resamples` is not a whole number.

    Source: Efron (1979), "Bootstrap methods: another look at the jackknife"; Politis and Romano (1992), "A circular
    block-resampling procedure for stationary data", and (1994), "The stationary bootstrap"; standard errors by Goetze
    and Kuensch (1996), "Second-order correctness of the blockwise bootstrap for stationary observations".

    """
    series = _varying(pnl)
    count = checked_count("n_resamples", n_resamples, 2)
    length = _length(series, resampling, block_length)
    generator = np.random.default_rng(rng)
    if resampling == "stationary":
        if studentised:
            raise ValueError("studentised errors need blocks of one length: use circular or iid.")
        return _report(series, length, resampling, _chained(series, length, count, generator))
    whole = int(length)
    if studentised and series.size < 2 * whole:
        raise ValueError(f"block_length is {whole}: studentised errors need two whole blocks in {series.size} samples.")
    starts = (generator.integers(series.size, size=count) for _ in range(math.ceil(series.size / whole)))
    return _report(series, length, resampling, _folded(series, whole, count, starts, studentised=studentised))


def _varying(pnl: ArrayLike) -> Values:
    series = checked("pnl", pnl)
    if series.size < _FEWEST:
        raise ValueError(f"pnl has {series.size} entries: at least {_FEWEST} are needed.")
    if np.ptp(series) == 0.0:
        raise ValueError("pnl is constant: there is nothing to resample.")
    return series


def _length(series: Values, resampling: Resampling, block_length: float | None) -> float:
    if resampling not in get_args(Resampling):
        raise ValueError(f"resampling is {resampling!r}: it must be one of {', '.join(get_args(Resampling))}.")
    if block_length is not None and not 1.0 <= block_length <= series.size:
        raise ValueError(f"block_length is {block_length}: it must lie between 1 and {series.size}, the samples.")
    if resampling == "iid":
        return 1.0
    if block_length is None:
        automatic = optimal_block_length(series)
        block_length = automatic.stationary if resampling == "stationary" else automatic.circular
    return float(block_length) if resampling == "stationary" else float(math.ceil(block_length))


def _chained(series: Values, length: float, count: int, rng: np.random.Generator) -> _Resamples:
    """Fold resamples from blocks of random lengths, geometric with mean `length`."""
    longest = min(series.size, math.ceil(_TABLE_MEANS * length), max(_TABLE_ENTRIES // series.size, 1))
    paths = BlockSummaries.of_every_length(series, longest)
    sums = BlockSummaries.of_every_length((series - series.mean()) ** 2, longest).total
    walks, square = Walks(count), np.zeros(count)
    for lengths, starts in _random_blocks(series.size, length, longest, count, rng):
        place = lengths * series.size + starts
        walks.extend(paths.at(place))
        square += sums.take(place)
    return _Resamples(walks.total, square, walks.drawdown, None)


def _random_blocks(
    size: int, length: float, longest: int, count: int, rng: np.random.Generator
) -> Iterator[tuple[Indices, Indices]]:
    """Give lengths (0 once a resample is full) and starts of the next block of each resample; shape (count,) each.

    What a block has beyond `longest` is the next one: a geometric law does not remember how much has passed.
    """
    scale = -1.0 / math.log1p(-1.0 / length) if length > 1.0 else 0.0
    left, starts = np.full(count, size), rng.integers(size, size=count)
    while left.any():
        drawn = (scale * rng.standard_exponential(count)).astype(np.intp) + 1
        lengths = np.minimum(np.minimum(drawn, longest), left)
        yield lengths, starts
        left -= lengths
        fresh = rng.integers(size, size=count)
        unfinished = np.flatnonzero(drawn > longest)
        fresh[unfinished] = (starts[unfinished] + longest) % size
        starts = fresh


def _folded(
    series: Values, length: int, count: int, starts: Iterator[Indices], *, studentised: bool = False
) -> _Resamples:
    """Fold resamples from blocks of `length`, the last one cut to fit; `starts` gives shape (count,) for each."""
    mean, squares = float(series.mean()), (series - series.mean()) ** 2
    shift, usual = length * mean, length * float(squares.mean())
    whole, rest = divmod(series.size, length)
    lengths = [length] * whole + [rest] * min(rest, 1)
    tables = {part: (BlockSummaries.at_every_start(series, part), _circular_sums(squares, part)) for part in {*lengths}}
    walks, square, products = Walks(count), np.zeros(count), _BlockProducts(count)
    for part, start in zip(lengths, starts, strict=True):
        paths, sums = tables[part]
        blocks, added = paths.at(start), sums.take(start)
        walks.extend(blocks)
        square += added
        if studentised and part == length:
            # Centred, so that the products do not cancel.
            products.add(blocks.total - shift, added - usual)
    bare = _Resamples(walks.total, square, walks.drawdown, None)
    return bare._replace(errors=_errors(series, bare, length, products)) if studentised else bare


def _circular_sums(values: Values, length: int) -> Values:
    return BlockSummaries.at_every_start(values, length).total


def _errors(series: Values, sums: _Resamples, length: int, products: _BlockProducts) -> tuple[Values, Values]:
    means = sums.total / series.size
    samples = length * series.size
    _, *slopes = _sharpe(means, sums.square / series.size, float(series.mean()))
    ones, zeros = np.ones_like(means), np.zeros_like(means)
    mean_errors = np.sqrt(products.variance(ones, zeros) / samples)
    return mean_errors, np.sqrt(products.variance(*slopes) / samples)


def _sharpe(mean: Values, square: Values, centre: float) -> tuple[Values, Values, Values]:
    """Return Sharpe ratios and their derivatives by the mean and by `square`, the mean square about `centre`."""
    shift = mean - centre
    variance = square - shift * shift
    variance = np.where(variance > ROUNDING_SHARE * square, variance, np.nan)
    ratio = mean / np.sqrt(variance)
    bend = ratio / variance
    return ratio, 1.0 / np.sqrt(variance) + bend * shift, -0.5 * bend


def _report(series: Values, length: float, resampling: Resampling, sums: _Resamples) -> PnlBootstrap:
    mean = float(series.mean())
    squares = (series - mean) ** 2
    ratio, slope1, slope2 = (float(part) for part in _sharpe(np.float64(mean), squares.mean(), mean))  # type: ignore[arg-type] # numbers for arrays
    influence = slope1 * (series - mean) + slope2 * (squares - squares.mean())
    errors = sums.errors or (None, None)
    distribution = _sharpe(sums.total / series.size, sums.square / series.size, mean)[0]
    return PnlBootstrap(
        mean=_result(mean, sums.total / series.size, series - mean, length, errors[0]),
        sharpe=_result(ratio, distribution, influence, length, errors[1]),
        maximum_drawdown=_result(maximum_drawdown(series), sums.drawdown, series, length, None),
        resampling=resampling,
        block_length=length,
    )


def _result(
    estimate: float, distribution: Values, influence: Values, length: float, errors: Values | None
) -> BootstrapResult:
    if errors is None:
        return BootstrapResult(estimate, distribution, math.nan, np.empty(0))
    blocks = _circular_sums(influence, int(length))
    error = math.sqrt(float(blocks @ blocks) / blocks.size / length / influence.size)
    studentised = (distribution - estimate) / np.where(errors > 0.0, errors, np.nan)
    return BootstrapResult(estimate, distribution, error, studentised)
