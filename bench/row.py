"""One figure of the bench, and the figure that it is held against."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv

CONFIDENCE = 0.95
# How far from a simulated figure the true one may well lie, in standard errors.
ERRORS = 3.0


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a figure has to lie.

    Attributes:
        low: at least this.
        high: at most this.
        highest_bound: the figure's upper 95 % confidence bound is at most this; infinite where it has none to meet.

    """

    low: float = -math.inf
    high: float = math.inf
    highest_bound: float = math.inf

    def __str__(self) -> str:
        """What a reader of the table is told."""
        if self.low > -math.inf and self.high < math.inf:
            return f"{self.low:g} to {self.high:g}"
        text = f"at least {self.low:g}" if self.low > -math.inf else f"at most {self.high:g}"
        return text if self.highest_bound == math.inf else f"{text}, upper bound {self.highest_bound:g}"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure.

    Attributes:
        group: what it belongs to.
        name: what was measured.
        value: the figure; None where it could not be measured here.
        unit: of the figure.
        goal: where it has to lie; None for a figure that stands for comparison.
        replications: how many independent runs it comes from; 0 where nothing was simulated.
        likely: lowest and highest that the true figure may well be, given so many replications; None where nothing was
            simulated.
        bound: upper 95 % confidence bound of the simulation; None for figures that are no share.
        detail: what a reader needs besides.

    """

    group: str
    name: str
    value: float | None
    unit: str
    goal: Goal | None = None
    replications: int = 0
    likely: tuple[float, float] | None = None
    bound: float | None = None
    detail: str = ""

    @property
    def ok(self) -> bool | None:
        """Whether the figure is where it has to be; None without a figure or a goal."""
        if self.value is None or self.goal is None:
            return None
        bounded = self.bound is None or self.bound <= self.goal.highest_bound
        return bounded and self.goal.low <= self.value <= self.goal.high

    @property
    def plausible(self) -> bool:
        """Whether the figure agrees with its goal as far as its simulation can tell, however short."""
        if self.likely is None or self.goal is None:
            return self.ok is not False
        low, high = self.likely
        return low <= self.goal.high and high >= self.goal.low

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; a figure without end is None there."""
        return {
            "group": self.group,
            "name": self.name,
            "value": self.value if self.value is not None and math.isfinite(self.value) else None,
            "unit": self.unit,
            "goal": None if self.goal is None else str(self.goal),
            "ok": self.ok,
            "bound": self.bound,
            "replications": self.replications,
            "detail": self.detail,
        }

    @classmethod
    def share(
        cls, group: str, name: str, hits: ArrayLike, goal: Goal | None = None, *, unit: str = "%", detail: str = ""
    ) -> Self:
        """Return the percentage of `hits`, one entry for each replication, with its upper confidence bound.

        The bound is Clopper and Pearson's, so it covers whatever the number of replications.
        """
        values = np.asarray(hits, dtype=np.float64)
        count, total = values.size, float(values.sum())
        share = total / count
        # Two hits and two misses more (Agresti and Coull 1998): no hit among a few is no certainty.
        guess = (total + 2.0) / (count + 4.0)
        reach = ERRORS * math.sqrt(guess * (1.0 - guess) / (count + 4.0))
        likely = (100.0 * (share - reach), 100.0 * (share + reach))
        bound = 100.0 * float(betaincinv(total + 1.0, count - total, CONFIDENCE)) if total < count else 100.0
        return cls(group, name, 100.0 * share, unit, goal, count, likely, bound, detail)

    @classmethod
    def average(
        cls, group: str, name: str, values: ArrayLike, unit: str, goal: Goal | None = None, detail: str = ""
    ) -> Self:
        """Return the mean of `values`, one entry for each replication."""
        numbers = np.asarray(values, dtype=np.float64)
        # Without the rounding that would make a 0 of -9e-17.
        mean, reach = round(float(numbers.mean()), 12), ERRORS * float(numbers.std()) / math.sqrt(numbers.size)
        return cls(group, name, mean, unit, goal, numbers.size, (mean - reach, mean + reach), None, detail)

    @classmethod
    def quantile(
        cls,
        group: str,
        name: str,
        values: NDArray[np.float64],
        share: float,
        unit: str,
        goal: Goal | None = None,
        detail: str = "",
    ) -> Self:
        """Return the value that `share` of the replications do not exceed; infinite where fewer have one."""
        reach = ERRORS * math.sqrt(share * (1.0 - share) / values.size)
        shares = [max(share - reach, 0.0), share, min(share + reach, 1.0)]
        low, value, high = np.quantile(values, shares, method="inverted_cdf").tolist()
        return cls(group, name, value, unit, goal, values.size, (low, high), None, detail)


def to_json(rows: Sequence[Row]) -> str:
    """Return the rows as a JSON text."""
    return json.dumps([row.to_json() for row in rows], indent=1, allow_nan=False) + "\n"
