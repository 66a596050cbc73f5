"""The part that every sequential comparison shares: from an estimate at each look to a verdict valid at all of them."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from shadow_stats.boundary import HybridBoundary, mixture_log_e
from shadow_stats.checkpoint import whole
from shadow_stats.design import Design, Sides
from shadow_stats.verdict import ComparisonResult, ConfidenceInterval, Verdict, both_sides, concluded

_KEYS = frozenset({"pvalue_better", "pvalue_worse", "low", "high"})


class Estimate(NamedTuple):
    """What the data say at one look.

    Attributes:
        effect: estimated effect, challenger minus champion.
        variance: long-run variance, so that the effect's own variance is `variance / samples`; 0 when unknown.
        samples: rows seen.
        nonzero: rows that carry information.

    """

    effect: float
    variance: float
    samples: int
    nonzero: int


class ConfidenceSequence:
    """Running p-values of both directions and the running intersection of intervals, by the hybrid boundary.

    For the duality of test and interval both come from one pair of one-sided boundaries, each at the design's level of
    one side.
    """

    __slots__ = ("_boundary", "_design", "_high", "_low", "_pvalue_better", "_pvalue_worse")

    def __init__(self, design: Design) -> None:
        self._design = design
        self._boundary = HybridBoundary.planned(design.side_level, design.planned_samples)
        self._pvalue_better = self._pvalue_worse = 1.0
        self._low, self._high = -math.inf, math.inf

    def look(self, estimate: Estimate) -> None:
        """Take one look. The error rate holds for any number of them; the same look twice changes nothing."""
        if not self._ready(estimate):
            return
        effect, variance, samples, _ = estimate
        per_scale = samples / math.sqrt(variance)
        half_width = self._boundary.bound(samples) / per_scale
        gain = effect - self._design.minimum_effect
        self._pvalue_better = min(self._pvalue_better, self._boundary.pvalue(gain * per_scale, samples))
        self._low = max(self._low, effect - half_width)
        if self._design.sides is Sides.TWO_SIDED:
            self._pvalue_worse = min(self._pvalue_worse, self._boundary.pvalue(-effect * per_scale, samples))
            self._high = min(self._high, effect + half_width)

    def result(self, estimate: Estimate) -> ComparisonResult:
        """Read all looks so far together with the present `estimate`."""
        effect, variance, samples, nonzero = estimate
        score = effect * samples / math.sqrt(variance) if variance > 0.0 else math.nan
        gain = score - self._design.minimum_effect * samples / math.sqrt(variance) if variance > 0.0 else math.nan
        ready = self._ready(estimate)
        interval = self._interval()
        verdict = concluded(self._design, interval)
        return ComparisonResult(
            statistic=score / math.sqrt(samples) if samples else math.nan,
            pvalue=both_sides(self._design, self._pvalue_better, self._pvalue_worse),
            pvalue_better=self._pvalue_better,
            pvalue_worse=self._pvalue_worse,
            effect=effect,
            low=interval.low,
            high=interval.high,
            log_e_value=mixture_log_e(score, samples, self._boundary.rho) if ready else 0.0,
            log_e_better=self._boundary.log_e(gain, samples) if ready else 0.0,
            log_e_worse=self._boundary.log_e(-score, samples) if ready else 0.0,
            samples=samples,
            nonzero_samples=nonzero,
            samples_needed=self._samples_needed(estimate, verdict),
            verdict=verdict,
            non_inferior=interval.low >= -self._design.margin,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values from which `from_json` resumes bit for bit; an end at infinity is None."""
        return {
            "pvalue_better": self._pvalue_better,
            "pvalue_worse": self._pvalue_worse,
            "low": self._low if self._low > -math.inf else None,
            "high": self._high if self._high < math.inf else None,
        }

    @classmethod
    def from_json(cls, design: Design, data: Mapping[str, Any]) -> Self:
        """Resume under `design` what `to_json` wrote.

        Raises:
            ValueError: a part is missing.

        """
        found = whole("ConfidenceSequence", data, _KEYS)
        state = cls(design)
        state._pvalue_better, state._pvalue_worse = found["pvalue_better"], found["pvalue_worse"]
        state._low = -math.inf if found["low"] is None else found["low"]
        state._high = math.inf if found["high"] is None else found["high"]
        return state

    def _ready(self, estimate: Estimate) -> bool:
        return (
            estimate.samples >= self._design.minimum_samples
            and estimate.nonzero >= self._design.minimum_nonzero
            and estimate.variance > 0.0
        )

    def _interval(self) -> ConfidenceInterval:
        if self._low > self._high:
            return ConfidenceInterval(math.nan, math.nan)
        return ConfidenceInterval(self._low, self._high)

    def _samples_needed(self, estimate: Estimate, verdict: Verdict) -> int | None:
        if verdict is not Verdict.INCONCLUSIVE:
            return 0
        effect, margin = estimate.effect, self._design.margin
        half_width = max(effect - self._design.minimum_effect, -effect, margin - abs(effect))
        if self._low > self._high or not self._ready(estimate) or half_width <= 0.0:
            return None
        until = self._boundary.samples_until(half_width / math.sqrt(estimate.variance), estimate.samples)
        return None if until is None else until - estimate.samples
