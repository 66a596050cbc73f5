"""What a comparison says."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from shadow_stats.design import Design, Sides


class Verdict(StrEnum):
    """What the evidence so far says of the challenger against the champion."""

    BETTER = "Better"
    EQUIVALENT = "Equivalent"
    WORSE = "Worse"
    INCONCLUSIVE = "Inconclusive"


class ConfidenceInterval(NamedTuple):
    """The effects that the data have not ruled out, in units of the effect."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ComparisonResult:
    """One reading of a sequential comparison, challenger minus champion, so that positive is better.

    Attributes:
        statistic: effect over its standard error at this moment; nan while the data do not vary.
        pvalue: valid at any time: its running minimum over all looks, 1 before the burn-in is over.
            It is not adjusted for the number of comparisons.
        pvalue_better: the same against "not better" (an effect of at most the design's minimum); `pvalue` is twice the
            smaller of the two and at most 1, or this one where the design looks for nothing else.
        pvalue_worse: the same against "not worse"; 1 where the design does not look for it.
        effect: estimate of the effect; nan without data.
        low: lower end of the confidence sequence.
        high: upper end of the confidence sequence.
        log_e_value: natural logarithm of the two-sided e-value now (no running maximum); 0 before the burn-in is over.
        log_e_better: the same for "better".
        log_e_worse: the same for "worse".
        samples: rows seen.
        nonzero_samples: rows that carry information.
        samples_needed: estimate of the further rows until a verdict if effect and variance stay as they are; 0 once
            there is one, None when unknown.
        verdict: what follows at the level of the design.
        non_inferior: the effect is above minus the design's margin; with a margin of 0, above 0.
        withheld: why looks count for nothing at present, in a sentence; None while they count.

    """

    statistic: float
    pvalue: float
    pvalue_better: float
    pvalue_worse: float
    effect: float
    low: float
    high: float
    log_e_value: float
    log_e_better: float
    log_e_worse: float
    samples: int
    nonzero_samples: int
    samples_needed: int | None
    verdict: Verdict
    non_inferior: bool
    withheld: str | None = None

    def confidence_interval(self) -> ConfidenceInterval:
        """Return the intersection of the intervals of all looks, at the level of the design.

        Covers the effect at all times at once. It is (-inf, inf) before the burn-in is over, and (nan, nan) when
        looks contradict each other: then no constant effect fits the data.
        """
        return ConfidenceInterval(self.low, self.high)


def intersection(low: float, high: float) -> ConfidenceInterval:
    """Return what the largest lower and the smallest upper end of all looks leave; (nan, nan) where nothing is left."""
    return ConfidenceInterval(low, high) if low <= high else ConfidenceInterval(math.nan, math.nan)


def concluded(design: Design, interval: ConfidenceInterval) -> Verdict:
    """Return what follows from the intersection of all intervals so far, at the level of `design`."""
    low, high = interval
    if not low <= high:
        return Verdict.INCONCLUSIVE
    if design.margin > 0.0 and -design.margin <= low and high <= design.margin:
        return Verdict.EQUIVALENT
    if low >= design.minimum_effect:
        return Verdict.BETTER
    return Verdict.WORSE if high <= 0.0 else Verdict.INCONCLUSIVE


def both_sides(design: Design, pvalue_better: float, pvalue_worse: float) -> float:
    """Return the p-value of "no difference" in the directions that `design` looks in."""
    if design.sides is Sides.GREATER:
        return pvalue_better
    return min(1.0, 2.0 * min(pvalue_better, pvalue_worse))


def either_side(design: Design, log_e_better: float, log_e_worse: float) -> float:
    """Return the log e-value of "no difference": the mean of the e-values of the directions that `design` looks in."""
    if design.sides is Sides.GREATER:
        return log_e_better
    return float(np.logaddexp(log_e_better, log_e_worse)) - math.log(2.0)
