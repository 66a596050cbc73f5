"""Betting against "the mean is at most m": nobody can expect to win while that is true, whatever the law of the data.

With rows x and means m in units of the bound, a stake s on x - m multiplies the capital by 1 + s (x - m). For the stake
s = b / (1 + b m) that is (1 + b x) / (1 + b m), where the data stand alone: so one bet b, above 0 and below 1, is a bet
against every m at once, and the few numbers that a grid of bets needs give an exact interval without a grid of means.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from shadow_stats.checkpoint import whole

Vector = NDArray[np.float64]

BETS = 32
# A row that loses the whole bound leaves a twentieth of the capital.
LARGEST_BET = 0.95
# As a share of the bet that suits the plan if the bound is one standard deviation. Smaller effects need smaller bets.
SMALLEST_SHARE = 1.0 / 30.0
# A bound is some standard deviations wide, nobody knows how many: the weights of fixed bets peak at this many.
TYPICAL_BOUND = 4.0
SPREAD = 0.6
# What the bets with a goal may spend, and how far their horizon lies beyond the planned samples. Simulated on crashes,
# uniform, t4 and mostly-zero rows, 80 % of the tests ended by 1.5 times the sample of a fixed z-test; by 1.8 times with
# fixed bets alone.
GOAL_SHARE = 0.7
HORIZON_STRETCH = 1.5
# Near and beyond its end the horizon recedes, by this share of the rows seen, so that the capital left stays at work.
RECEDING_SHARE = 0.25
# Before the data, a bet's costs are those of one row in this many that loses the whole bound.
PRIOR_ROWS = 10
SMALLEST_TAIL = 1e-15
CLOSE = 1e-9
_STEPS = 100
_KEYS = frozenset({"samples", "total", "capitals", "placed", "pvalue", "low"})


class BettingTest:
    """Sequential test of "the mean is at most `null`" and lower confidence sequence, exact at every number of rows.

    If every row's mean given the past is at most m, the capital against m is a non-negative supermartingale, so by
    Ville's inequality it ever reaches 1/level with probability at most `level`. It is shared by two strategies:

    - fixed bets on a log-spaced grid, under weights that prefer what suits the plan;
    - bets with a goal, 1/level by the planned time: at each row the bet of a Brownian motion below its boundary, given
      the capital and the time left. It is looked up in the same grid by what each bet has cost so far (bet times sum,
      less log growth): half a variance, and more where losses are rare and large.

    Args:
        planned_samples: rows at which a verdict is expected. Power is best near it; validity never depends on it.
        level: error probability.
        bound: largest size of one row.
        null: the mean that the p-value is about and the goal is set against; above -bound, in units of the rows.

    Source: Waudby-Smith and Ramdas (2024), "Estimating means of bounded random variables by betting"; Voracek and
    Orabona (2025), "STaR-Bets: sequential target-recalculating bets for tighter confidence intervals", for the goal,
    here with an open end.

    """

    __slots__ = (
        "_bets",
        "_bound",
        "_capitals",
        "_horizon",
        "_level",
        "_log_weights",
        "_low",
        "_null",
        "_null_rates",
        "_placed",
        "_prior_costs",
        "_pvalue",
        "_samples",
        "_total",
    )

    def __init__(self, planned_samples: int, level: float, bound: float, null: float) -> None:
        self._level, self._bound, self._null = level, bound, null
        self._horizon = HORIZON_STRETCH * planned_samples
        self._bets, weights = planned_bets(planned_samples, level)
        self._log_weights = np.log(np.append((1.0 - GOAL_SHARE) * weights, GOAL_SHARE))
        self._null_rates = np.log1p(self._bets * (null / bound))
        # The weights are in the capitals too, and cancel.
        self._prior_costs = self._log_weights[:-1] - np.log1p(-self._bets) - self._bets
        self._samples, self._total = 0, 0.0
        self._capitals: Vector = self._log_weights.copy()
        self._placed = np.zeros(BETS)
        self._pvalue, self._low = 1.0, -bound

    @property
    def samples(self) -> int:
        """Rows seen."""
        return self._samples

    @property
    def mean(self) -> float:
        """Mean of the rows; nan without data."""
        return self._bound * (self._total / self._samples) if self._samples else math.nan

    @property
    def pvalue(self) -> float:
        """Smallest p-value of all looks against `null`."""
        return self._pvalue

    @property
    def low(self) -> float:
        """Largest lower bound of all looks; at least `null` exactly when `pvalue` is at most the level."""
        return self._low

    def extend(self, values: Vector) -> None:
        """Add `values`, shape (n,), none larger than the bound in size, in their order in time; then take one look."""
        scaled = values / self._bound
        for value, growths in zip(scaled.tolist(), np.log1p(np.multiply.outer(scaled, self._bets)), strict=True):
            self._bet_with_a_goal(growths)
            self._capitals[:-1] += growths
            self._samples += 1
            self._total += value
        if scaled.size:
            self._look()

    def log_e(self, mean: float) -> float:
        """Return the log e-value against "the mean is at most `mean`", which is no less than -bound."""
        return float(np.logaddexp.reduce(self._capitals_against(self._rates(mean))))

    def samples_until(self, mean: float) -> float:
        """Return the row at which `mean` is rejected if capitals go on growing as so far; infinity if none grows."""
        growths = self._capitals_against(self._rates(mean)) - self._log_weights
        missing = -math.log(self._level) - self._log_weights
        growing = growths > 0.0
        rows = np.full(BETS + 1, math.inf)
        rows[growing] = self._samples * missing[growing] / growths[growing]
        return float(rows.min())

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values from which `resume` goes on bit for bit."""
        return {
            "samples": self._samples,
            "total": self._total,
            "capitals": self._capitals.tolist(),
            "placed": self._placed.astype(int).tolist(),
            "pvalue": self._pvalue,
            "low": self._low,
        }

    def resume(self, data: Mapping[str, Any]) -> Self:
        """Go on, under the terms of this test, from what `to_json` wrote.

        Raises:
            ValueError: a part is missing.

        """
        found = whole("BettingTest", data, _KEYS)
        self._samples, self._total = found["samples"], found["total"]
        self._capitals, self._placed = np.array(found["capitals"]), np.array(found["placed"], dtype=np.float64)
        self._pvalue, self._low = found["pvalue"], found["low"]
        return self

    def _bet_with_a_goal(self, growths: Vector) -> None:
        costs = self._prior_costs + self._total * self._bets - self._capitals[:-1]
        chosen = bisect_right(costs, self._affordable_cost()) - 1
        if chosen >= 0:
            self._capitals[-1] += growths[chosen] - self._null_rates[chosen]
            self._placed[chosen] += 1.0

    def _affordable_cost(self) -> float:
        """Return what the bet that suits capital and time left would have cost so far; below all costs at the goal.

        A Brownian motion that holds a share w of its goal is z below its boundary, in standard deviations of the time
        left, where 2 Phi(-z) = w. It bets phi(z)/Phi(-z) over the root of that time; half the square is a row's cost.
        """
        tail = 0.5 * self._level * math.exp(float(self._capitals[-1]))
        if tail >= 0.5:
            return -math.inf
        tail = max(tail, SMALLEST_TAIL)
        distance = float(ndtri(tail))
        hazard = math.exp(-0.5 * distance * distance) / (math.sqrt(2.0 * math.pi) * tail)
        left = max(self._horizon - self._samples, RECEDING_SHARE * self._samples)
        return 0.5 * hazard * hazard / left * (PRIOR_ROWS + self._samples)

    def _rates(self, mean: float) -> Vector:
        return np.log1p(self._bets * (mean / self._bound))

    def _capitals_against(self, rates: Vector) -> Vector:
        """Return the log-capital of every strategy, the one with a goal last, against the mean of these `rates`."""
        capitals = self._capitals.copy()
        capitals[:-1] -= self._samples * rates
        capitals[-1] += self._placed @ (self._null_rates - rates)
        return capitals

    def _look(self) -> None:
        pvalue = math.exp(min(-self.log_e(self._null), 0.0))
        self._pvalue = min(self._pvalue, pvalue)
        rejected = pvalue <= self._level
        low = self._largest_rejected(max(self._low, self._null) if rejected else self._low)
        # The climb may end a rounding error too high, and test and interval must not disagree over that.
        if rejected or low < self._null:
            self._low = max(self._low, low)

    def _largest_rejected(self, mean: float) -> float:
        """Return the largest mean rejected now, or `mean` if that is not rejected itself.

        The log e-value is convex and falling in the mean, so Newton's steps from below never pass the root.
        """
        for _ in range(_STEPS):
            capitals = self._capitals_against(self._rates(mean))
            log_e = float(np.logaddexp.reduce(capitals))
            excess = log_e + math.log(self._level)
            if excess <= CLOSE:
                break
            shares = np.exp(capitals - log_e)
            exposures = self._samples * shares[:-1] + shares[-1] * self._placed
            mean += excess / float(exposures @ (self._bets / (self._bound + self._bets * mean)))
        return mean


def planned_bets(planned_samples: int, level: float) -> tuple[Vector, Vector]:
    """Return the grid of bets, in units of 1/bound, and their weights, which sum to 1; both of shape (32,).

    A verdict at `planned_samples` takes a drift of sqrt(2 log(1/level) / planned_samples) standard deviations, and the
    bet that grows fastest under it is that, times the bound over the standard deviation.
    """
    per_deviation = math.sqrt(-2.0 * math.log(level) / planned_samples)
    smallest = min(SMALLEST_SHARE * per_deviation, 0.5 * LARGEST_BET)
    bets = np.geomspace(smallest, LARGEST_BET, BETS)
    offset = np.log(bets / (TYPICAL_BOUND * per_deviation)) / SPREAD
    weights = 1.0 / (1.0 + offset * offset)
    return bets, weights / weights.sum()
