"""What happens when the evidence depends on itself: over rows, over overlapping windows, over regimes.

20,000 rows, looks from row 2,000 on, a verdict planned such that the boundary's horizon is the last row.
"""

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from bench.row import Goal, Row
from bench.stats.cost_of_looking import EIGHTY_PERCENT, first_crossings
from bench.stats.looking import chunks
from bench.stats.nulls import Floats, Null, independent_normal
from bench.stats.panel import looked_at
from bench.stats.seeds import generator
from shadow_stats import Dependence, Design
from shadow_stats.confidence_sequence import HORIZON_STRETCHES
from shadow_stats.memory import LARGEST_RATIO

GROUP = "dependence"
ALPHA = 0.05
ROWS = 20_000
LOOKS = np.arange(2_000, ROWS + 1, 50)
# Rows for which a single look would find the true gain with 80 % power.
SINGLE_LOOK = 8_000
_WARM_UP = 300
_DRIFT = 0.3
_CHUNK = 25


def autoregressive_moving_average(rng: np.random.Generator, replications: int, rows: int) -> Floats:
    """Return a normal ARMA(1,1) of .9 and -.6; shape (replications, rows)."""
    shocks = rng.normal(size=(replications, rows + _WARM_UP))
    return np.asarray(lfilter([1.0, -0.6], [1.0, -0.9], shocks, axis=1))[:, _WARM_UP:]


def overlapping(window: int, rng: np.random.Generator, replications: int, rows: int) -> Floats:
    """Return normal returns over `window` rows, taken each row: an MA(window - 1)."""
    shocks = rng.normal(size=(replications, rows + window))
    return np.asarray(lfilter(np.ones(window), [1.0], shocks, axis=1))[:, window:]


def switching(share: float, rng: np.random.Generator, replications: int, rows: int) -> Floats:
    """Return normal rows whose mean is +.3 or -.3 and changes sides with chance `share` at each row."""
    switches = np.cumsum(rng.random((replications, rows)) < share, axis=1) + rng.integers(0, 2, (replications, 1))
    return rng.normal(size=(replications, rows)) + _DRIFT * (1 - 2 * (switches % 2))


NULLS: dict[str, Null] = {
    "ARMA(1,1) .9/-.6": autoregressive_moving_average,
    "MA(5), overlapping windows of 6 rows": partial(overlapping, 6),
    "MA(3), overlapping windows of 4 rows": partial(overlapping, 4),
    "regimes of 20 rows": partial(switching, 0.05),
    "regimes of 100 rows": partial(switching, 0.01),
}
GOALS = {
    ("ARMA(1,1) .9/-.6", Dependence.SHORT): Goal(high=5.0),
    ("MA(5), overlapping windows of 6 rows", Dependence.SHORT): Goal(low=2.0, high=5.0),
    ("regimes of 20 rows", Dependence.REGIMES): Goal(high=5.0),
    ("regimes of 100 rows", Dependence.REGIMES): Goal(high=5.0),
}


def null_rows(name: str, dependence: Dependence, replications: int) -> list[Row]:
    """Return the share of replications of the null called `name` with a verdict at any look."""
    design = Design(ALPHA, round(ROWS / HORIZON_STRETCHES[dependence]), dependence=dependence)
    rng, parts = generator(GROUP, name), []
    for count in chunks(replications, _CHUNK):
        looks = looked_at(NULLS[name](rng, count, ROWS), design, LOOKS)
        parts.append([side.min(axis=1) <= design.side_level for side in (looks.pvalue_better, looks.pvalue_worse)])
    better, worse = np.concatenate(parts, axis=1)
    detail = f"{LOOKS.size} looks; false promotions {100.0 * better.mean():.1f} %"
    goal = GOALS.get((name, dependence))
    return [Row.share(GROUP, f"{name}, {dependence}: false verdicts", better | worse, goal, detail=detail)]


def _with_noise(persistence: float, rng: np.random.Generator, replications: int, rows: int) -> Floats:
    """Return white noise plus an AR(1) under it that doubles the long-run variance."""
    shocks = rng.normal(scale=1.0 - persistence, size=(replications, rows + _WARM_UP))
    hidden = np.asarray(lfilter([1.0], [1.0, -persistence], shocks, axis=1))[:, _WARM_UP:]
    return rng.normal(size=(replications, rows)) + hidden


