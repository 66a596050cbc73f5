"""Did a mean move? ADWIN: a window that grows while its mean is steady and drops its oldest part when it is not."""

import base64
import binascii
import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from numpy.typing import ArrayLike

from shadow_stats.checkpoint import opened, sealed
from shadow_stats.fixed_sample import checked_count
from shadow_stats.series import checked

_KIND = "Adwin"
_TERMS = ("delta", "clock")
_STATE = ("samples", "alarms", "last_alarm", "total", "squares")
_KEYS = frozenset({*_TERMS, *_STATE, "rows"})
# Each row of the histogram has buckets of twice the size of the row before. More of them would place a cut better.
_BUCKETS = 5
_SHORTEST_SIDE = 5
_SHORTEST_WINDOW = 10


class _Bucket(NamedTuple):
    total: float
    squares: float
    """Sum of squared deviations from the bucket's own mean."""


@dataclass(frozen=True, slots=True)
class AdwinResult:
    """The window as it is now.

    Attributes:
        mean: of the rows in the window; nan without data.
        width: rows in the window.
        alarms: checks at which a part was dropped.
        last_alarm: row at which that happened last, counted from 1; None before.
        samples: rows seen.

    """

    mean: float
    width: int
    alarms: int
    last_alarm: int | None
    samples: int


class Adwin:
    """The longest recent window whose parts have means that do not contradict each other.

    The window is kept as an exponential histogram: memory and time for each row grow with the logarithm of its width.
    The test of a cut takes rows to lie between 0 and 1: scale others first. After an alarm the window goes on with
    the rows that it kept, as in the paper, where river's detector starts from nothing.

    There is no merge: which rows a window dropped depends on all rows before them.

    Args:
        delta: confidence of each cut; above 0 and below 1. It bounds no rate of alarms under repeated checks.
        clock: rows between two checks; at least 1.

    Raises:
        ValueError: an argument is outside its range.
        TypeError: `clock` is not a whole number.

    Source: Bifet and Gavalda (2007), "Learning from time-changing data with adaptive windowing", ADWIN2 with
    the variance bound; side lengths in the cut's bound are lessened by the shortest side less one, as in river.

    """

    __slots__ = ("_rows", *(f"_{name}" for name in (*_TERMS, *_STATE)))

    def __init__(self, *, delta: float = 0.002, clock: int = 32) -> None:
        if not 0.0 < delta < 1.0:
            raise ValueError(f"delta is {delta}: it must lie above 0 and below 1.")
        self._delta, self._clock = float(delta), checked_count("clock", clock, 1)
        self._samples = self._alarms = 0
        self._last_alarm: int | None = None
        self._total = self._squares = 0.0
        self._rows: list[list[_Bucket]] = [[]]

    def update(self, values: ArrayLike) -> None:
        """Add the next rows; the same bits however they are cut into batches.

        Args:
            values: in their order in time, between 0 and 1; shape (n,).

        Raises:
            ValueError: not one-dimensional, or an entry is outside [0, 1]; nothing is added then.

        """
        series = checked("values", values)
        usable = (series >= 0.0) & (series <= 1.0)
        if not usable.all():
            index = int(usable.argmin())
            raise ValueError(f"values[{index}] is {series[index]}: scale the rows to lie between 0 and 1 first.")
        for value in series.tolist():
            self._insert(value)
            if self._samples % self._clock == 0:
                self._check()

    def result(self) -> AdwinResult:
        """Return the window's mean and width, and the alarms so far."""
        width = self._width()
        mean = self._total / width if width else math.nan
        return AdwinResult(mean, width, self._alarms, self._last_alarm, self._samples)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, under 4 KB, from which `from_json` resumes bit for bit.

        The histogram is packed (little-endian doubles in base64): as decimals it would outgrow its place.
        """
        packed = [struct.pack(f"<{2 * len(row)}d", *(x for bucket in row for x in bucket)) for row in self._rows]
        rows = [base64.b64encode(row).decode("ascii") for row in packed]
        return sealed(_KIND, {"rows": rows, **{name: getattr(self, f"_{name}") for name in (*_TERMS, *_STATE)}})

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
        try:
            packed = [base64.b64decode(row, validate=True) for row in found["rows"]]
            state._rows = [[_Bucket(*pair) for pair in struct.iter_unpack("<2d", row)] for row in packed]
        except (struct.error, binascii.Error) as cause:
            raise ValueError("state of Adwin has a broken bucket: it was cut short or edited.") from cause
        return state

    def _width(self) -> int:
        return sum(len(row) << level for level, row in enumerate(self._rows))

    def _insert(self, value: float) -> None:
        width = self._width()
        if width:
            self._squares += width * (value - self._total / width) ** 2 / (width + 1)
        self._total += value
        self._samples += 1
        self._rows[0].append(_Bucket(value, 0.0))
        for level, row in enumerate(self._rows):
            if len(row) <= _BUCKETS:
                return
            if level + 1 == len(self._rows):
                self._rows.append([])
            size = 1 << level
            self._rows[level + 1].append(_joined(row.pop(0), row.pop(0), size, size))

    def _check(self) -> None:
        dropped = False
        while self._contradicted():
            self._drop()
            dropped = True
        if dropped:
            self._alarms += 1
            self._last_alarm = self._samples

    def _contradicted(self) -> bool:
        width = self._width()
        if width <= _SHORTEST_WINDOW:
            return False
        doubt = math.log(2.0 * math.log(width) / self._delta)
        variance = max(self._squares, 0.0) / width
        for older, total in self._cuts():
            newer = width - older
            if min(older, newer) < _SHORTEST_SIDE:
                continue
            inverse = 1.0 / (older - _SHORTEST_SIDE + 1) + 1.0 / (newer - _SHORTEST_SIDE + 1)
            bound = math.sqrt(2.0 * inverse * variance * doubt) + 2.0 / 3.0 * inverse * doubt
            if abs(total / older - (self._total - total) / newer) > bound:
                return True
        return False

    def _cuts(self) -> Iterator[tuple[int, float]]:
        """Length and total of the older part at every border between buckets, from the oldest on."""
        older, total = 0, 0.0
        for level in range(len(self._rows) - 1, -1, -1):
            for bucket in self._rows[level]:
                older += 1 << level
                total += bucket.total
                yield older, total

    def _drop(self) -> None:
        size = 1 << (len(self._rows) - 1)
        oldest = self._rows[-1].pop(0)
        while len(self._rows) > 1 and not self._rows[-1]:
            self._rows.pop()
        left = self._width()
        self._total -= oldest.total
        gap = oldest.total / size - self._total / left
        self._squares -= oldest.squares + size * left * gap * gap / (size + left)


def _joined(first: _Bucket, second: _Bucket, size: int, other: int) -> _Bucket:
    gap = first.total / size - second.total / other
    between = gap * gap * size * other / (size + other)
    return _Bucket(first.total + second.total, first.squares + second.squares + between)
