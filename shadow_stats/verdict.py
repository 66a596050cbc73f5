"""What a comparison says."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


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
        pvalue: two-sided and valid at any time: its running minimum over all looks, 1 before the burn-in is over.
            It is not adjusted for the number of comparisons.
        pvalue_better: the same against "not better"; `pvalue` is twice the smaller of the two, at most 1.
        pvalue_worse: the same against "not worse".
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

    def confidence_interval(self) -> ConfidenceInterval:
        """Return the intersection of the intervals of all looks, at the level of the design.

        Covers the effect at all times at once. It is (-inf, inf) before the burn-in is over, and (nan, nan) when
        looks contradict each other: then no constant effect fits the data.
        """
        return ConfidenceInterval(self.low, self.high)