def _rising(rng: np.random.Generator, replications: int, rows: int) -> Floats:
    """Return independent normal rows whose standard deviation is five times as large in the second half."""
    return rng.normal(size=(replications, rows)) * np.where(np.arange(rows) < rows // 2, 1.0, 5.0)


BEYOND: dict[str, Null] = {
    "noise over an AR(1) of .9 that doubles the variance of sums": partial(_with_noise, 0.9),
    "regimes of 50 rows": partial(switching, 0.02),
    "variance 25 times as large in the second half": _rising,
}
_SHORT_PLAN = 1_000
_SHORT_LOOKS = np.arange(100, 2 * _SHORT_PLAN + 1, 4)


def beyond_rows(name: str, dependence: Dependence, replications: int) -> list[Row]:
    """Return the share of false verdicts at a plan of 1,000 rows in worlds that are at the edge of the guarantee."""
    design = Design(ALPHA, _SHORT_PLAN, dependence=dependence)
    rng, parts = generator(GROUP, name), []
    for count in chunks(replications, 4 * _CHUNK):
        looks = looked_at(BEYOND[name](rng, count, 2 * _SHORT_PLAN), design, _SHORT_LOOKS)
        parts.append(np.minimum(looks.pvalue_better, looks.pvalue_worse).min(axis=1) <= design.side_level)
    detail = f"2,000 rows, {_SHORT_LOOKS.size} looks from row 100; at the edge of the guarantee, for comparison"
    return [Row.share(GROUP, f"{name}, {dependence}: false verdicts", np.concatenate(parts), detail=detail)]


def withheld_rows(replications: int) -> list[Row]:
    """Return what share of false and of true verdicts of `Dependence.SHORT` its diagnostic withholds for good."""
    gain = EIGHTY_PERCENT / np.sqrt(SINGLE_LOOK)
    false = _withheld(NULLS["regimes of 100 rows"], 0.0, replications)
    true = _withheld(independent_normal, gain, replications)
    return [
        Row.share(GROUP, "withheld of the false verdicts, regimes of 100 rows, Short", false, Goal(low=90.0)),
        Row.share(GROUP, "withheld of the true verdicts, i.i.d. normal, Short", true, Goal(high=2.0)),
    ]


def cost_rows(replications: int) -> list[Row]:
    """Return when the true gain is found on independent rows by a design that allows for regimes."""
    design = Design(ALPHA, SINGLE_LOOK, dependence=Dependence.REGIMES)
    gain, rng, parts = EIGHTY_PERCENT / np.sqrt(SINGLE_LOOK), generator(GROUP, "cost"), []
    for count in chunks(replications, _CHUNK):
        found = looked_at(independent_normal(rng, count, ROWS) + gain, design, LOOKS).pvalue_better <= design.side_level
        parts.append(first_crossings(found, LOOKS) / SINGLE_LOOK)
    stops = np.concatenate(parts)
    return [
        Row.quantile(GROUP, "80 % power on i.i.d. normal, Regimes", stops, 0.8, "n_z", Goal(high=1.5)),
        Row.quantile(GROUP, "median stop on i.i.d. normal, Regimes", stops, 0.5, "n_z"),
    ]


def _withheld(null: Null, gain: float, replications: int) -> NDArray[np.bool_]:
    """Say of each replication that would have a verdict without the diagnostic whether it has none with it."""
    design = Design(ALPHA, round(ROWS / HORIZON_STRETCHES[Dependence.SHORT]))
    diagnosed, bare = (
        _least_pvalue(null, design, gain, replications, largest_ratio) for largest_ratio in (LARGEST_RATIO, math.inf)
    )
    return (diagnosed > design.side_level)[bare <= design.side_level]


def _least_pvalue(null: Null, design: Design, gain: float, replications: int, largest_ratio: float) -> Floats:
    rng = generator(GROUP, "withheld", gain)
    parts = []
    for count in chunks(replications, _CHUNK):
        looks = looked_at(null(rng, count, ROWS) + gain, design, LOOKS, largest_ratio=largest_ratio)
        parts.append(np.minimum(looks.pvalue_better, looks.pvalue_worse).min(axis=1))
    return np.concatenate(parts)
