"""The test of two maximum drawdowns against the bootstrap interval that is usually read instead."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from bench.row import Goal, Row
from bench.stats.nulls import Floats
from bench.stats.seeds import generator
from shadow_stats import bootstrap, drawdown_test

GROUP = "maximum drawdown"
ALPHA = 0.05
ROWS = 500
_RESAMPLES = 499
_SHARED = 0.7
_BLOCK = 10
_WARM_UP = 100
_SIZE = Goal(3.5, 6.5)
_DETAIL = f"n = {ROWS}, correlation {_SHARED:g}"


class _Challenger(NamedTuple):
    """How the challenger's stream differs from the champion's."""

    name: str
    scale: float
    gain: float


_EQUAL = _Challenger("equal", 1.0, 0.0)
_OTHERS = (
    _Challenger("0.1 sd more a row", 1.0, 0.1),
    _Challenger("1.5 times the volatility", 1.5, 0.0),
    _Challenger("twice the volatility", 2.0, 0.0),
)


def size_rows(replications: int) -> list[Row]:
    """Return how often equal models are told apart, on independent rows, in blocks of one length."""
    ours, usual = _told_apart(_EQUAL, replications)
    detail = f"{_DETAIL}, blocks of {_BLOCK}"
    return [
        Row.share(GROUP, "size, block-swap permutation", ours, _SIZE, detail=detail),
        Row.share(GROUP, "size, percentile bootstrap", usual, detail="for comparison"),
    ]


def dependent_size_rows(replications: int) -> list[Row]:
    """Return how often equal models are told apart on autoregressive rows, in blocks of automatic length."""
    rng = generator(GROUP, "dependent")
    found = [_by_permutation(*_pair(_EQUAL, rng, 0.3), None, rng) for _ in range(replications)]
    detail = f"{_DETAIL}, automatic block length"
    return [Row.share(GROUP, "size, block-swap permutation, AR(0.3)", found, _SIZE, detail=detail)]


def power_rows(replications: int) -> list[Row]:
    """Return how much more often unlike models are told apart than by the percentile bootstrap."""
    return [_power_row(challenger, replications) for challenger in _OTHERS]


def _power_row(challenger: _Challenger, replications: int) -> Row:
    ours, usual = _told_apart(challenger, replications)
    powers = f"{100.0 * ours.mean():.0f} % against {100.0 * usual.mean():.0f} %; {_DETAIL}, blocks of {_BLOCK}"
    name = f"power beyond the percentile bootstrap's, {challenger.name}"
    return Row.average(GROUP, name, 100.0 * ours - 100.0 * usual, "points", Goal(low=0.0), powers)


def _told_apart(challenger: _Challenger, replications: int) -> NDArray[np.bool_]:
    """Return whether the permutation test and the percentile interval reject; shape (2, replications)."""
    rng = generator(GROUP, challenger.name)
    outcomes = []
    for _ in range(replications):
        pair = _pair(challenger, rng, 0.0)
        outcomes.append((_by_permutation(*pair, _BLOCK, rng), _by_percentiles(*pair, rng)))
    return np.array(outcomes).T


def _pair(challenger: _Challenger, rng: np.random.Generator, coefficient: float) -> tuple[Floats, Floats]:
    shared, first, second = rng.normal(size=(3, ROWS + _WARM_UP))
    shocks = np.stack([math.sqrt(_SHARED) * shared + math.sqrt(1.0 - _SHARED) * own for own in (first, second)])
    mine, other = lfilter([1.0], [1.0, -coefficient], shocks, axis=1)[:, _WARM_UP:]
    return challenger.scale * mine + challenger.gain, other


def _by_permutation(challenger: Floats, champion: Floats, block: int | None, rng: np.random.Generator) -> bool:
    report = drawdown_test(challenger, champion, block_length=block, n_resamples=_RESAMPLES, rng=rng)
    return report.pvalue <= ALPHA


def _by_percentiles(challenger: Floats, champion: Floats, rng: np.random.Generator) -> bool:
    """Whether the percentile interval of the difference leaves out 0."""
    # The same seed takes the same days of both streams.
    seed = int(rng.integers(2**32))
    mine, other = (
        bootstrap(series, block_length=_BLOCK, n_resamples=_RESAMPLES, rng=seed).maximum_drawdown.bootstrap_distribution
        for series in (challenger, champion)
    )
    low, high = np.quantile(mine - other, [0.5 * ALPHA, 1.0 - 0.5 * ALPHA])
    return bool(low > 0.0 or high < 0.0)
