"""Is the challenger's mean result better, by a bootstrap? A few looks, planned in advance, share the error budget."""

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shadow_stats import planned_looks, stretches
from shadow_stats.checkpoint import opened, sealed
from shadow_stats.design import Design, Guarantee
from shadow_stats.planned_looks import PlannedLooks
from shadow_stats.pnl_bootstrap import bootstrap
from shadow_stats.series import checked
from shadow_stats.stretches import Stretches
from shadow_stats.verdict import ComparisonResult

_KIND = "BootstrapMean"
_KEYS = frozenset({"design", "samples", "nonzero"}) | planned_looks.KEYS | stretches.KEYS
_RESAMPLES = 9_999


class BootstrapMean:
    """Test of the mean of paired differences by the studentised circular block bootstrap, at few planned looks.

    Above 1,024 differences the bootstrap resamples means of stretches of equal length, at least 512 of them. They hold
    the dependence within a stretch as it is, and the block length found among them takes care of the rest.

    Raises:
        ValueError: the design's guarantee is not asymptotic.

    Source: Politis and Romano (1992), "A circular block-resampling procedure for stationary data"; studentised as by
    Goetze and Kuensch (1996), "Second-order correctness of the blockwise bootstrap for stationary observations".

    """

    __slots__ = ("_design", "_looks", "_nonzero", "_samples", "_series")

    def __init__(self, design: Design) -> None:
        if design.guarantee is not Guarantee.ASYMPTOTIC:
            raise ValueError(f"guarantee is {design.guarantee}: a bootstrap is {Guarantee.ASYMPTOTIC} only.")
        self._design = design
        self._looks = PlannedLooks(design)
        self._series = Stretches()
        self._samples = self._nonzero = 0

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
        self._series.extend(values.tolist())
        if self._looks.is_due(self._samples) and self._nonzero >= self._design.minimum_nonzero:
            self._look()

    def result(self) -> ComparisonResult:
        """Return what the looks so far say of the mean difference; the effect is in units of the differences."""
        effect = self._series.total / self._samples if self._samples else math.nan
        return self._looks.result(effect, self._samples, self._nonzero)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, under 12 KB, from which `from_json` resumes bit for bit."""
        counts = {"samples": self._samples, "nonzero": self._nonzero}
        body = {"design": self._design.to_json(), **counts, **self._series.to_json(), **self._looks.to_json()}
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
        state._samples, state._nonzero = found["samples"], found["nonzero"]
        state._series = Stretches.from_json(_KIND, found, state._samples)
        state._looks = PlannedLooks.from_json(state._design, found)
        return state

    def _look(self) -> None:
        number = self._looks.begin(self._samples)
        blocks = self._series.means
        if np.ptp(blocks) == 0.0:
            return
        found = _bootstrapped(blocks, self._design.minimum_effect, seed=number)
        self._looks.add(found.better, found.worse, *found.interval(self._looks.level))


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
