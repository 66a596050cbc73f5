"""Did a mean move? The Page-Hinkley test: cheap and well known, without a stated rate of false alarms."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from numpy.typing import ArrayLike

from shadow_stats.checkpoint import opened, sealed
from shadow_stats.direction import Direction, checked_direction
from shadow_stats.fixed_sample import checked_count
from shadow_stats.series import checked

_KIND = "PageHinkley"
_TERMS = ("threshold", "tolerance", "forgetting", "minimum_samples", "direction")
_STATE = ("samples", "since", "mean", "upward", "lowest", "downward", "highest", "alarms", "last_alarm")
_KEYS = frozenset({*_TERMS, *_STATE})


@dataclass(frozen=True, slots=True)
class PageHinkleyResult:
    """What the rows so far say.

    Attributes:
        statistic: the larger of the excursions watched, in the unit of the rows; an alarm is above the threshold.
        alarms: how often it was crossed.
        last_alarm: row at which it was crossed last, counted from 1; None before.
        samples: rows seen.

    """

    statistic: float
    alarms: int
    last_alarm: int | None
    samples: int


class PageHinkley:
    """Cumulative deviations from the running mean, less a tolerance, and how far they have risen or fallen.

    It restarts after an alarm. Nothing bounds how often it alarms by chance: `EDetector` has such a bound. There is no
    merge: the running mean, and after an alarm the start, are those of the rows before.

    Args:
        threshold: excursion that counts as an alarm, in the unit of the rows; positive.
        tolerance: deviation for each row that is let pass, in the same unit; at least 0.
        forgetting: what the cumulative deviation keeps at each row; above 0, at most 1.
        minimum_samples: rows after a start before the first alarm; at least 1.
        direction: "greater" watches for a rise of the mean, "less" for a fall.

    Raises:
        ValueError: an argument is outside its range.
        TypeError: `minimum_samples` is not a whole number.

    Source: Page (1954), "Continuous inspection schemes"; Hinkley (1971), "Inference about the change-point from
    cumulative sum tests"; the forgetting factor is river's.

    """

    __slots__ = (*(f"_{name}" for name in _TERMS), *(f"_{name}" for name in _STATE))

    def __init__(
        self,
        *,
        threshold: float = 50.0,
        tolerance: float = 0.005,
        forgetting: float = 0.9999,
        minimum_samples: int = 30,
        direction: Direction = "two-sided",
    ) -> None:
        if not 0.0 < threshold < math.inf:
            raise ValueError(f"threshold is {threshold}: it must be positive and finite.")
        if not 0.0 <= tolerance < math.inf:
            raise ValueError(f"tolerance is {tolerance}: it must be finite and not below 0.")
        if not 0.0 < forgetting <= 1.0:
            raise ValueError(f"forgetting is {forgetting}: it must lie above 0 and be at most 1.")
        self._threshold, self._tolerance, self._forgetting = float(threshold), float(tolerance), float(forgetting)
        self._minimum_samples = checked_count("minimum_samples", minimum_samples, 1)
        self._direction = checked_direction(direction)
        self._samples = self._alarms = 0
        self._last_alarm: int | None = None
        self._restart()

    def update(self, values: ArrayLike) -> None:
        """Add the next rows; the same bits however they are cut into batches.

        Args:
            values: in their order in time; shape (n,), any unit.

        Raises:
            ValueError: not one-dimensional, or an entry is nan, infinite or beyond 1e60 in size; nothing is added then.

        """
        for value in checked("values", values).tolist():
            self._add(value)

    def result(self) -> PageHinkleyResult:
        """Return the excursion now and the alarms so far."""
        return PageHinkleyResult(self._excursion(), self._alarms, self._last_alarm, self._samples)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, under 4 KB, from which `from_json` resumes bit for bit."""
        return sealed(_KIND, {name: getattr(self, f"_{name}") for name in (*_TERMS, *_STATE)})

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Resume what `to_json` wrote.

        Raises:
            ValueError: `data` is of another kind or version, or not whole.

        """
        found = opened(_KIND, data, _KEYS)
        state = cls(**{name: found[name] for name in _TERMS})
        for name in _STATE:
            setattr(state, f"_{name}", found[name])
        return state

    def _restart(self) -> None:
        self._since = 0
        self._mean = self._upward = self._lowest = self._downward = self._highest = 0.0

    def _add(self, value: float) -> None:
        if self._last_alarm == self._samples:
            self._restart()
        self._samples += 1
        self._since += 1
        self._mean += (value - self._mean) / self._since
        deviation = value - self._mean
        self._upward = self._forgetting * self._upward + deviation - self._tolerance
        self._downward = self._forgetting * self._downward + deviation + self._tolerance
        first = self._since == 1
        self._lowest = self._upward if first else min(self._lowest, self._upward)
        self._highest = self._downward if first else max(self._highest, self._downward)
        if self._since >= self._minimum_samples and self._excursion() > self._threshold:
            self._alarms += 1
            self._last_alarm = self._samples

    def _excursion(self) -> float:
        rise, fall = self._upward - self._lowest, self._highest - self._downward
        if self._direction == "two-sided":
            return max(rise, fall)
        return rise if self._direction == "greater" else fall
