"""Increments of counters, with resets handled for each instance, as Prometheus does."""

import math
from collections.abc import Mapping
from typing import Any, Self

from shadow_operator.core.contract import Figure
from shadow_operator.core.readings import Reading, Values

# A sum of a million terms, each rounded to a double, is wrong by less than this share of itself.
_ROUNDING = 1e-9
_COUNTERS = tuple(figure for figure in Figure if figure is not Figure.SAMPLED_AT)


class Counters:
    """The last value of every counter, so that the next reading gives increments.

    A value below the last one, by more than rounding, is a restart: the instance began again at 0, so the value
    itself is the increment. The first value of a series is where it starts to be counted, not an increment: what it
    held before is not ours.
    """

    __slots__ = ("_last",)

    def __init__(self, last: Mapping[str, Mapping[str, float]] | None = None) -> None:
        self._last: dict[str, dict[str, float]] = {name: dict(values) for name, values in (last or {}).items()}

    def advance(self, reading: Reading, model: str) -> Mapping[Figure, float]:
        """Increments of one model's counters since the reading before; a figure without a series has none."""
        increments: dict[Figure, float] = {}
        for figure in _COUNTERS:
            values = reading.values(model, figure)
            if values:
                increments[figure] = self._increment(f"{model}/{figure}", values)
        return increments

    def _increment(self, name: str, values: Values) -> float:
        last = self._last.setdefault(name, {})
        total = 0.0
        for key, value in values.items():
            before = last.get(key, value)
            if _is_rounding(before, value):
                continue
            total += value - before if value >= before else value
            last[key] = value
        return total

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values from which `from_json` resumes."""
        return self._last

    @classmethod
    def from_json(cls, data: Mapping[str, Mapping[str, Any]]) -> Self:
        """Resume what `to_json` wrote. Raises ValueError where a value is no finite number."""
        return cls({name: {key: finite(value) for key, value in values.items()} for name, values in data.items()})


def _is_rounding(before: float, value: float) -> bool:
    """Whether it fell by no more than sums do whose terms are added in another order: that is no restart."""
    return 0.0 < before - value <= _ROUNDING * before


def finite(value: Any) -> float:
    """A number that was kept. Raises ValueError when it is none: somebody may have written it by hand."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no finite number")
    return value
