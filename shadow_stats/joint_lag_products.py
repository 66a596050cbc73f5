"""Lag products of two series and their squares, from which those of any combination of the four follow exactly."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from shadow_stats.checkpoint import packed, unpacked, whole
from shadow_stats.long_run_variance import MAX_LAG, ROUNDING_SHARE, LagProducts

_WIDTH = 4
_KEYS = frozenset({"samples", "total", "products", "first", "recent"})
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
        rows = with_squares(pairs)
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

    def variance(self, weights: NDArray[np.float64]) -> float:
        """Return the variance of the series w'y for `weights` w, shape (4,); 0 where it is no more than rounding."""
        forms = _WEIGHTS * weights[_ROWS] * weights[_COLUMNS]
        mean = float(self._total @ weights) / self._samples
        variance = float(self._products[0] @ forms) / self._samples - mean * mean
        largest = float(np.abs(self._products[0]) @ np.abs(forms)) / self._samples
        return variance if variance > ROUNDING_SHARE * largest else 0.0

    def merge(self, later: Self) -> "JointLagProducts":
        """Return the sums of this series followed by `later`; exact up to rounding."""
        tail, head = self._recent[: min(MAX_LAG, self._samples)][::-1, :2], later._first[:, :2]
        before, alone, joined = JointLagProducts(), JointLagProducts(), JointLagProducts()
        before.extend(tail)
        alone.extend(head)
        joined.extend(np.concatenate([tail, head]))
        state = JointLagProducts()
        state._samples = self._samples + later._samples
        state._total = self._total + later._total
        across = joined._products - before._products - alone._products
        state._products = self._products + later._products + across
        state._first = np.concatenate([self._first, later._first])[:MAX_LAG]
        recent = np.concatenate([later._recent[: min(MAX_LAG, later._samples)], self._recent])
        state._recent = recent[: MAX_LAG + 1]
        return state

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values from which `from_json` resumes bit for bit."""
        return {
            "samples": self._samples,
            "total": packed(self._total),
            "products": packed(self._products),
            "first": packed(self._first[:, :2]),
            "recent": packed(self._recent[:-1, :2]),
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
        shapes = {"total": (_WIDTH,), "products": state._products.shape}
        shapes |= {"first": (min(MAX_LAG, state._samples), 2), "recent": (MAX_LAG, 2)}
        arrays = {name: unpacked("JointLagProducts", found[name], shape) for name, shape in shapes.items()}
        state._total, state._products = arrays["total"], arrays["products"]
        state._first = with_squares(arrays["first"])
        state._recent[:-1] = with_squares(arrays["recent"])
        return state


def with_squares(pairs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return y = (a, b, a^2, b^2) for each of `pairs` (a, b); shapes (n, 2) and (n, 4)."""
    return np.concatenate([pairs, pairs * pairs], axis=1)
