"""Many challengers of one champion: false verdicts among them all, and what the correction costs."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import starmap
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from bench.row import Goal, Row
from bench.stats.cost_of_looking import EIGHTY_PERCENT
from bench.stats.looking import chunks
from bench.stats.nulls import Floats
from bench.stats.panel import looked_at
from bench.stats.seeds import generator
from shadow_stats import Design
from shadow_stats.family import closed_e_benjamini_hochberg, holm

GROUP = "challengers"
ALPHA = 0.05
SINGLE_LOOK = 500
LAST = 2 * SINGLE_LOOK
LOOKS = np.arange(100, LAST + 1, 5)
# In standard deviations of a difference. A quarter of a family with better ones gains this much.
GAIN = 1.3 * EIGHTY_PERCENT / math.sqrt(SINGLE_LOOK)
SHARE_OF_BETTER = 0.25
_WATCHED = f"{LOOKS.size} looks up to 2 n_z, planned samples n_z"
_CHUNK = 200
_UNLIKE = f"{_WATCHED}; a quarter better by 1.3 times what n_z rows find"

Booleans = NDArray[np.bool_]


@dataclass(frozen=True)
class _Found:
    """What was found in each replication of a family with better ones.

    Attributes:
        by_holm: share of the better ones called better by Holm's correction; shape (replications,).
        by_e_values: the same by e-BH.
        false_share: share of false ones among those that e-BH called better.
        alone: 1 where the first better one was found by a design for it alone, without correction, else 0.

    """

    by_holm: Floats
    by_e_values: Floats
    false_share: Floats
    alone: Floats


class _Family(NamedTuple):
    """What one family says at each look; all of shape (challengers, looks).

    Attributes:
        better: running p-value.
        worse: the same of the other direction.
        log_e_better: log e-value at the look.

    """

    better: Floats
    worse: Floats
    log_e_better: Floats


def rows(challengers: int, replications: int) -> list[Row]:
    """Return error rates and power of families of that many challengers."""
    false, discovered = _without_effect(challengers, replications)
    found = _with_better_ones(challengers, replications)
    alone = Row.share(GROUP, f"{challengers} unlike ones: power of one uncorrected test", found.alone, detail=_UNLIKE)
    equal = f"{challengers} equal ones: any false"
    return [
        Row.share(GROUP, f"{equal} verdict, Holm", false, Goal(high=5.0), detail=_WATCHED),
        Row.share(GROUP, f"{equal} discovery, e-BH", discovered, Goal(high=5.0), detail=f"{_WATCHED}, stopped at one"),
        alone,
        *_unlike_rows(f"{challengers} unlike ones", found),
    ]


def _unlike_rows(name: str, found: _Found) -> Iterator[Row]:
    for method, power in (("Holm", found.by_holm), ("e-BH", found.by_e_values)):
        lost = 100.0 * (found.alone - power)
        yield Row.average(GROUP, f"{name}: power lost by {method}", lost, "points", Goal(high=15.0), _UNLIKE)
    false = 100.0 * found.false_share
    yield Row.average(GROUP, f"{name}: false discovery rate, e-BH", false, "%", Goal(high=5.0), _UNLIKE)


def _without_effect(challengers: int, replications: int) -> tuple[Booleans, Booleans]:
    """Return, for each replication, whether Holm gave a verdict at any look, and whether e-BH ever found one."""
    rng = generator(GROUP, challengers, "equal")
    design = Design(ALPHA, SINGLE_LOOK, comparisons=challengers)
    outcomes = []
    for count in chunks(replications, _CHUNK // challengers):
        for looks in _watched(_families(rng, np.zeros(challengers), count), design):
            verdict = (_holm_better(looks.better) | _holm_better(looks.worse)).any()
            outcomes.append((verdict, _ever_discovered(looks.log_e_better)))
    false, discovered = np.array(outcomes).T
    return false, discovered


def _with_better_ones(challengers: int, replications: int) -> _Found:
    rng = generator(GROUP, challengers, "better")
    better = np.arange(challengers) < SHARE_OF_BETTER * challengers
    shared, alone = Design(ALPHA, SINGLE_LOOK, comparisons=challengers), Design(ALPHA, SINGLE_LOOK)
    outcomes = []
    for count in chunks(replications, _CHUNK // challengers):
        families = _families(rng, np.where(better, GAIN, 0.0), count)
        for looks, single in zip(_watched(families, shared), _watched(families[:, :1], alone), strict=True):
            by_holm, by_e_values = _holm_better(looks.better), _discovered(looks.log_e_better[:, -1])
            false_share = (by_e_values & ~better).sum() / max(by_e_values.sum(), 1)
            uncorrected = single.better.min() <= alone.side_level
            outcomes.append((by_holm[better].mean(), by_e_values[better].mean(), false_share, uncorrected))
    return _Found(*np.array(outcomes).T)


def _families(rng: np.random.Generator, gains: Floats, count: int) -> Floats:
    """Return `count` families of differences from one champion each; shape (count, challengers, LAST), variance 1."""
    champions = rng.normal(size=(count, 1, LAST))
    challengers = rng.normal(size=(count, gains.size, LAST))
    return np.asarray((challengers - champions) / math.sqrt(2.0) + gains[:, None])


def _watched(families: Floats, design: Design) -> Iterator[_Family]:
    looks = looked_at(families.reshape(-1, LAST), design, LOOKS)
    parts = (looks.pvalue_better, looks.pvalue_worse, looks.log_e_better)
    return starmap(_Family, zip(*(part.reshape(*families.shape[:2], -1) for part in parts), strict=True))


def _holm_better(pvalues: Floats) -> Booleans:
    """Whether the p-values of one direction, shape (challengers, looks), give a verdict; it has half of alpha."""
    return np.asarray(2.0 * holm(pvalues.min(axis=1)) <= ALPHA)


def _discovered(log_e_values: Floats) -> Booleans:
    return np.asarray(2.0 * closed_e_benjamini_hochberg(log_e_values) <= ALPHA)


def _ever_discovered(log_e_values: Floats) -> bool:
    """Whether e-BH finds anything at any look; it can't while the mean e-value is below 2 / alpha."""
    log_means = logsumexp(log_e_values, axis=0) - math.log(len(log_e_values))
    candidates = np.flatnonzero(log_means >= math.log(2.0 / ALPHA))
    return any(_discovered(log_e_values[:, look]).any() for look in candidates)
