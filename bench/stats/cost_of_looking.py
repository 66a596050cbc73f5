"""What watching costs, in units of the sample that a test with a single look at its end needs.

That sample, n_z, gives a two-sided 5 % z-test 80 % power. The looks are at every row from the end of the burn-in on.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bench.row import Goal, Row
from bench.stats.looking import chunks
from bench.stats.nulls import Floats
from bench.stats.panel import looked_at
from bench.stats.seeds import generator
from shadow_stats import Design
from shadow_stats.boundary import mixture_bound, mixture_rho

GROUP = "cost of looking"
ALPHA = 0.05
SINGLE_LOOK = 1_000
LAST = 4 * SINGLE_LOOK
# The standardised effect that the single look finds with 80 % power, times the square root of its samples.
EIGHTY_PERCENT = 2.8016
LOOKS = np.arange(100, LAST + 1)
_CHUNK = 50

Booleans = NDArray[np.bool_]


def rows(replications: int) -> list[Row]:
    """Return when the true gain is found, by the library and by the usual mixture test, on normal rows."""
    design = Design(ALPHA, SINGLE_LOOK)
    ours, usual = (np.concatenate(stops) for stops in zip(*_stops(replications, design), strict=True))
    detail = f"{SINGLE_LOOK:,} looks for each n_z; planned samples n_z"
    mixture = "normal mixture tuned to n_z / 2, for comparison"
    return [
        Row.quantile(GROUP, "median stop", ours, 0.5, "n_z", Goal(high=0.9), detail),
        Row.quantile(GROUP, "80 % power", ours, 0.8, "n_z", Goal(high=1.2), detail),
        Row.share(GROUP, "never expires: power at 4 n_z", ours < np.inf, Goal(low=97.0), detail=detail),
        Row.quantile(GROUP, "median stop", usual, 0.5, "n_z", detail=mixture),
        Row.quantile(GROUP, "80 % power", usual, 0.8, "n_z", detail=mixture),
    ]


def _stops(replications: int, design: Design) -> Iterator[tuple[Floats, Floats]]:
    rng = generator(GROUP)
    for count in chunks(replications, _CHUNK):
        values = rng.normal(EIGHTY_PERCENT / np.sqrt(SINGLE_LOOK), 1.0, (count, LAST))
        found = looked_at(values, design, LOOKS).pvalue_better <= design.side_level
        yield first_crossings(found, LOOKS) / SINGLE_LOOK, first_crossings(_mixture_found(values), LOOKS) / SINGLE_LOOK


def first_crossings(crossed: Booleans, looks: NDArray[np.int64]) -> Floats:
    """Return the samples at the first look with a crossing; infinite without one; shape (replications,)."""
    return np.where(crossed.any(axis=1), looks[np.argmax(crossed, axis=1)], np.inf)


def _mixture_found(values: Floats) -> Booleans:
    """Whether the two-sided normal mixture, as experimentation platforms run it, sees a gain at each look."""
    rho = mixture_rho(0.5 * SINGLE_LOOK, ALPHA)
    bounds = np.array([mixture_bound(samples, rho, ALPHA) for samples in LOOKS.tolist()])
    total, square = (np.cumsum(x, axis=1)[:, LOOKS - 1] for x in (values, values**2))
    deviation = np.sqrt(square / LOOKS - (total / LOOKS) ** 2)
    return np.asarray(total / deviation >= bounds)
