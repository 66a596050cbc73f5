"""The set-up that Spotify published for choosing a sequential test, against the best test with the sample fixed.

Two groups of 500, normal with variance 1, a gain of .2, one-sided 5 %. Source: Schultzberg and Ankargren (2023),
"Choosing a sequential testing framework".
"""

import math

import numpy as np
from numpy.typing import NDArray

from bench.row import Goal, Row
from bench.stats.group_sequential import boundaries, power, spent_cubed
from bench.stats.looking import chunks
from bench.stats.nulls import Floats
from bench.stats.panel import looked_at
from bench.stats.seeds import generator
from shadow_stats import Design
from shadow_stats.boundary import HORIZON_STRETCH
from shadow_stats.design import Sides

GROUP = "published set-up"
ALPHA = 0.05
PAIRS = 500
GAIN = 0.2
_VARIANCE = 2.0
# So that the horizon of the library's boundary is the 500 that the classical test knows too.
PLANNED = math.ceil(PAIRS / HORIZON_STRETCH)
_CHUNK = 200


def rows(looks: int, replications: int) -> list[Row]:
    """Return power at that many equally spaced looks, and how far it lies below the classical test's."""
    spacing = math.ceil(PAIRS / looks)
    design = Design(ALPHA, PLANNED, sides=Sides.GREATER, look_every=spacing)
    seen = np.arange(PAIRS, 0, -spacing)[::-1]
    levels = boundaries(spent_cubed(ALPHA), seen / PAIRS)
    classical = 100.0 * power(levels, seen / PAIRS, GAIN * math.sqrt(PAIRS / _VARIANCE))
    ours, theirs = _found(GAIN, design, levels, replications)
    # Far from its goal, so that fewer tell enough.
    false, _ = _found(0.0, design, levels, math.ceil(replications / 4))
    detail = f"one-sided; a look each {spacing} rows from the burn-in on; planned samples {PLANNED}, horizon {PAIRS}"
    known = f"on the same draws; group-sequential, spending t^3, the sample known: {classical:.1f} %"
    short = 100.0 * theirs - 100.0 * ours
    name = f"{seen.size} looks"
    return [
        Row.share(GROUP, f"{name}: power", ours, detail=detail),
        Row.average(GROUP, f"{name}: power below group-sequential", short, "points", Goal(high=3.0), known),
        Row.share(GROUP, f"{name}: false verdicts", false, Goal(high=5.0), detail=detail),
    ]


def _found(gain: float, design: Design, levels: Floats, replications: int) -> NDArray[np.bool_]:
    """Return whether the library and the classical test find a gain; shape (2, replications)."""
    seen = np.arange(PAIRS, 0, -design.look_every)[::-1]
    looks = seen[seen >= design.minimum_samples]
    rng, parts = generator(GROUP, seen.size, gain), []
    for count in chunks(replications, _CHUNK):
        values = rng.normal(1.0 + gain, 1.0, (count, PAIRS)) - rng.normal(1.0, 1.0, (count, PAIRS))
        ours = looked_at(values, design, looks).pvalue_better.min(axis=1) <= design.side_level
        walks = np.cumsum(values, axis=1)[:, seen - 1] / math.sqrt(_VARIANCE * PAIRS)
        parts.append(np.stack([ours, (walks >= levels).any(axis=1)]))
    return np.concatenate(parts, axis=1)
