"""How often equal Sharpe ratios are told apart while everyone watches."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from bench.row import Goal, Row
from bench.stats.nulls import Floats
from bench.stats.panel import pvalues
from bench.stats.seeds import generator
from shadow_stats import Design, SharpeDifference
from shadow_stats.boundary import HORIZON_STRETCH, HybridBoundary

GROUP = "Sharpe ratio"
ALPHA = 0.05
ROWS = 2_000
LOOKS = np.arange(200, ROWS + 1, 20)
DESIGN = Design(ALPHA, 1_500)
GOAL = Goal(high=5.5)
# Mean per row of both streams; their standard deviation is above 1.7.
_GAIN = 0.1
_TWO_SIDED_NORMAL = 1.959964
_WARM_UP = 100


def rows(coefficient: float, replications: int) -> list[Row]:
    """Return the share of verdicts on correlated heavy-tailed streams that are autoregressions of `coefficient`."""
    challengers, champions = streams(coefficient, generator(GROUP, coefficient), replications)
    library = [_told_apart(*pair) for pair in zip(challengers, champions, strict=True)]
    bounded, peeked = _textbook(challengers, champions)
    name = f"AR({coefficient:g})" if coefficient else "i.i.d."
    detail = f"{LOOKS.size} looks; t6 shocks, correlation .5"
    return [
        Row.share(GROUP, f"{name}: false verdicts", library, GOAL, detail=detail),
        Row.share(GROUP, f"{name}: the same boundary, error by Jobson-Korkie-Memmel", bounded, detail="for comparison"),
        Row.share(GROUP, f"{name}: Jobson-Korkie-Memmel at 5 % on each look", peeked, detail="for comparison"),
    ]


def streams(coefficient: float, rng: np.random.Generator, replications: int) -> tuple[Floats, Floats]:
    """Return two streams with the same Sharpe ratio that share half of their variance; shape (replications, ROWS)."""
    shared, first, second = rng.standard_t(6, size=(3, replications, ROWS + _WARM_UP))
    walks = [lfilter([1.0], [1.0, -coefficient], shared + own, axis=1)[:, _WARM_UP:] for own in (first, second)]
    return walks[0] + _GAIN, walks[1] + _GAIN


def _told_apart(challenger: Floats, champion: Floats) -> bool:
    test, told_apart = SharpeDifference(DESIGN), False
    for batch in zip(np.split(challenger, LOOKS[:-1]), np.split(champion, LOOKS[:-1]), strict=True):
        test.update(*batch)
        # Not only at the end: a verdict that a doubt takes back later was given all the same.
        told_apart |= test.result().pvalue <= ALPHA
    return told_apart


def _textbook(challengers: Floats, champions: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell apart by Memmel's standard error: with the library's boundary, and as if each look were the only one."""
    statistic = _memmel_statistic(challengers, champions)
    boundary = HybridBoundary.planned(DESIGN.side_level, DESIGN.planned_samples, HORIZON_STRETCH)
    bounded = pvalues(boundary, np.abs(statistic) * np.sqrt(LOOKS), LOOKS).min(axis=1) <= DESIGN.side_level
    return np.asarray(bounded), np.asarray(np.abs(statistic).max(axis=1) >= _TWO_SIDED_NORMAL)


def _memmel_statistic(challengers: Floats, champions: Floats) -> Floats:
    """Return the test statistic of `jobson_korkie_memmel` at each look; shape (replications, looks)."""
    mean1, mean2, square1, square2, product = (
        np.cumsum(values, axis=1)[:, LOOKS - 1] / LOOKS
        for values in (challengers, champions, challengers**2, champions**2, challengers * champions)
    )
    deviation1, deviation2 = np.sqrt(square1 - mean1**2), np.sqrt(square2 - mean2**2)
    ratio1, ratio2 = mean1 / deviation1, mean2 / deviation2
    correlation = (product - mean1 * mean2) / (deviation1 * deviation2)
    shape = ratio1**2 + ratio2**2 - 2.0 * ratio1 * ratio2 * correlation**2
    return np.asarray((ratio1 - ratio2) * np.sqrt(LOOKS / (2.0 * (1.0 - correlation) + 0.5 * shape)))
