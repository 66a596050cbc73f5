"""Is the challenger's Sharpe ratio better, by a bootstrap? A few looks, planned in advance, share the error budget."""

import math
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from shadow_stats import planned_looks
from shadow_stats.checkpoint import opened, sealed
from shadow_stats.design import Design, Guarantee
from shadow_stats.planned_looks import PlannedLooks
from shadow_stats.series import checked_pair
from shadow_stats.sharpe_bootstrap import SharpeBootstrapReport, ledoit_wolf_bootstrap
from shadow_stats.stretches import Stretches
from shadow_stats.verdict import ComparisonResult

_KIND = "BootstrapSharpe"
_KEYS = frozenset({"design", "samples", "nonzero", "challenger", "champion"}) | planned_looks.KEYS
_RESAMPLES = 4_999


class BootstrapSharpe:
    """Test of the difference of two Sharpe ratios by the bootstrap of Ledoit and Wolf, at few planned looks.

    Both sides of the symmetric test share its p-value. Above 1,024 pairs it judges means of stretches of equal length,
    whose ratio is that of a sample times the root of the length where results do not depend on each other; effects and
    intervals are given per sample by that root.

    Raises:
        ValueError: the design's guarantee is not asymptotic.

    Source: Ledoit and Wolf (2008), "Robust performance hypothesis testing with the Sharpe ratio", section 3.2.2.

    """

    __slots__ = ("_challenger", "_champion", "_design", "_looks", "_nonzero", "_samples")

    def __init__(self, design: Design) -> None:
        if design.guarantee is not Guarantee.ASYMPTOTIC:
            raise ValueError(f"guarantee is {design.guarantee}: a bootstrap is {Guarantee.ASYMPTOTIC} only.")
        self._design = design
        self._looks = PlannedLooks(design)
        self._challenger, self._champion = Stretches(), Stretches()
        self._samples = self._nonzero = 0

    @property
    def design(self) -> Design:
        """The terms fixed before the first look; its effects are ratios a sample."""
        return self._design

    def update(self, challenger: ArrayLike, champion: ArrayLike) -> None:
        """Add the next pairs, then look if a look is due.

        Args:
            challenger: profit and loss or returns, in their order in time; shape (n,), any unit.
            champion: the same of the champion at the same times; shape (n,).

        Raises:
            ValueError: the lengths differ, a series is not one-dimensional, or an entry is nan, infinite or beyond 1e60
                in size; nothing is added then.

        """
        own, other = checked_pair(challenger, champion)
        self._samples += own.size
        self._nonzero += int(np.count_nonzero(own != other))
        self._challenger.extend(own.tolist())
        self._champion.extend(other.tolist())
        if self._looks.is_due(self._samples) and self._nonzero >= self._design.minimum_nonzero:
            self._look()

    def result(self) -> ComparisonResult:
        """Return what the looks so far say of the difference of the ratios, a sample."""
        return self._looks.result(self._effect(), self._samples, self._nonzero)

    def _effect(self) -> float:
        own, other = self._challenger.means, self._champion.means
        if own.size < 2 or np.ptp(own) == 0.0 or np.ptp(other) == 0.0:
            return math.nan
        difference = own.mean() / own.std() - other.mean() / other.std()
        return float(difference) / math.sqrt(self._challenger.length)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values, under 24 KB, from which `from_json` resumes bit for bit."""
        streams = {"challenger": self._challenger.to_json(), "champion": self._champion.to_json()}
        counts = {"samples": self._samples, "nonzero": self._nonzero}
        return sealed(_KIND, {"design": self._design.to_json(), **counts, **streams, **self._looks.to_json()})

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
        state._challenger = Stretches.from_json(_KIND, found["challenger"], state._samples)
        state._champion = Stretches.from_json(_KIND, found["champion"], state._samples)
        state._looks = PlannedLooks.from_json(state._design, found)
        return state

    def _look(self) -> None:
        number = self._looks.begin(self._samples)
        own, other = self._challenger.means, self._champion.means
        if np.ptp(own) == 0.0 or np.ptp(other) == 0.0:
            return
        # A seed of the look's own, so that a replay finds the same figures.
        said = ledoit_wolf_bootstrap(own, other, n_resamples=_RESAMPLES, rng=number)
        root = math.sqrt(self._challenger.length)
        low, high = said.confidence_interval(1.0 - self._looks.level)
        better = _above(said, self._design.minimum_effect * root)
        self._looks.add(better, 1.0 - _above(said, 0.0), low / root, high / root)


def _above(said: SharpeBootstrapReport, least: float) -> float:
    """The one-sided p-value against a difference of at most `least`: half of that of the symmetric test."""
    distance = (said.effect - least) / said.standard_error
    beyond = 1 + int(np.count_nonzero(said.bootstrap_distribution >= abs(distance)))
    half = 0.5 * beyond / (1 + said.bootstrap_distribution.size)
    return half if distance > 0.0 else 1.0 - half
