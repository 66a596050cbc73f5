"""Does the challenger win more of the decided pairs? Exact at every number of pairs, under continuous looking."""

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincc, betaln

from shadow_stats.boundary import FARTHEST, Alternative, mixture_rho
from shadow_stats.checkpoint import opened, sealed
from shadow_stats.design import Design, Sides
from shadow_stats.series import checked
from shadow_stats.verdict import (
    ComparisonResult,
    ConfidenceInterval,
    Verdict,
    both_sides,
    concluded,
    either_side,
    intersection,
)

_KIND = "PairedSign"
_COUNTS = ("wins", "losses", "ties")
_SEQUENCE = ("pvalue_better", "pvalue_worse", "low", "high")
_KEYS = frozenset({"design", *_COUNTS, *_SEQUENCE})
_HALVINGS = 60


def sign_precision(planned: int, alpha: float) -> float:
    """Return the precision of the beta prior whose interval is narrowest at about `planned` decided pairs.

    Source: Howard, Ramdas, McAuliffe and Sekhon (2021), "Time-uniform, nonparametric, nonasymptotic confidence
    sequences": the beta law of their mixture has the variance of the normal one.
    """
    return max(mixture_rho(planned, alpha) - 1.0, 1.0)


def sign_log_e(
    wins: int, losses: int, probability: float, precision: float, alternative: Alternative = "two-sided"
) -> float:
    """Return the log e-value against "each decided pair is won with probability `probability`" (or less).

    The likelihood ratio of a chance q against `probability`, mixed over q by a beta law with mean `probability` and
    parameters that sum to `precision`; for "greater" that law is cut to q > `probability`. It is a martingale at every
    number of pairs, without approximation, so 1/e is a p-value at any time (Ville). Minus infinity stands for an
    e-value too small for a float.

    Args:
        wins: pairs won.
        losses: pairs lost.
        probability: under the null, above 0 and below 1.
        precision: positive, fixed in advance.
        alternative: "two-sided" or "greater".

    Source: Robbins (1970), "Statistical methods related to the law of the iterated logarithm"; the beta-binomial
    mixtures of Howard, Ramdas, McAuliffe and Sekhon (2021).

    """
    prior_wins, prior_losses = precision * probability, precision * (1.0 - probability)
    log_e = float(betaln(prior_wins + wins, prior_losses + losses) - betaln(prior_wins, prior_losses))
    log_e -= wins * math.log(probability) + losses * math.log1p(-probability)
    if alternative == "two-sided":
        return log_e
    after = float(betaincc(prior_wins + wins, prior_losses + losses, probability))
    before = float(betaincc(prior_wins, prior_losses, probability))
    return log_e + math.log(after / before) if after > 0.0 else -math.inf


