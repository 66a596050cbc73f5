"""The classical test with looks planned in advance, its boundaries and power by numerical integration.

It needs the number of samples to be known before the first look and kept to, and is the best one can do then. Time
runs from 0 to 1 over that sample; the walk is a Brownian motion seen at the looks.

Source: Armitage, McPherson and Rowe (1969), "Repeated significance tests on accumulating data", for the recursion;
Lan and DeMets (1983), "Discrete sequential boundaries for clinical trials", for the spending of the error.
"""

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.signal import fftconvolve
from scipy.special import ndtr

Floats = NDArray[np.float64]

# How far below the boundary the walk is followed, and how many grid points its smallest step is given.
_REACH = 7.0
_POINTS = 6
# Gregory's weights: the trapezoidal rule, corrected where the density ends with a jump, at the boundary.
_END_WEIGHTS = (3.0 / 8.0, 7.0 / 6.0, 23.0 / 24.0)


class _Walk:
    """The density of a Brownian motion that has stayed below the boundary, on a grid that hangs from the boundary."""

    def __init__(self, drift: float, spacing: float) -> None:
        self._drift, self._spacing = drift, spacing
        self._top, self._mass = 0.0, np.ones(1)

    def crossing(self, bound: float, step: float) -> float:
        """Return the probability to lie above `bound` after `step`, not having crossed before."""
        positions = self._top - self._spacing * np.arange(self._mass.size)
        return float(self._mass @ ndtr((positions + self._drift * step - bound) / math.sqrt(step)))

    def advance(self, bound: float, step: float) -> None:
        """Let `step` of time pass and stop what lies above `bound`."""
        before, after = self._mass.size, math.ceil(_REACH / self._spacing)
        moves = bound - self._top - self._spacing * np.arange(1 - before, after)
        kernel = np.exp(-0.5 * (moves - self._drift * step) ** 2 / step) / math.sqrt(2.0 * math.pi * step)
        density = fftconvolve(kernel, self._mass)[before - 1 : before - 1 + after]
        # The transform leaves rounding errors where there is nothing.
        self._top, self._mass = bound, self._spacing * np.maximum(density, 0.0)
        self._mass[: len(_END_WEIGHTS)] *= _END_WEIGHTS


def spent_cubed(alpha: float) -> Callable[[float], float]:
    """Return the spending function alpha t^3."""
    return lambda time: alpha * time**3


def boundaries(spent: Callable[[float], float], times: Floats) -> Floats:
    """Return the levels, one for each of `times`, that are crossed first at each with the probability newly spent."""
    walk, steps = _Walk(0.0, _spacing(times)), np.diff(times, prepend=0.0)
    levels = np.empty(times.size)
    before = 0.0
    for index, (time, step) in enumerate(zip(times.tolist(), steps.tolist(), strict=True)):
        share = spent(time) - before
        levels[index] = brentq(lambda level: walk.crossing(level, step) - share, -1.0, 9.0)  # noqa: B023 # used at once
        walk.advance(levels[index], step)
        before = spent(time)
    return levels


def power(levels: Floats, times: Floats, drift: float) -> float:
    """Return the probability that a walk of this drift is at or above the levels at any of `times`."""
    return sum(_crossings(levels, times, drift))


def _crossings(levels: Floats, times: Floats, drift: float) -> Iterator[float]:
    walk = _Walk(drift, _spacing(times))
    for level, step in zip(levels.tolist(), np.diff(times, prepend=0.0).tolist(), strict=True):
        yield walk.crossing(level, step)
        walk.advance(level, step)


def _spacing(times: Floats) -> float:
    return math.sqrt(float(np.diff(times, prepend=0.0).min())) / _POINTS
