"""How often equal models are told apart where rare losses are extreme, and a bound of them is known."""

import numpy as np

from bench.row import Row
from bench.stats.looking import ALPHA, DESIGN, GOAL, GROUP, LOOKS, ROWS, least_pvalues, verdict_row
from bench.stats.nulls import CRASH_BOUND, Floats, crashing
from bench.stats.seeds import generator
from shadow_stats import Design
from shadow_stats.bounded_mean import BoundedMean
from shadow_stats.design import Guarantee

BOUNDED = Design(ALPHA, DESIGN.planned_samples, guarantee=Guarantee.BOUNDED, bound=CRASH_BOUND)
_MODEL = "extreme skew (-5)"


def rows(replications: int) -> list[Row]:
    """Return the share of replications with a verdict at any look, by `BoundedMean`."""
    series = crashing(generator(GROUP, "bounded"), replications, ROWS)
    better, worse = np.array([_watched(row) for row in series]).T
    return [verdict_row(f"{_MODEL}, Bounded", better, worse, GOAL, "; losses of 50 gains in 2 % of the rows")]


def unbounded_rows(replications: int) -> list[Row]:
    """Return the same by `PairedMean`, whose guarantee does not reach so far."""
    pvalues = least_pvalues(crashing, generator(GROUP, "unbounded"), replications)
    return [verdict_row(f"{_MODEL}, Asymptotic", *pvalues, None, "; for comparison, it does not promise this")]


def _watched(series: Floats) -> tuple[float, float]:
    test = BoundedMean(BOUNDED)
    for batch in np.split(series, LOOKS[:-1]):
        test.update(batch)
    result = test.result()
    return result.pvalue_better, result.pvalue_worse
