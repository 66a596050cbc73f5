"""How far a stream of profit and loss fell from its best point."""

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from shadow_stats.checkpoint import opened, sealed
from shadow_stats.series import checked

_KIND = "Drawdown"
_KEYS = frozenset({"capital", "profit", "peak", "trough", "maximum", "samples"})
_SAME_EQUITY = 1e-9


class Drawdown:
    """Running drawdown of one stream of profit and loss on a starting capital.

    Equity is capital plus cumulative profit and loss. The high-water mark is the highest equity so far, the start
    included. A drawdown is (high-water mark - equity) / high-water mark, with the mark as it stood at that moment, and
    counts as 1 when the equity is at or below zero. The maximum is taken over all samples, not over batches.

    Args:
        capital: equity before the first sample, in the unit of the stream; positive.

    Raises:
        ValueError: `capital` is not a positive finite number.

    """

    __slots__ = ("_capital", "_maximum", "_peak", "_profit", "_samples", "_trough")

    def __init__(self, capital: float) -> None:
        if not (math.isfinite(capital) and capital > 0.0):
            raise ValueError(f"capital is {capital}: it must be a positive finite number.")
        self._capital = float(capital)
        self._profit = self._peak = self._trough = self._maximum = 0.0
        self._samples = 0

    @property
    def capital(self) -> float:
        """Equity before the first sample."""
        return self._capital

    @property
    def samples(self) -> int:
        """How many samples were seen."""
        return self._samples

    @property
    def profit(self) -> float:
        """Cumulative profit and loss."""
        return self._profit

    @property
    def equity(self) -> float:
        """Capital plus cumulative profit and loss."""
        return self._capital + self._profit

    @property
    def high_water_mark(self) -> float:
        """The highest equity so far, at least the capital."""
        return self._capital + self._peak

    @property
    def current(self) -> float:
        """The drawdown now, between 0 and 1."""
        return min((self._peak - self._profit) / self.high_water_mark, 1.0)

    @property
    def maximum(self) -> float:
        """The largest drawdown so far, between 0 and 1."""
        return self._maximum

    def update(self, pnl: ArrayLike) -> None:
        """Add the next samples; the same bits however they are cut into batches.

        Args:
            pnl: profit and loss, in their order in time; shape (n,), in the unit of the capital.

        Raises:
            ValueError: not one-dimensional, or an entry is nan, infinite or beyond 1e60 in size; nothing is added then.

        """
        values = checked("pnl", pnl)
        if values.size == 0:
            return
        path = np.add.accumulate(np.concatenate([[self._profit], values]))[1:]
        peaks = np.maximum.accumulate(np.maximum(path, self._peak))
        depths = (peaks - path) / (self._capital + peaks)
        self._maximum = max(self._maximum, min(float(depths.max()), 1.0))
        self._profit, self._peak = float(path[-1]), float(peaks[-1])
        self._trough = min(self._trough, float(path.min()))
        self._samples += values.size

    def merge(self, later: Self) -> Self:
        """Return the drawdown of this stream followed by `later`, as if both were one; exact up to rounding.

        A ratio depends on the equity that it starts from, so `later` must have been started on this one's equity.

        Raises:
            ValueError: the capital of `later` is not this stream's equity.

        """
        if not math.isclose(later.capital, self.equity, rel_tol=_SAME_EQUITY):
            raise ValueError(f"later starts with {later.capital}: it must start with the equity {self.equity}.")
        across = (self._peak - self._profit - later._trough) / self.high_water_mark
        return self._restored(
            capital=self._capital,
            samples=self._samples + later._samples,
            profit=self._profit + later._profit,
            peak=max(self._peak, self._profit + later._peak),
            trough=min(self._trough, self._profit + later._trough),
            maximum=min(max(self._maximum, later._maximum, across), 1.0),
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values from which `from_json` resumes bit for bit."""
        return sealed(
            _KIND,
            {
                "capital": self._capital,
                "samples": self._samples,
                "profit": self._profit,
                "peak": self._peak,
                "trough": self._trough,
                "maximum": self._maximum,
            },
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Resume what `to_json` wrote.

        Raises:
            ValueError: `data` is of another kind or version, or not whole.

        """
        found = opened(_KIND, data, _KEYS)
        return cls._restored(**{key: found[key] for key in _KEYS})

    @classmethod
    def _restored(
        cls, *, capital: float, samples: int, profit: float, peak: float, trough: float, maximum: float
    ) -> Self:
        state = cls(capital)
        state._samples, state._profit = samples, profit
        state._peak, state._trough, state._maximum = peak, trough, maximum
        return state


def drawdown_ratio(challenger: Drawdown, champion: Drawdown) -> float:
    """Return the challenger's maximum drawdown over the champion's; below 1 is better.

    1 when neither ever lost, infinite when only the challenger did.
    """
    if champion.maximum > 0.0:
        return challenger.maximum / champion.maximum
    return math.inf if challenger.maximum > 0.0 else 1.0
