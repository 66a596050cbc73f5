"""Series of differences whose mean is zero: the worlds in which no model is better than the other."""

import math
from collections.abc import Callable
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

Floats = NDArray[np.float64]
Null = Callable[[np.random.Generator, int, int], Floats]

# Rows thrown away until a recursion has forgotten its start.
_WARM_UP = 300
_BLOCK = 20
_FIRST_TRADE = 200
# The crash model: how often, and how wide the rest scatters beside a crash of 1.
_CRASH_SHARE = 0.02
_CALM_WIDTH = 0.1175
CRASH_BOUND = 1.0 - _CRASH_SHARE + _CALM_WIDTH


def independent_normal(rng: np.random.Generator, replications: int, rows: int) -> Floats:
    """Return independent standard normal rows; shape (replications, rows)."""
    return rng.normal(size=(replications, rows))


def heavy_tailed(rng: np.random.Generator, replications: int, rows: int) -> Floats:
    """Return independent rows of Student's t with 4 degrees of freedom."""
    return rng.standard_t(4, size=(replications, rows))


def skewed(rng: np.random.Generator, replications: int, rows: int) -> Floats:
    """Return independent rows of skewness -2: small gains, exponential losses."""
    return 1.0 - rng.exponential(size=(replications, rows))


def mostly_zero(rng: np.random.Generator, replications: int, rows: int) -> Floats:
    """Return normal rows of which nine in ten are exactly zero, as when both models hold the same position."""
    return rng.normal(size=(replications, rows)) * (rng.random((replications, rows)) < 0.1)


def autoregressive(coefficient: float, rng: np.random.Generator, replications: int, rows: int) -> Floats:
    """Return a normal AR(1)."""
    shocks = rng.normal(size=(replications, rows + _WARM_UP))
    return np.asarray(lfilter([1.0], [1.0, -coefficient], shocks, axis=1))[:, _WARM_UP:]


def garch(rng: np.random.Generator, replications: int, rows: int) -> Floats:
    """Return a GARCH(1,1) of .1 and .85 with t shocks of 6 degrees of freedom."""
    values = rng.standard_t(6, size=(rows + _WARM_UP, replications)) * math.sqrt(4.0 / 6.0)
    variance = np.ones(replications)
    for row in values:
        row[:] *= np.sqrt(variance)
        variance = 0.05 + 0.85 * variance + 0.1 * row * row
    return values[_WARM_UP:].T.copy()


def crashing(rng: np.random.Generator, replications: int, rows: int) -> Floats:
    """Return rows of skewness -5: a steady small gain and, two times in a hundred, a loss of fifty times that."""
    crashes = rng.random((replications, rows)) < _CRASH_SHARE
    return _CRASH_SHARE - crashes + rng.uniform(-_CALM_WIDTH, _CALM_WIDTH, (replications, rows))


def resampled(
    index: str, first: tuple[int, int], second: tuple[int, int], rng: np.random.Generator, replications: int, rows: int
) -> Floats:
    """Return stationary-bootstrap resamples, blocks of 20 days on average, of a real difference centred at zero.

    The difference is that of two moving-average crossovers traded on the same index.
    """
    series = _difference(index, first, second)
    restarts = rng.random((replications, rows)) < 1.0 / _BLOCK
    restarts[:, 0] = True
    steps = np.arange(rows)
    begun = np.maximum.accumulate(np.where(restarts, steps, 0), axis=1)
    starts = np.take_along_axis(rng.integers(series.size, size=(replications, rows)), begun, axis=1)
    return np.asarray(series[(starts + steps - begun) % series.size])


@cache
def _difference(index: str, first: tuple[int, int], second: tuple[int, int]) -> Floats:
    closes = _closes(index)
    difference = _crossover_pnl(closes, *first) - _crossover_pnl(closes, *second)
    # Days on which both hold the same position stay exactly zero, as they are when no model is better.
    traded = difference != 0.0
    return np.asarray(difference - np.where(traded, difference[traded].mean(), 0.0))


@cache
def _closes(index: str) -> Floats:
    # Not at the top: it brings in pandas, which only these models need.
    from arch.data import nasdaq, sp500  # noqa: PLC0415

    table = {"S&P 500": sp500, "Nasdaq": nasdaq}[index].load()
    return np.asarray(table["Adj Close"], dtype=np.float64)


def _crossover_pnl(closes: Floats, fast: int, slow: int) -> Floats:
    """Return the daily log returns of being long while the fast average lies above the slow one, else short."""
    sides = np.sign(_average(closes, fast) - _average(closes, slow))
    return np.asarray(sides[:-1] * np.diff(np.log(closes)))[_FIRST_TRADE:]


def _average(closes: Floats, width: int) -> Floats:
    sums = np.cumsum(np.concatenate([[0.0], closes]))
    return np.concatenate([np.full(width - 1, np.nan), (sums[width:] - sums[:-width]) / width])


SYNTHETIC: dict[str, Null] = {
    "i.i.d. normal": independent_normal,
    "i.i.d. t4": heavy_tailed,
    "skewed (-2)": skewed,
    "90 % zeros": mostly_zero,
    **{f"AR({value:g})": partial(autoregressive, value) for value in (-0.3, 0.2, 0.5, 0.8)},
    "GARCH-t6": garch,
}
REAL: dict[str, Null] = {
    f"{index}, crossovers {first[0]}/{first[1]} and {second[0]}/{second[1]}": partial(resampled, index, first, second)
    for index in ("S&P 500", "Nasdaq")
    for first, second in (((10, 50), (12, 60)), ((10, 50), (20, 100)), ((5, 20), (50, 200)))
}
NULLS = SYNTHETIC | REAL