class PairedSign:
    """Sequential sign test of paired differences, and a confidence sequence for the chance to win a decided pair.

    A pair is decided when its difference is not zero. The error rate is exact from the first pair on, whatever the law
    of the differences; each decided pair's chance to be won may depend on the past, as long as it is at most one half
    under the null at every step. The interval assumes one constant chance. Give differences of win indicators for an
    anytime-valid McNemar test.

    The effect is the share won minus one half, between -.5 and .5; the design's margin is in this unit, and its burn-in
    is not needed.

    Source: the beta-binomial mixture of `sign_log_e`, one for each direction that the design looks in.
    """

    __slots__ = ("_counts", "_design", "_high", "_low", "_precision", "_pvalue_better", "_pvalue_worse")

    def __init__(self, design: Design) -> None:
        if design.minimum_effect >= 0.5:
            raise ValueError(
                f"minimum_effect is {design.minimum_effect}: a share of wins is less than 0.5 above one half."
            )
        self._design = design
        self._precision = sign_precision(design.planned_samples, design.level)
        self._counts = dict.fromkeys(_COUNTS, 0)
        self._pvalue_better = self._pvalue_worse = 1.0
        self._low, self._high = -0.5, 0.5

    @property
    def design(self) -> Design:
        """The terms fixed before the first look."""
        return self._design

    def update(self, differences: ArrayLike) -> None:
        """Add the next pairs, then take one look.

        Args:
            differences: challenger minus champion, higher is better; shape (n,), any unit.

        Raises:
            ValueError: not one-dimensional, or an entry is nan, infinite or beyond 1e60 in size; nothing is added then.

        """
        values = checked("differences", differences)
        signs = (values > 0.0, values < 0.0, values == 0.0)
        for name, sign in zip(_COUNTS, signs, strict=True):
            self._counts[name] += int(np.count_nonzero(sign))
        self._look()

    def merge(self, later: Self) -> Self:
        """Return the test of these pairs followed by those of `later`, bit for bit as if they had come in one batch.

        The counts add, in any order. The looks that `later` took by itself were at other evidence: they do not count,
        and one is taken now.

        Raises:
            ValueError: the designs differ.

        """
        if later.design != self._design:
            raise ValueError(f"later has {later.design}: it must have the same design, {self._design}.")
        merged: Self = type(self).from_json(self.to_json())
        merged._counts = {name: count + later._counts[name] for name, count in self._counts.items()}
        merged._look()
        return merged

    def result(self) -> ComparisonResult:
        """Return what the looks so far say of the chance to win a decided pair, less one half."""
        wins, losses, ties = self._counts.values()
        decided, interval = wins + losses, self._interval()
        verdict = concluded(self._design, interval)
        better, worse = self._log_e_values()
        return ComparisonResult(
            statistic=(wins - losses) / math.sqrt(decided) if decided else math.nan,
            pvalue=both_sides(self._design, self._pvalue_better, self._pvalue_worse),
            pvalue_better=self._pvalue_better,
            pvalue_worse=self._pvalue_worse,
            effect=wins / decided - 0.5 if decided else math.nan,
            low=interval.low,
            high=interval.high,
            log_e_value=either_side(self._design, better, worse),
            log_e_better=better,
            log_e_worse=worse,
            samples=decided + ties,
            nonzero_samples=decided,
            samples_needed=self._samples_needed(verdict),
            verdict=verdict,
            non_inferior=interval.low >= -self._design.margin,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, under 4 KB, from which `from_json` resumes bit for bit."""
        sequence = (self._pvalue_better, self._pvalue_worse, self._low, self._high)
        body = {"design": self._design.to_json(), **self._counts, **dict(zip(_SEQUENCE, sequence, strict=True))}
        return sealed(_KIND, body)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Resume what `to_json` wrote.

        Raises:
            ValueError: `data` is of another kind or version, or not whole.
            TypeError: a term of its design is unknown or missing.

        """
        found = opened(_KIND, data, _KEYS)
        state = cls(Design.from_json(found["design"]))
        state._counts = {name: found[name] for name in _COUNTS}
        state._pvalue_better, state._pvalue_worse, state._low, state._high = (found[name] for name in _SEQUENCE)
        return state

    def _log_e_values(self) -> tuple[float, float]:
        """Return those of "better" and of "worse", 0 where the design does not look for it."""
        wins, losses, _ = self._counts.values()
        better = sign_log_e(wins, losses, 0.5 + self._design.minimum_effect, self._precision, "greater")
        if self._design.sides is Sides.GREATER:
            return better, 0.0
        return better, sign_log_e(losses, wins, 0.5, self._precision, "greater")

    def _look(self) -> None:
        wins, losses, _ = self._counts.values()
        better, worse = self._log_e_values()
        self._pvalue_better = min(self._pvalue_better, math.exp(min(-better, 0.0)))
        self._low = self._lowest_chance(wins, losses, 0.5 + self._low) - 0.5
        if self._design.sides is Sides.TWO_SIDED:
            self._pvalue_worse = min(self._pvalue_worse, math.exp(min(-worse, 0.0)))
            self._high = 0.5 - self._lowest_chance(losses, wins, 0.5 - self._high)

    def _interval(self) -> ConfidenceInterval:
        return intersection(self._low, self._high)

    def _lowest_chance(self, wins: int, losses: int, known: float) -> float:
        """Return the smallest chance to win, from `known` on, that is not rejected in favour of a larger one."""
        if wins == 0 or (known > 0.0 and not self._is_rejected(known, wins, losses)):
            return known
        low, high = known, max(wins / (wins + losses), known)
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if self._is_rejected(middle, wins, losses) else (low, middle)
        return low

    def _is_rejected(self, chance: float, wins: int, losses: int) -> bool:
        return sign_log_e(wins, losses, chance, self._precision, "greater") >= -math.log(self._design.side_level)

    def _samples_needed(self, verdict: Verdict) -> int | None:
        if verdict is not Verdict.INCONCLUSIVE:
            return 0
        wins, losses, ties = self._counts.values()
        decided = wins + losses
        if wins == losses or self._low > self._high:
            return None
        share = max(wins / decided - self._design.minimum_effect, losses / decided)
        until = self._decided_until(share, decided) if share > 0.5 else None
        return None if until is None else math.ceil((until - decided) * (1.0 + ties / decided))

    def _decided_until(self, share: float, after: int) -> int | None:
        """Return the number of decided pairs at which winning exactly `share` of them rejects one half."""
        target = -math.log(self._design.side_level)
        low, high = after, after + 1
        while sign_log_e(round(share * high), high - round(share * high), 0.5, self._precision, "greater") < target:
            low, high = high, 2 * high
            if high > FARTHEST:
                return None
        while high - low > 1:
            middle = (low + high) // 2
            wins = round(share * middle)
            reached = sign_log_e(wins, middle - wins, 0.5, self._precision, "greater") >= target
            low, high = (low, middle) if reached else (middle, high)
        return high
