"""How predictions behave, whatever they are worth: read from counts, as counters export them.

The counts are all the state there is. Those of two stretches of time, or of two processes, merge by adding them up.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from shadow_stats.series import checked
from shadow_stats.stability_index import checked_counts
from shadow_stats.verdict import ConfidenceInterval

_NORMAL_975 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class ActionDiversity:
    """How evenly a model uses its actions.

    Attributes:
        largest_share: share of the most frequent action; 1 for a model that always does the same.
        entropy: of the shares, in nats; 0 for a model that always does the same.
        evenness: entropy over its largest possible value, between 0 and 1; 0 where only one action exists.
        effective_actions: exp(entropy): as many equally frequent actions are as diverse.
        samples: actions counted.

    """

    largest_share: float
    entropy: float
    evenness: float
    effective_actions: float
    samples: int


@dataclass(frozen=True, slots=True)
class ConfidenceSpread:
    """Where a model's confidences lie and how far apart, from a histogram.

    Attributes:
        mean: with every row at the middle of its bin.
        deviation: standard deviation, likewise.
        low: the 10 % point, linear within its bin.
        median: the 50 % point.
        high: the 90 % point.
        samples: rows counted.

    """

    mean: float
    deviation: float
    low: float
    median: float
    high: float
    samples: int

    @property
    def spread(self) -> float:
        """Distance from the 10 % to the 90 % point."""
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often two models choose the same action on the same rows.

    Attributes:
        share: of rows with the same action.
        low: lower end of its 95 % interval (Wilson), for independent rows.
        high: upper end.
        kappa: agreement beyond chance: 1 always, 0 as by chance; nan where both models always choose the same single
            action, for which chance explains everything.
        samples: rows counted.

    """

    share: float
    low: float
    high: float
    kappa: float
    samples: int


def action_diversity(counts: ArrayLike) -> ActionDiversity:
    """Return how evenly actions are used.

    Args:
        counts: how often each possible action was chosen, zeros included; shape (k,).

    Raises:
        ValueError: not one-dimensional, all 0, or an entry is no count.

    Source: Shannon (1948), "A mathematical theory of communication", section 6; Hill (1973), "Diversity and evenness: a
    unifying notation and its consequences", for the effective number.

    """
    values = checked_counts("counts", counts)
    shares = values[values > 0.0] / values.sum()
    entropy = max(-float(np.sum(shares * np.log(shares))), 0.0)
    evenness = entropy / math.log(values.size) if values.size > 1 else 0.0
    return ActionDiversity(float(shares.max()), entropy, evenness, math.exp(entropy), int(values.sum()))


def confidence_spread(counts: ArrayLike, edges: ArrayLike) -> ConfidenceSpread:
    """Return location and spread of confidences.

    Args:
        counts: rows in each bin (not cumulative); shape (b,).
        edges: of the bins, increasing; shape (b + 1,), in the unit of the confidences.

    Raises:
        ValueError: an entry of `counts` is no count, all are 0, the lengths do not fit, or `edges` do not increase.

    """
    values, limits = checked_counts("counts", counts), checked("edges", edges)
    if limits.size != values.size + 1:
        raise ValueError(f"there are {limits.size} edges for {values.size} bins: one more than bins is needed.")
    widths = np.diff(limits)
    if not (widths > 0.0).all():
        index = int(np.argmin(widths > 0.0))
        raise ValueError(f"edges[{index + 1}] is {limits[index + 1]} after {limits[index]}: edges must increase.")
    middles = limits[:-1] + 0.5 * widths
    mean = float(np.average(middles, weights=values))
    variance = float(np.average((middles - mean) ** 2, weights=values))
    reached = np.concatenate([[0.0], np.cumsum(values)]) / values.sum()
    # An empty bin is a flat stretch of the distribution function: its first end is enough to invert it.
    kept = np.concatenate([[True], np.diff(reached) > 0.0])
    kept[int(np.argmax(values > 0.0))] = True
    low, median, high = np.interp([0.1, 0.5, 0.9], reached[kept], limits[kept]).tolist()
    return ConfidenceSpread(mean, math.sqrt(variance), low, median, high, int(values.sum()))


def agreement(table: ArrayLike) -> Agreement:
    """Return how often two models agree.

    Args:
        table: rows by action of the first model and action of the second, in the same order; shape (k, k).

    Raises:
        ValueError: not square, all 0, or an entry is no count.

    Source: Cohen (1960), "A coefficient of agreement for nominal scales", equation 1.

    """
    square = np.asarray(table, dtype=np.float64)
    if square.ndim != 2 or square.shape[0] != square.shape[1]:
        raise ValueError(f"table has shape {square.shape}: it must be square.")
    total = float(checked_counts("table", square.ravel()).sum())
    share = float(np.trace(square)) / total
    chance = float(square.sum(axis=0) @ square.sum(axis=1)) / total**2
    kappa = (share - chance) / (1.0 - chance) if chance < 1.0 else math.nan
    interval = wilson_interval(share, total)
    return Agreement(share, interval.low, interval.high, kappa, int(total))


def wilson_interval(share: float, samples: float) -> ConfidenceInterval:
    """Return the 95 % interval of a share seen in `samples` independent rows.

    Source: Wilson (1927), "Probable inference, the law of succession, and statistical inference".
    """
    weight = _NORMAL_975**2 / samples
    centre = (share + 0.5 * weight) / (1.0 + weight)
    half = math.sqrt(weight * (share * (1.0 - share) + 0.25 * weight)) / (1.0 + weight)
    # It always holds the share; without these, rounding can leave 0 or 1 just outside.
    return ConfidenceInterval(min(max(centre - half, 0.0), share), max(min(centre + half, 1.0), share))
