"""Lag products of two series and their squares, from which those of any combination of the four follow exactly."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from shadow_stats.checkpoint import whole
from shadow_stats.long_run_variance import MAX_LAG, LagProducts

_WIDTH = 4
_LISTS = ("total", "products", "first", "recent")
_KEYS = frozenset({"samples", *_LISTS})
_ROWS, _COLUMNS = np.triu_indices(_WIDTH)
# A square is counted once in the symmetric form below, which adds every product and its mirror image.
_WEIGHTS = np.where(_ROWS == _COLUMNS, 0.5, 1.0)


class JointLagProducts:
    """Sums of y_t and of the symmetric part of y_t y_{t-k}', k = 0..8, for y = (a, b, a^2, b^2).

    For weights w the series w'y has `LagProducts` that are linear and quadratic forms of these sums, so its long-run
    variance can be had for weights that change with every new number, without going back over the data.
    """

    __slots__ = ("_first", "_products", "_recent", "_samples", "_total")

    def __init__(self) -> None:
        self._samples = 0
        self._total = np.zeros(_WIDTH)
        self._products = np.zeros((MAX_LAG + 1, _ROWS.size))
        self._first = np.zeros((0, _WIDTH))
        self._recent = np.zeros((MAX_LAG + 1, _WIDTH))

    @property
    def samples(self) -> int:
        """How many pairs were seen."""
        return self._samples

    def means(self) -> list[float]:
        """Return the means of (a, b, a^2, b^2); nan without data."""
        if self._samples == 0:
            return [np.nan] * _WIDTH
        return [float(total) / self._samples for total in self._total]

    def extend(self, pairs: NDArray[np.float64]) -> None:
        """Add `pairs`, shape (n, 2), finite, in their order in time; the same bits however they are cut up."""
        rows = np.concatenate([pairs, pairs * pairs], axis=1)
        if len(self._first) < MAX_LAG:
            self._first = np.concatenate([self._first, rows[: MAX_LAG - len(self._first)]])
        recent = self._recent
        for row in rows:
            recent[1:] = recent[:-1]
            recent[0] = row
            self._total += row
            self._products += recent[:, _ROWS] * row[_COLUMNS] + recent[:, _COLUMNS] * row[_ROWS]
        self._samples += len(rows)

    def combined(self, weights: NDArray[np.float64]) -> LagProducts:
        """Return the lag products of the series w'y for `weights` w, shape (4,)."""
        forms = _WEIGHTS * weights[_ROWS] * weights[_COLUMNS]
        return LagProducts(
            samples=self._samples,
            total=float(self._total @ weights),
            products=(self._products @ forms).tolist(),
            first=(self._first @ weights).tolist(),
            recent=(self._recent[:-1] @ weights).tolist(),
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values from which `from_json` resumes bit for bit."""
        return {
            "samples": self._samples,
            "total": self._total.tolist(),
            "products": self._products.ravel().tolist(),
            "first": self._first[:, :2].tolist(),
            "recent": self._recent[:-1, :2].tolist(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Resume what `to_json` wrote.

        Raises:
            ValueError: a part is missing or not of the length that it must have.

        """
        found = whole("JointLagProducts", data, _KEYS)
        state = cls()
        state._samples = found["samples"]
        expected = (_WIDTH, state._products.size, min(MAX_LAG, state._samples), MAX_LAG)
        if tuple(len(found[name]) for name in _LISTS) != expected:
            raise ValueError("state of JointLagProducts has lists of the wrong length: it was cut short or edited.")
        state._total[:] = found["total"]
        state._products[:] = np.reshape(found["products"], state._products.shape)
        state._first = _with_squares(found["first"])
        state._recent[:-1] = _with_squares(found["recent"])
        return state


def _with_squares(pairs: list[list[float]]) -> NDArray[np.float64]:
    values = np.reshape(np.asarray(pairs, dtype=np.float64), (-1, 2))
    return np.concatenate([values, values * values], axis=1)
