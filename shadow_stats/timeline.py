"""Which samples belong together: two streams with times of their own, and one stream that must not go back."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shadow_stats.checkpoint import opened, sealed
from shadow_stats.series import checked

Times = NDArray[np.float64] | NDArray[np.datetime64]

# Beyond this a float no longer tells one whole number from the next, and two times could be taken for one.
LATEST = 2.0**53
_KIND = "Timeline"
_KEYS = frozenset({"last"})


class PairedSeries(NamedTuple):
    """Two streams at the times that both have, and what was left out.

    Attributes:
        times: the times of both, in order; shape (n,).
        challenger: values at these times; shape (n,).
        champion: values at these times; shape (n,).
        only_challenger: times that the champion lacks; their values were left out.
        only_champion: times that the challenger lacks; their values were left out.

    """

    times: Times
    challenger: NDArray[np.float64]
    champion: NDArray[np.float64]
    only_challenger: Times
    only_champion: Times


def paired(
    challenger_times: ArrayLike, challenger: ArrayLike, champion_times: ArrayLike, champion: ArrayLike
) -> PairedSeries:
    """Return the values of two streams at the times that are in both.

    Nothing is filled in or moved: two times are the same when they are equal.

    Args:
        challenger_times: rising; shape (m,), numbers (as Unix seconds, at most 2^53 in size) or numpy.datetime64.
        challenger: profit and loss at these times; shape (m,), any unit.
        champion_times: the same of the champion; shape (n,).
        champion: the same of the champion; shape (n,).

    Raises:
        ValueError: times do not rise, one occurs twice or is not a time, a stream has not as many values as times, a
            value is nan, infinite or beyond 1e60 in size, or only one of both has times of numpy.datetime64.

    """
    times1, values1 = _checked_stream("challenger", challenger_times, challenger)
    times2, values2 = _checked_stream("champion", champion_times, champion)
    if times1.dtype.kind != times2.dtype.kind:
        raise ValueError(
            f"challenger_times are {times1.dtype} and champion_times {times2.dtype}: "
            "both must be numbers or both numpy.datetime64."
        )
    common, first, second = np.intersect1d(times1, times2, assume_unique=True, return_indices=True)
    left_out = (np.setdiff1d(times, common, assume_unique=True) for times in (times1, times2))
    return PairedSeries(common, values1[first], values2[second], *left_out)


def out_of_order(times: NDArray[Any]) -> int | None:
    """Return the index of the first time that is not after the one before it; None if all are. Shape (n,)."""
    late = np.flatnonzero(times[1:] <= times[:-1])
    return int(late[0]) + 1 if late.size else None


class Timeline:
    """The last time of one stream: it refuses a time at or before it.

    The online comparisons take values in their order and know no times. Who feeds them from a source that may repeat
    itself or deliver late asks this first: a batch that is refused here must not be fed.
    """

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last = -math.inf

    @property
    def last(self) -> float | None:
        """The last time; None before the first."""
        return self._last if self._last > -math.inf else None

    def advance(self, times: ArrayLike) -> None:
        """Take the next times.

        Args:
            times: rising, each after `last`; shape (n,), Unix seconds or another number at most 2^53 in size.

        Raises:
            ValueError: a time is not after the one before it, or not such a number; none is taken then.

        """
        numbers = _checked_numbers("times", times)
        index = out_of_order(np.concatenate([[self._last], numbers]))
        if index is not None:
            before = numbers[index - 2] if index > 1 else self._last
            raise ValueError(_late("times", index - 1, numbers[index - 1], before))
        if numbers.size:
            self._last = float(numbers[-1])

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values from which `from_json` resumes."""
        return sealed(_KIND, {"last": self.last})

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Resume what `to_json` wrote.

        Raises:
            ValueError: `data` is of another kind or version, or not whole.

        """
        state = cls()
        last = opened(_KIND, data, _KEYS)["last"]
        state._last = -math.inf if last is None else last
        return state


def _checked_stream(name: str, times: ArrayLike, values: ArrayLike) -> tuple[Times, NDArray[np.float64]]:
    stamps, series = _checked_times(f"{name}_times", times), checked(name, values)
    if stamps.size != series.size:
        raise ValueError(f"{name}_times has {stamps.size} entries and {name} {series.size}: each value needs its time.")
    index = out_of_order(stamps)
    if index is not None:
        raise ValueError(_late(f"{name}_times", index, stamps[index], stamps[index - 1]))
    return stamps, series


def _checked_times(name: str, times: ArrayLike) -> Times:
    stamps = np.asarray(times)
    if stamps.dtype.kind in "iuf":
        return _checked_numbers(name, stamps)
    if stamps.dtype.kind != "M":
        raise ValueError(f"{name} has entries of type {stamps.dtype}: they must be numbers or numpy.datetime64.")
    if stamps.ndim != 1:
        raise ValueError(f"{name} has {stamps.ndim} dimensions: it must be one-dimensional.")
    unknown = np.isnat(stamps)
    if unknown.any():
        raise ValueError(f"{name}[{int(np.argmax(unknown))}] is NaT: every entry must be a time.")
    return stamps


def _checked_numbers(name: str, times: ArrayLike) -> NDArray[np.float64]:
    numbers = checked(name, times)
    far = np.abs(numbers) > LATEST
    if far.any():
        index = int(np.argmax(far))
        raise ValueError(f"{name}[{index}] is {numbers[index]}: times are at most 2^53 in size; give Unix seconds.")
    return numbers


def _late(name: str, index: int, found: object, before: object) -> str:
    return f"{name}[{index}] is {found}: it must be after {before}, the time before it."
