"""Boundaries that a random walk without drift crosses, at any time, with no more than a given probability.

Time is counted in variance: a walk S whose increments have long-run variance s^2 has variance v = s^2 t after t steps.
Every function of one direction bounds S from above; the other direction follows by the sign.
"""

import math
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from scipy.special import log_ndtr, ndtri

Alternative = Literal["two-sided", "greater"]

# What the bounded-horizon part may spend, and for how many times the planned samples the open-ended part is tuned.
# Among the pairs tried these stay closest to the power of a fixed horizon, and lose least when the plan was too short.
HORIZON_SHARE = 0.9
MIXTURE_STRETCH = 4.0
# A walk of unit steps that is looked at now and then passes a level by this much more, in steps, than a continuous one
# of the same variance: -zeta(1/2) / sqrt(2 pi) (Chernoff 1965; Siegmund 1985, "Sequential analysis", chapter 10).
_OVERSHOOT = 0.5825971579390106
# It holds for many looks. With one look alone within the horizon it would spend 4.3 % of 2.5; capped as for six, 2.5.
_FEWEST_LOOKS = 6
# How far the horizon lies beyond the planned samples.
HORIZON_STRETCH = 1.22
FARTHEST = 10**9


def mixture_rho(planned_variance: float, alpha: float, alternative: Alternative = "two-sided") -> float:
    """Return the mixing precision whose normal-mixture boundary is narrowest at `planned_variance`.

    Source: Howard, Ramdas, McAuliffe and Sekhon (2021), "Time-uniform, nonparametric, nonasymptotic confidence
    sequences", proposition 3 with the usual expansion of Lambert's W.
    """
    log_inverse = -math.log(alpha if alternative == "two-sided" else 2.0 * alpha)
    return planned_variance / (2.0 * log_inverse + math.log1p(2.0 * log_inverse))


def mixture_log_e(score: float, variance: float, rho: float, alternative: Alternative = "two-sided") -> float:
    """Return the logarithm of the normal-mixture e-value against "no drift" (two-sided) or "no upward drift".

    The likelihood ratio of drift d, mixed over d from a normal (two-sided) or half-normal law of precision `rho`
    (Robbins 1970). Any positive `rho` fixed in advance is valid.

    Args:
        score: the walk now.
        variance: its variance, in squared units of `score`.
        rho: mixing precision, in the same units as `variance`.
        alternative: "two-sided" or "greater".

    """
    spread = variance + rho
    if alternative == "two-sided":
        return 0.5 * (math.log(rho / spread) + score * score / spread)
    above = float(log_ndtr(score / math.sqrt(spread)))
    return 0.5 * (math.log(4.0 * rho / spread) + score * score / spread) + above


def mixture_bound(variance: float, rho: float, alpha: float, alternative: Alternative = "two-sided") -> float:
    """Return the score at which `mixture_log_e` reaches log(1/alpha), for alpha below .5."""
    spread = variance + rho
    two_sided = 2.0 * math.log(1.0 / alpha) + math.log(spread / rho)
    if alternative == "two-sided":
        return math.sqrt(spread * two_sided)
    target = 0.5 * two_sided - math.log(2.0)
    return math.sqrt(spread) * _standard_root(target)


def _standard_root(target: float) -> float:
    """Solve z^2/2 + log Phi(z) = target > 0: convex and increasing, so Newton settles from anywhere."""
    z = math.sqrt(2.0 * target)
    for _ in range(4):
        below = 0.5 * math.erfc(-z * math.sqrt(0.5))
        density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
        z -= (0.5 * z * z + math.log(below) - target) / (z + density / below)
    return z


def supremum_pvalue(score: float) -> float:
    """Return the probability that a Brownian motion reaches `score` before time 1 (reflection principle)."""
    return math.erfc(score * math.sqrt(0.5)) if score > 0.0 else 1.0


def supremum_bound(alpha: float) -> float:
    """Return the level that a Brownian motion reaches before time 1 with probability `alpha`."""
    return -float(ndtri(0.5 * alpha))


