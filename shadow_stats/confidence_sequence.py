"""The part that every sequential comparison shares: from an estimate at each look to a verdict valid at all of them."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from shadow_stats.boundary import HORIZON_STRETCH, HybridBoundary
from shadow_stats.checkpoint import whole
from shadow_stats.design import Dependence, Design, Guarantee, Sides
from shadow_stats.verdict import ComparisonResult, Verdict, both_sides, concluded, either_side, intersection

_KEYS = frozenset({"pvalue_better", "pvalue_worse", "low", "high", "has_reached_up", "has_reached_down", "last_look"})
# The variance under regimes is estimated high rather than low: the same power takes a longer horizon.
HORIZON_STRETCHES = {Dependence.SHORT: HORIZON_STRETCH, Dependence.REGIMES: 1.45}


class Estimate(NamedTuple):
    """What the data say at one look.

    Attributes:
        effect: estimated effect, challenger minus champion.
        variance: long-run variance, so that the effect's own variance is `variance / samples`; 0 when unknown.
        samples: rows seen.
        nonzero: rows that carry information.
        doubt: why the variance can't be relied on, in a sentence; None if it can.

    """

    effect: float
    variance: float
    samples: int
    nonzero: int
    doubt: str | None = None


class ConfidenceSequence:
    """Running p-values of both directions and the running intersection of intervals, by the hybrid boundary.

    For the duality of test and interval both come from one pair of one-sided boundaries, each at the design's level of
    one side.
    """

    __slots__ = (
        "_boundary",
        "_design",
        "_has_reached_down",
        "_has_reached_up",
        "_high",
        "_last_look",
        "_low",
        "_pvalue_better",
        "_pvalue_worse",
    )

    def __init__(self, design: Design) -> None:
        if design.guarantee is not Guarantee.ASYMPTOTIC:
            raise ValueError(f"guarantee is {design.guarantee}: only BoundedMean gives it; here it must be Asymptotic.")
        self._design = design
        stretch = HORIZON_STRETCHES[design.dependence]
        self._boundary = HybridBoundary.planned(design.side_level, design.expected_samples, stretch, design.look_every)
        self._pvalue_better = self._pvalue_worse = 1.0
        self._low, self._high = -math.inf, math.inf
        self._has_reached_up = self._has_reached_down = False
        self._last_look = 0

    def look(self, estimate: Estimate) -> None:
        """Take one look, unless the design wants more rows before it. The error rate holds for any number of them."""
        if not self._counts(estimate) or estimate.samples < self._last_look + self._design.look_every:
            return
        self._last_look = estimate.samples
        effect, variance, samples = estimate.effect, estimate.variance, estimate.samples
        per_scale = samples / math.sqrt(variance)
        half_width = self._boundary.bound(samples) / per_scale
        up = (effect - self._design.minimum_effect) * per_scale
        self._pvalue_better = min(self._pvalue_better, self._boundary.pvalue(up, samples))
        self._has_reached_up |= self._boundary.reaches_ceiling(up, samples)
        self._low = max(self._low, effect - half_width)
        if self._design.sides is Sides.TWO_SIDED:
            down = -effect * per_scale
            self._pvalue_worse = min(self._pvalue_worse, self._boundary.pvalue(down, samples))
            self._has_reached_down |= self._boundary.reaches_ceiling(down, samples)
            self._high = min(self._high, effect + half_width)

    def result(self, estimate: Estimate) -> ComparisonResult:
        """Read all looks so far together with the present `estimate`; while that is in doubt they say nothing."""
        said = ConfidenceSequence(self._design) if estimate.doubt is not None else self
        return said._said(estimate)  # noqa: SLF001 - it is of this class

    def _said(self, estimate: Estimate) -> ComparisonResult:
        effect, samples = estimate.effect, estimate.samples
        per_scale = samples / math.sqrt(estimate.variance) if estimate.variance > 0.0 else math.nan
        better, worse = self._log_e_values(estimate, per_scale)
        interval = intersection(self._low, self._high)
        verdict = concluded(self._design, interval)
        return ComparisonResult(
            statistic=effect * per_scale / math.sqrt(samples) if samples else math.nan,
            pvalue=both_sides(self._design, self._pvalue_better, self._pvalue_worse),
            pvalue_better=self._pvalue_better,
            pvalue_worse=self._pvalue_worse,
            effect=effect,
            low=interval.low,
            high=interval.high,
            log_e_value=either_side(self._design, better, worse),
            log_e_better=better,
            log_e_worse=worse,
            samples=samples,
            nonzero_samples=estimate.nonzero,
            samples_needed=self._samples_needed(estimate, verdict),
            verdict=verdict,
            non_inferior=interval.low >= -self._design.margin,
            withheld=estimate.doubt,
        )

    def _log_e_values(self, estimate: Estimate, per_scale: float) -> tuple[float, float]:
        if not self._counts(estimate):
            return 0.0, 0.0
        up, down = (estimate.effect - self._design.minimum_effect) * per_scale, -estimate.effect * per_scale
        better = self._boundary.log_e(up, estimate.samples, has_reached_ceiling=self._has_reached_up)
        if self._design.sides is Sides.GREATER:
            return better, 0.0
        return better, self._boundary.log_e(down, estimate.samples, has_reached_ceiling=self._has_reached_down)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values from which `from_json` resumes bit for bit; an end at infinity is None."""
        return {
            "pvalue_better": self._pvalue_better,
            "pvalue_worse": self._pvalue_worse,
            "low": self._low if self._low > -math.inf else None,
            "high": self._high if self._high < math.inf else None,
            "has_reached_up": self._has_reached_up,
            "has_reached_down": self._has_reached_down,
            "last_look": self._last_look,
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
        state._last_look = found["last_look"]
        state._has_reached_up, state._has_reached_down = found["has_reached_up"], found["has_reached_down"]
        state._low = -math.inf if found["low"] is None else found["low"]
        state._high = math.inf if found["high"] is None else found["high"]
        return state

    def _counts(self, estimate: Estimate) -> bool:
        return (
            estimate.samples >= self._design.burn_in
            and estimate.nonzero >= self._design.minimum_nonzero
            and estimate.variance > 0.0
            and estimate.doubt is None
        )

    def _samples_needed(self, estimate: Estimate, verdict: Verdict) -> int | None:
        if verdict is not Verdict.INCONCLUSIVE:
            return 0
        effect, margin = estimate.effect, self._design.margin
        half_width = effect - self._design.minimum_effect
        if self._design.sides is Sides.TWO_SIDED:
            half_width = max(half_width, -effect, margin - abs(effect))
        if self._low > self._high or not self._counts(estimate) or half_width <= 0.0:
            return None
        until = self._boundary.samples_until(half_width / math.sqrt(estimate.variance), estimate.samples)
        return None if until is None else until - estimate.samples
