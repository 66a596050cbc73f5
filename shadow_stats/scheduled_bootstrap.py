"""Is the challenger's mean result better, by a bootstrap? A few looks, planned in advance, share the error budget."""

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shadow_stats.checkpoint import opened, packed, sealed, unpacked
from shadow_stats.design import Design, Guarantee
from shadow_stats.pnl_bootstrap import bootstrap
from shadow_stats.series import checked
from shadow_stats.verdict import ComparisonResult, both_sides, concluded, intersection

_KIND = "BootstrapMean"
_KEYS = frozenset({"design", "blocks", "length", "rest", "samples", "nonzero", "looks", "next", "pvalues", "interval"})
# The state stays small: once there are more blocks, neighbours are joined.
_MOST_BLOCKS = 1024
_RESAMPLES = 9_999


class BootstrapMean:
    """Test of the mean of paired differences by the studentised circular block bootstrap.

    A bootstrap holds for one look, so looks are few: the first at the design's planned samples, the next each time that
    these have doubled. Look k spends 2**-k of the budget, k = 1, 2, ..., so that all of them together spend at most the
    whole: its p-value counts 2**k fold, and the running minimum of these is valid at any time (union bound).

    Above 1,024 differences the bootstrap resamples means of stretches of equal length, at least 512 of them. They hold
    the dependence within a stretch as it is, and the block length found among them takes care of the rest.

    Raises:
        ValueError: the design's guarantee is not asymptotic.

    Source: Politis and Romano (1992), "A circular block-resampling procedure for stationary data"; studentised as by
    Goetze and Kuensch (1996), "Second-order correctness of the blockwise bootstrap for stationary observations".

    """

    __slots__ = (
        "_blocks", "_design", "_high", "_length", "_looks", "_low", "_next", "_nonzero", "_pvalues", "_rest", "_samples"
    )  # fmt: skip

    def __init__(self, design: Design) -> None:
        if design.guarantee is not Guarantee.ASYMPTOTIC:
            raise ValueError(f"guarantee is {design.guarantee}: a bootstrap is {Guarantee.ASYMPTOTIC} only.")
        self._design = design
        self._blocks: list[float] = []
        self._length = 1
        self._rest: list[float] = []
        self._samples = self._nonzero = self._looks = 0
        self._next = max(design.planned_samples, design.burn_in)
        self._pvalues = (1.0, 1.0)
        self._low, self._high = -math.inf, math.inf

    @property
    def design(self) -> Design:
        """The terms fixed before the first look."""
        return self._design

    def update(self, differences: ArrayLike) -> None:
        """Add the next differences, then look if a look is due.

        Args:
            differences: challenger minus champion, higher is better, in their order in time; shape (n,), any unit.

        Raises:
            ValueError: not one-dimensional, or an entry is nan, infinite or beyond 1e60 in size; nothing is added then.

        """
        values = checked("differences", differences)
        self._samples += values.size
        self._nonzero += int(np.count_nonzero(values))
        for value in values.tolist():
            self._add(value)
        if self._samples >= self._next and self._nonzero >= self._design.minimum_nonzero:
            self._look()

    def result(self) -> ComparisonResult:
        """Return what the looks so far say of the mean difference; the effect is in units of the differences."""
        better, worse = self._pvalues
        interval = intersection(self._low, self._high)
        total = sum(self._blocks) * self._length + sum(self._rest)
        verdict = concluded(self._design, interval)
        waits = f"Look {self._looks + 1} comes at {self._next} samples, {self._samples} so far."
        return ComparisonResult(
            statistic=math.nan,
            pvalue=both_sides(self._design, better, worse),
            pvalue_better=better,
            pvalue_worse=worse,
            effect=total / self._samples if self._samples else math.nan,
            low=interval.low,
            high=interval.high,
            log_e_value=0.0,
            log_e_better=0.0,
            log_e_worse=0.0,
            samples=self._samples,
            nonzero_samples=self._nonzero,
            samples_needed=None,
            verdict=verdict,
            non_inferior=interval.low >= -self._design.margin,
            withheld=waits if self._looks == 0 else None,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, under 12 KB, from which `from_json` resumes bit for bit."""
        return sealed(
            _KIND,
            {
                "design": self._design.to_json(),
                "blocks": packed(np.asarray(self._blocks)),
                "length": self._length,
                "rest": self._rest,
                "samples": self._samples,
                "nonzero": self._nonzero,
                "looks": self._looks,
                "next": self._next,
                "pvalues": list(self._pvalues),
                "interval": [None if math.isinf(end) else end for end in (self._low, self._high)],
            },
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Resume what `to_json` wrote.

        Raises:
            ValueError: `data` is of another kind or version, or not whole.
            TypeError: a term of its design is unknown or missing.

        """
        found = opened(_KIND, data, _KEYS)
        state = cls(Design.from_json(found["design"]))
        state._length, state._rest = found["length"], list(found["rest"])
        state._samples, state._nonzero = found["samples"], found["nonzero"]
        count = (state._samples - len(state._rest)) // state._length
        state._blocks = unpacked(_KIND, found["blocks"], (count,)).tolist()
        state._looks, state._next = found["looks"], found["next"]
        better, worse = found["pvalues"]
        state._pvalues = (better, worse)
        low, high = found["interval"]
        state._low, state._high = -math.inf if low is None else low, math.inf if high is None else high
        return state

    def _add(self, value: float) -> None:
        self._rest.append(value)
        if len(self._rest) < self._length:
            return
        self._blocks.append(sum(self._rest) / self._length)
        self._rest = []
        if len(self._blocks) > _MOST_BLOCKS:
            # The odd one becomes the first half of a new stretch, as its mean: the sums stay what they were.
            *even, last = self._blocks
            self._blocks = [0.5 * (a + b) for a, b in zip(even[::2], even[1::2], strict=True)]
            self._rest = [last] * self._length
            self._length *= 2

    def _look(self) -> None:
        self._looks += 1
        while self._next <= self._samples:
            self._next *= 2
        blocks = np.asarray(self._blocks)
        if np.ptp(blocks) == 0.0:
            return
        spent = 2.0**-self._looks
        better, worse = self._pvalues
        found = _bootstrapped(blocks, self._design.minimum_effect, seed=self._looks)
        self._pvalues = min(better, found.better / spent, 1.0), min(worse, found.worse / spent, 1.0)
        low, high = found.interval(2.0 * self._design.side_level * spent)
        self._low, self._high = max(self._low, low), min(self._high, high)


class _Bootstrapped:
    """One look: p-values against a mean of at most `least` and of at least 0, and intervals."""

    def __init__(self, mean: float, error: float, ratios: NDArray[np.float64], least: float) -> None:
        self._mean, self._error, self._ratios = mean, error, ratios
        count = ratios.size + 1
        self.better = (1 + int(np.sum(ratios >= (mean - least) / error))) / count
        self.worse = (1 + int(np.sum(ratios <= mean / error))) / count

    def interval(self, alpha: float) -> tuple[float, float]:
        """The equal-tailed interval that misses the mean with probability `alpha`."""
        low, high = np.quantile(self._ratios, [0.5 * alpha, 1.0 - 0.5 * alpha])
        return self._mean - float(high) * self._error, self._mean - float(low) * self._error


def _bootstrapped(blocks: NDArray[np.float64], least: float, seed: int) -> _Bootstrapped:
    # A seed of the look's own, so that a replay finds the same figures.
    mean = bootstrap(blocks, n_resamples=_RESAMPLES, studentised=True, rng=seed).mean
    ratios = mean.studentised_distribution
    return _Bootstrapped(mean.estimate, mean.estimate_error, ratios[np.isfinite(ratios)], least)
