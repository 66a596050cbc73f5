"""How fast: 10,000 resamples against `arch`, and one new row of one pair.

Times are of the processor, not of the clock, so that other work on the machine counts for little.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np

from bench.row import Goal, Row
from bench.stats.nulls import Floats
from bench.stats.seeds import generator
from shadow_stats import Design, PairedMean, SharpeDifference, bootstrap

GROUP = "speed"
SAMPLES = (500, 5_000)
RESAMPLES = 10_000
BLOCK = 10
_FASTER = {500: Goal(low=50.0), 5_000: Goal(low=15.0)}
_UPDATE = Goal(high=20.0)
_ROUNDING = 1e-9
_SEEN, _MUCH_SEEN = 1_000, 50_000
_UPDATES = 2_000
_DESIGN = Design(0.05, 2_000)


def resampling_rows(samples: int, repetitions: int) -> list[Row]:
    """Return how many times faster than `arch` mean, Sharpe ratio and drawdown of 10,000 resamples are."""
    series = generator(GROUP, samples).normal(0.05, 1.0, samples)
    ours, theirs = _interleaved([lambda: _ours(series), lambda: _theirs(series)], repetitions)
    name = f"mean, Sharpe ratio and drawdown, {RESAMPLES:,} resamples, n = {samples:,}"
    detail = f"circular, blocks of {BLOCK}; arch {theirs:.0f} ms; medians of {repetitions} interleaved runs, one thread"
    return [
        Row(GROUP, name, round(ours, 2), "ms", detail=detail),
        Row(GROUP, f"{name}: against arch", round(theirs / ours, 1), "times faster", _FASTER[samples], detail=detail),
    ]


def brute_force_rows(resamples: int) -> list[Row]:
    """Return how far the folded statistics lie from those of resamples written out."""
    size = SAMPLES[0]
    series = generator(GROUP, "brute force").normal(0.05, 1.0, size)
    report = bootstrap(series, block_length=BLOCK, n_resamples=resamples, rng=1)
    results = (report.mean, report.sharpe, report.maximum_drawdown)
    folded = np.stack([result.bootstrap_distribution for result in results], axis=1)
    rng = np.random.default_rng(1)
    starts = np.stack([rng.integers(size, size=resamples) for _ in range(size // BLOCK)], axis=1)
    places = (starts[:, :, None] + np.arange(BLOCK)).reshape(resamples, size) % size
    written_out = np.array([_statistics(series[row]) for row in places])
    furthest = float(np.abs(folded - written_out).max())
    name = "mean, Sharpe ratio and drawdown: largest difference from resamples written out"
    detail = f"{resamples:,} resamples, n = {size}"
    return [Row(GROUP, name, furthest, "sd of a row", Goal(high=_ROUNDING), detail=detail)]


def update_rows(runs: int) -> list[Row]:
    """Return the time that one new row of one pair takes, look and verdict included."""
    short, long = (_update_time(lambda: PairedMean(_DESIGN), 1, seen, runs) for seen in (_SEEN, _MUCH_SEEN))
    sharpe = _update_time(lambda: SharpeDifference(_DESIGN), 2, _SEEN, runs)
    detail = f"median of {_UPDATES:,} updates, least of {runs} runs"
    figures = (
        (f"PairedMean, one new row after {_SEEN:,}", short, _UPDATE),
        (f"PairedMean, one new row after {_MUCH_SEEN:,}", long, _UPDATE),
        (f"SharpeDifference, one new row after {_SEEN:,}", sharpe, None),
    )
    return [Row(GROUP, name, value, "us", goal, detail=detail) for name, value, goal in figures]


def _ours(series: Floats) -> None:
    bootstrap(series, block_length=BLOCK, n_resamples=RESAMPLES, rng=1)


def _theirs(series: Floats) -> None:
    # Not at the top: it brings in pandas, which the other groups need not wait for.
    from arch.bootstrap import CircularBlockBootstrap  # noqa: PLC0415

    CircularBlockBootstrap(BLOCK, series, seed=1).apply(_statistics, RESAMPLES)


def _statistics(series: Floats) -> Floats:
    path = np.cumsum(series)
    peak = np.maximum(np.maximum.accumulate(path), 0.0)
    mean = series.mean()
    return np.array([mean, mean / series.std(), max((peak - path).max(), 0.0)])


def _interleaved(works: list[Callable[[], None]], repetitions: int) -> list[float]:
    """Return the median milliseconds of each, run in turns so that all see the same machine."""
    for work in works:
        work()
    times = [[_milliseconds(work) for work in works] for _ in range(repetitions)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def _milliseconds(work: Callable[[], None]) -> float:
    begun = time.process_time()
    work()
    return 1e3 * (time.process_time() - begun)


def _update_time(made: Callable[[], PairedMean | SharpeDifference], streams: int, seen: int, runs: int) -> float:
    """Return the least over `runs` of the median microseconds of one update."""
    values = generator(GROUP, "update", streams, seen).normal(size=(seen + _UPDATES, streams))
    medians = []
    for _ in range(runs):
        test = made()
        test.update(*values[:seen].T)
        times = []
        for row in values[seen:].tolist():
            arguments = [[value] for value in row]
            begun = time.perf_counter_ns()
            test.update(*arguments)
            times.append(time.perf_counter_ns() - begun)
        medians.append(statistics.median(times))
    return round(min(medians) / 1e3, 2)