@dataclass(frozen=True, slots=True)
class HybridBoundary:
    """One direction of the default: a level boundary up to a horizon and a normal mixture for ever after.

    The null is rejected when the walk, in units of its long-run standard deviation, crosses either; by the union bound
    the two shares of `level` add up. The level boundary spends most where the verdict is expected, the mixture keeps
    the test alive however far the plan was off.

    Attributes:
        level: error probability of this one direction.
        horizon: last sample of the level boundary.
        ceiling: score of the level boundary, in long-run standard deviations.
        relief: how much lower that is than for looks at every sample.
        rho: mixing precision, in samples.

    """

    level: float
    horizon: float
    ceiling: float
    relief: float
    rho: float

    @classmethod
    def planned(cls, level: float, samples: float, stretch: float = HORIZON_STRETCH, look_every: int = 1) -> Self:
        """Return the boundary that spends `level` in one direction and is tuned to a verdict at `samples`.

        Args:
            level: error probability, above 0 and below .5.
            samples: at which the verdict is expected.
            stretch: horizon of the level boundary over `samples`.
            look_every: samples from one look to the next, at least. A look at each sample gets no relief, since that
                takes steps that are near normal each.

        """
        rho = mixture_rho(MIXTURE_STRETCH * samples, (1.0 - HORIZON_SHARE) * level, "greater")
        horizon = stretch * samples
        apart = max(1.0, min(look_every, horizon / _FEWEST_LOOKS))
        relief = _OVERSHOOT * (math.sqrt(apart) - 1.0)
        ceiling = supremum_bound(HORIZON_SHARE * level) * math.sqrt(horizon) - relief
        return cls(level=level, horizon=horizon, ceiling=ceiling, relief=relief, rho=rho)

    def reaches_ceiling(self, score: float, samples: int) -> bool:
        """Say whether the walk stands at or above the level boundary while that lasts."""
        return samples <= self.horizon and score >= self.ceiling

    def log_e(self, score: float, samples: int, *, has_reached_ceiling: bool) -> float:
        """Return the log e-value of both parts, each by its share; at least log(1/level) where the boundary is crossed.

        The part of the level boundary is the chance, given the walk until now, that it is ever reached, over the
        chance at the start: a martingale for a Brownian motion, as every conditional chance is.

        Args:
            score: the walk in long-run standard deviations.
            samples: rows seen.
            has_reached_ceiling: whether the walk ever reached the level boundary at a look.

        """
        open_ended = math.log1p(-HORIZON_SHARE) + mixture_log_e(score, samples, self.rho, "greater")
        if has_reached_ceiling:
            return float(np.logaddexp(-math.log(self.level), open_ended))
        if samples >= self.horizon:
            return open_ended
        to_go = (self.ceiling + self.relief - score) / math.sqrt(self.horizon - samples)
        return float(np.logaddexp(math.log(2.0 / self.level) + float(log_ndtr(-to_go)), open_ended))

    def pvalue(self, score: float, samples: int) -> float:
        """Return the level at which the walk now stands at the boundary; the running minimum is always valid."""
        log_e = mixture_log_e(score, samples, self.rho, "greater")
        open_ended = math.exp(min(-log_e, 0.0)) / (1.0 - HORIZON_SHARE)
        if samples > self.horizon:
            return min(open_ended, 1.0)
        return min(open_ended, supremum_pvalue((score + self.relief) / math.sqrt(self.horizon)) / HORIZON_SHARE, 1.0)

    def bound(self, samples: int) -> float:
        """Return the score at which `pvalue` is `level`."""
        open_ended = self._open_bound(samples)
        return min(open_ended, self.ceiling) if samples <= self.horizon else open_ended

    def samples_until(self, drift: float, after: int) -> int | None:
        """Return the first sample beyond `after` at which a walk of exactly this drift stands at the boundary.

        Args:
            drift: rise per sample in long-run standard deviations, positive.
            after: samples already there.

        Returns:
            The sample, or None if it lies beyond a thousand million.

        """
        if drift * FARTHEST < self._open_bound(FARTHEST):
            return None
        within = max(math.ceil(self.ceiling / drift), after + 1)
        crossing = self._open_crossing(drift, after)
        return min(within, crossing) if within <= self.horizon else crossing

    def _open_bound(self, samples: int) -> float:
        return mixture_bound(samples, self.rho, (1.0 - HORIZON_SHARE) * self.level, "greater")

    def _open_crossing(self, drift: float, after: int) -> int:
        low, high = after, FARTHEST
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if drift * middle >= self._open_bound(middle) else (middle, high)
        return high
