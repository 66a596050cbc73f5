"""False alarms of the drift detectors, and how late they are."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench.row import Goal, Row
from bench.stats.cusum import mean_run, threshold_for
from bench.stats.looking import chunks
from bench.stats.nulls import Floats
from bench.stats.seeds import generator
from shadow_stats import EDetector, kolmogorov_smirnov, population_stability
from shadow_stats.direction import Direction

GROUP = "drift"
ALPHA = 0.05
REFERENCE = 1_000
WINDOWS = (50, 100, 250, 1_000)
RUNS = (50, 200, 1_000)
SHIFTS = (0.5, 1.0, 2.0)
# A run is cut here, in stated mean runs: that can only make the measured mean smaller.
_LONGEST = 20
_BATCH = 64
_CHUNK = 10_000


def stability_rows(window: int, replications: int) -> list[Row]:
    """Return how often the PSI alarms on a window from the law of its reference."""
    rng = generator(GROUP, "PSI", window)
    pairs = ((rng.standard_t(4, REFERENCE), rng.standard_t(4, window)) for _ in range(replications))
    alarmed = [population_stability(*pair).pvalue <= ALPHA for pair in pairs]
    return [_alarm_row("PSI", window, alarmed)]


def kolmogorov_smirnov_rows(window: int, replications: int) -> list[Row]:
    """Return how often the KS test alarms on a window from the law of its reference.

    Of independent rows from any one continuous law only the order of the labels matters, and it is a random one.
    """
    rng = generator(GROUP, "KS", window)
    current = np.arange(REFERENCE + window) >= REFERENCE
    parts = []
    for count in chunks(replications, _CHUNK):
        orders = rng.permuted(np.tile(current, (count, 1)), axis=1)
        parts.append(_order_pvalues(orders) <= ALPHA)
    return [_alarm_row("KS", window, np.concatenate(parts))]


def _order_pvalues(orders: NDArray[np.bool_]) -> Floats:
    """Return the p-value of each order of labels; computed once for each distance, on which alone it depends."""
    steps = np.where(orders, np.int64(REFERENCE), -np.int64(orders.shape[1] - REFERENCE))
    _, first, which = np.unique(np.abs(np.cumsum(steps, axis=1)).max(axis=1), return_index=True, return_inverse=True)
    pairs = ((np.flatnonzero(~order), np.flatnonzero(order)) for order in orders[first])
    return np.array([kolmogorov_smirnov(*pair).pvalue for pair in pairs])[which]


def _alarm_row(test: str, window: int, alarmed: ArrayLike) -> Row:
    name = f"{test} alarms without drift, window of {window:,}"
    detail = f"reference of {REFERENCE:,} rows, p at most {ALPHA:g}"
    return Row.share(GROUP, name, alarmed, Goal(high=5.0), detail=detail)


def run_rows(run: int, replications: int) -> list[Row]:
    """Return the mean run of the e-detector to a false alarm, in units of the stated one."""
    rng = generator(GROUP, "run", run)
    lengths = [_run_length(1.0 / run, "two-sided", rng, 0.0, _LONGEST * run) for _ in range(replications)]
    name = f"e-detector, mean rows to a false alarm, alpha 1/{run:,}"
    return [Row.average(GROUP, name, lengths, "rows", Goal(low=float(run)), "normal rows, both directions")]


def delay_rows(shift: float, replications: int) -> list[Row]:
    """Return the mean delay of the e-detector, in units of that of the CUSUM which knows the shift."""
    run = RUNS[-1]
    oracle = mean_run(threshold_for(run, shift), shift, shift)
    rng = generator(GROUP, "delay", shift)
    delays = [_run_length(1.0 / run, "greater", rng, shift, _LONGEST * run) for _ in range(replications)]
    detail = f"{np.mean(delays):.1f} rows against {oracle:.1f}; alpha 1/{run:,}, change at the first row"
    name = f"e-detector, delay against the oracle CUSUM, shift of {shift:g} sd"
    return [Row.average(GROUP, name, np.array(delays) / oracle, "times", Goal(high=1.5), detail)]


def _run_length(alpha: float, direction: Direction, rng: np.random.Generator, mean: float, longest: int) -> int:
    detector = EDetector(alpha, 0.0, deviation=1.0, direction=direction)
    for _ in range(0, longest, _BATCH):
        batch = rng.normal(mean, 1.0, _BATCH).tolist()
        for value in batch:
            detector.update([value])
            if detector.result().alarms:
                return detector.result().samples
    return longest
