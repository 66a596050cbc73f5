"""A long series in little room: means of stretches of equal length, neighbours joined whenever there are too many."""

from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from shadow_stats.checkpoint import packed, unpacked, whole

_MOST = 1024
KEYS = frozenset({"blocks", "length", "rest"})


class Stretches:
    """The series so far, as it is up to 1,024 entries; then as at least 512 means."""

    __slots__ = ("_length", "_means", "_rest")

    def __init__(self) -> None:
        self._means: list[float] = []
        self._length = 1
        self._rest: list[float] = []

    @property
    def length(self) -> int:
        """Entries in a stretch."""
        return self._length

    @property
    def means(self) -> NDArray[np.float64]:
        """The means of the stretches that are whole; shape (b,)."""
        return np.asarray(self._means)

    @property
    def total(self) -> float:
        """The sum of all entries."""
        return sum(self._means) * self._length + sum(self._rest)

    def extend(self, values: Iterable[float]) -> None:
        """Add the next entries."""
        for value in values:
            self._add(value)

    def _add(self, value: float) -> None:
        self._rest.append(value)
        if len(self._rest) < self._length:
            return
        self._means.append(sum(self._rest) / self._length)
        self._rest = []
        if len(self._means) > _MOST:
            # The odd one becomes the first half of a new stretch, as its mean: the sums stay what they were.
            *even, last = self._means
            self._means = [0.5 * (a + b) for a, b in zip(even[::2], even[1::2], strict=True)]
            self._rest = [last] * self._length
            self._length *= 2

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, under 12 KB, from which `from_json` resumes."""
        return {"blocks": packed(self.means), "length": self._length, "rest": self._rest}

    @classmethod
    def from_json(cls, name: str, data: Mapping[str, Any], samples: int) -> Self:
        """Resume what `to_json` wrote of so many samples. Raises ValueError where it is not whole."""
        found = whole(name, data, KEYS)
        stretches = cls()
        stretches._length, stretches._rest = found["length"], list(found["rest"])
        count = (samples - len(stretches._rest)) // stretches._length
        stretches._means = unpacked(name, found["blocks"], (count,)).tolist()
        return stretches
