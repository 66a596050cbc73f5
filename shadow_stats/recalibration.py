"""Calibration watched at every row, and mended once it is refuted."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from shadow_stats.calibration import checked_forecasts
from shadow_stats.checkpoint import opened, sealed
from shadow_stats.series import checked

Series = NDArray[np.float64]

_TEST = "CalibrationTest"
_TEST_KEYS = frozenset({"alpha", "samples", "logs", "largest"})
_MAP = "IsotonicRecalibration"
_MAP_KEYS = frozenset({"test", "counts", "sums", "events"})
# Ways to be wrong: log-odds moved by the first, stretched by the second. Equal steps in logs; the identity is not one.
_MOVES = (-1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0)
_STRETCHES = (0.25, 0.5, 0.75, 1.0, 4.0 / 3.0, 2.0, 4.0)
_WAYS = np.array([(move, stretch) for move in _MOVES for stretch in _STRETCHES if (move, stretch) != (0.0, 1.0)])
# An event that was called impossible happened. Far beyond any threshold, and still within a double after exp.
_REFUTED = 700.0
# Cells of the histogram from which the map is fitted: enough for its shape, few enough for a small state.
_CELLS = 40


@dataclass(frozen=True, slots=True)
class CalibrationTestResult:
    """What the rows so far say against calibration.

    Attributes:
        log_e_value: natural logarithm of the e-value now.
        pvalue: valid at any time: one over the largest e-value so far, at most 1.
        rejected: whether it reached the level.
        samples: rows seen.

    """

    log_e_value: float
    pvalue: float
    rejected: bool
    samples: int


class CalibrationTest:
    """Test that each event happens with the probability given for it, valid however often one looks.

    The e-value is the likelihood ratio of moved and stretched log-odds to the probabilities as given, averaged over 48
    such ways to be wrong. If the probabilities are right, given everything known when each was made, it exceeds
    1 / alpha at any time with probability at most alpha, exactly and at any size.

    Args:
        alpha: probability of ever rejecting right probabilities; above 0 and below 1.

    Raises:
        ValueError: `alpha` is out of range.

    Source: Henzi and Ziegel (2022), "Valid sequential inference on probability forecast performance", and Arnold, Henzi
    and Ziegel (2023), "Sequentially valid tests for forecast calibration", for the method; the alternatives are those
    of Cox (1958), "Two further applications of a model for binary regression".

    """

    __slots__ = ("_alpha", "_largest", "_logs", "_samples")

    def __init__(self, alpha: float) -> None:
        if not 0.0 < alpha < 1.0:
            raise ValueError(f"alpha is {alpha}: it must lie above 0 and below 1.")
        self._alpha = float(alpha)
        self._samples = 0
        self._logs: Series = np.zeros(len(_WAYS))
        self._largest = 0.0

    def update(self, probabilities: ArrayLike, outcomes: ArrayLike) -> None:
        """Add the next rows; every row is a look.

        Args:
            probabilities: of the events, as they were given before these happened; shape (n,), between 0 and 1.
            outcomes: 1 where the event happened, else 0; shape (n,).

        Raises:
            ValueError: the lengths differ, or an entry is outside its range; nothing is added then.

        """
        predicted, happened = checked_forecasts(probabilities, outcomes)
        if predicted.size == 0:
            return
        paths = np.add.accumulate(np.vstack([self._logs, _log_ratios(predicted, happened)]), axis=0)[1:]
        self._logs = paths[-1].copy()
        self._largest = max(self._largest, float(_log_mean(paths).max()))
        self._samples += int(predicted.size)

    def merge(self, later: Self) -> Self:
        """Return the test of these rows followed by those of `later`.

        The e-value is that of all rows, up to rounding. Its largest value among the rows of `later` is not known, since
        the largest mean of 48 ratios cannot be told from where each ends: only their last row is a look, so the p-value
        is valid and at least that of the rows in a row.

        Raises:
            ValueError: the levels differ.

        """
        if later._alpha != self._alpha:
            raise ValueError(f"later has alpha {later._alpha}: it must be the same, {self._alpha}.")
        merged: Self = type(self)(self._alpha)
        merged._samples = self._samples + later._samples
        merged._logs = self._logs + later._logs
        merged._largest = max(self._largest, merged.result().log_e_value)
        return merged

    def result(self) -> CalibrationTestResult:
        """Return the evidence against calibration so far."""
        log_e = float(_log_mean(self._logs[np.newaxis])[0])
        rejected = self._largest >= -math.log(self._alpha)
        return CalibrationTestResult(log_e, math.exp(-self._largest), rejected, self._samples)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, under 4 KB, from which `from_json` resumes bit for bit."""
        body = {"alpha": self._alpha, "samples": self._samples, "logs": self._logs.tolist(), "largest": self._largest}
        return sealed(_TEST, body)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Resume what `to_json` wrote.

        Raises:
            ValueError: `data` is of another kind or version, or not whole.

        """
        found = opened(_TEST, data, _TEST_KEYS)
        state = cls(found["alpha"])
        state._samples, state._largest = found["samples"], found["largest"]
        state._logs = _of_length("CalibrationTest", found["logs"], len(_WAYS))
        return state


class IsotonicRecalibration:
    """A non-decreasing map from given probabilities to observed shares; the identity until calibration is refuted.

    The map is fitted anew after each batch, to a histogram of 40 cells of equal width, and is linear between the
    cells' means. A map fitted to noise makes right probabilities worse: that is why it waits for the test.

    Args:
        alpha: probability that right probabilities are ever changed; above 0 and below 1.

    Raises:
        ValueError: `alpha` is out of range.

    Source: Zadrozny and Elkan (2002), "Transforming classifier scores into accurate multiclass probability
    estimates"; the fit is Barlow, Bartholomew, Bremner and Brunk (1972), "Statistical inference under order
    restrictions", chapter 1.

    """

    __slots__ = ("_counts", "_events", "_sums", "_test")

    def __init__(self, alpha: float = 0.05) -> None:
        self._test = CalibrationTest(alpha)
        self._counts, self._sums, self._events = np.zeros(_CELLS), np.zeros(_CELLS), np.zeros(_CELLS)

    def update(self, probabilities: ArrayLike, outcomes: ArrayLike) -> None:
        """Add the next rows.

        Args:
            probabilities: as the model gave them, not as recalibrated; shape (n,), between 0 and 1.
            outcomes: 1 where the event happened, else 0; shape (n,).

        Raises:
            ValueError: the lengths differ, or an entry is outside its range; nothing is added then.

        """
        predicted, happened = checked_forecasts(probabilities, outcomes)
        self._test.update(predicted, happened)
        place = np.minimum((predicted * _CELLS).astype(np.int64), _CELLS - 1)
        self._counts = self._counts + np.bincount(place, minlength=_CELLS)
        self._sums = self._sums + np.bincount(place, weights=predicted, minlength=_CELLS)
        self._events = self._events + np.bincount(place, weights=happened, minlength=_CELLS)

    def merge(self, later: Self) -> Self:
        """Return the recalibration by these rows and those of `later`.

        The map is that of all rows, up to rounding; the test merges as `CalibrationTest` does.

        Raises:
            ValueError: the levels differ.

        """
        merged: Self = type(self)()
        merged._test = self._test.merge(later._test)
        merged._counts = self._counts + later._counts
        merged._sums = self._sums + later._sums
        merged._events = self._events + later._events
        return merged

    def transform(self, probabilities: ArrayLike) -> Series:
        """Return recalibrated probabilities; shape (n,).

        Raises:
            ValueError: not one-dimensional, or an entry is not between 0 and 1.

        """
        given = checked("probabilities", probabilities)
        checked_forecasts(given, np.zeros(given.size))
        if not self.result().rejected:
            return given.copy()
        filled = self._counts > 0.0
        rows = self._counts[filled]
        fitted = scipy.optimize.isotonic_regression(self._events[filled] / rows, weights=rows).x
        return np.asarray(np.interp(given, self._sums[filled] / rows, fitted))

    def result(self) -> CalibrationTestResult:
        """Return what the test says; the map is in force once it has rejected."""
        return self._test.result()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, under 4 KB, from which `from_json` resumes bit for bit."""
        counts, events = (x.astype(int).tolist() for x in (self._counts, self._events))
        body = {"test": self._test.to_json(), "counts": counts, "sums": self._sums.tolist(), "events": events}
        return sealed(_MAP, body)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Resume what `to_json` wrote.

        Raises:
            ValueError: `data` is of another kind or version, or not whole.

        """
        found = opened(_MAP, data, _MAP_KEYS)
        state = cls()
        state._test = CalibrationTest.from_json(found["test"])
        state._counts, state._sums, state._events = (
            _of_length("IsotonicRecalibration", found[name], _CELLS) for name in ("counts", "sums", "events")
        )
        return state


def _log_ratios(predicted: Series, happened: Series) -> Series:
    """Return log-likelihood ratios of each row under each way to be wrong; shape (n, 48)."""
    certain = (predicted == 0.0) | (predicted == 1.0)
    inner = np.where(certain, 0.5, predicted)
    odds = np.log(inner) - np.log1p(-inner)
    # With the sign of the outcome, both cases are log-probabilities of "it happened".
    sign = np.where(happened == 1.0, 1.0, -1.0)
    wrong = np.outer(sign, _WAYS[:, 0]) + np.outer(sign * odds, _WAYS[:, 1])
    ratios = np.logaddexp(0.0, -sign * odds)[:, np.newaxis] - np.logaddexp(0.0, -wrong)
    ratios[certain] = np.where(predicted == happened, 0.0, _REFUTED)[certain, np.newaxis]
    return np.asarray(ratios)


def _log_mean(logs: Series) -> Series:
    """Return log of the mean of exp over the last axis."""
    largest = logs.max(axis=-1)
    return np.asarray(largest + np.log(np.mean(np.exp(logs - largest[:, np.newaxis]), axis=-1)))


def _of_length(kind: str, values: list[float], length: int) -> Series:
    if len(values) != length:
        raise ValueError(f"state of {kind} has a list of the wrong length: it was cut short or edited.")
    return np.asarray(values, dtype=np.float64)
