"""What is fixed before the first look at the data."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from operator import index
from typing import Any, Self

from scipy.special import ndtri

# Below these counts the estimated variance of mostly-zero differences is too small too often: bootstrapped real nulls
# were rejected up to 39 % of the time with fifty rows and no count of events, at most 5.1 % with sixty non-zero ones.
FEWEST_SAMPLES = 100
FEWEST_NONZERO = 60
# A sum over fewer regimes than this is not yet near normal, and its variance is known too badly.
FEWEST_REGIMES = 40
# The normal quantile of the power that plans are made for, 80 %.
_POWER = 0.8416212335729143


class Guarantee(StrEnum):
    """What the error rate rests on."""

    ASYMPTOTIC = "Asymptotic"
    """A central limit theorem: memory that ends, moderate tails, a variance that does not rise for good.

    Rare large losses need more than this. Long memory (fractional noise), which no finite regime explains, is beyond
    it, and a variance that grows twenty-five-fold in mid-course costs up to twice the error rate.
    """
    BOUNDED = "Bounded"
    """A known largest size of one difference (a stop-loss, a position limit), whatever its law: exact at every size.

    The null is that no difference is expected to be a gain given those before it, so dependent rows are to be summed
    into blocks.
    """


class Dependence(StrEnum):
    """How long the differences may depend on each other; only `Guarantee.ASYMPTOTIC` has to know."""

    SHORT = "Short"
    """Over a few rows, up to about eight.

    A diagnostic withholds the verdict where longer stretches plainly contradict it. Weak memory over tens of rows
    passes it and can double the error rate: `REGIMES` is for that too.
    """
    REGIMES = "Regimes"
    """Over sessions: one model is better in some regimes, the other in the rest. Costs more samples."""


class Sides(StrEnum):
    """Which verdicts the error budget pays for."""

    TWO_SIDED = "two-sided"
    """Better and worse, at half of the budget each."""
    GREATER = "greater"
    """Only better, with the whole budget."""


class Correction(StrEnum):
    """What is controlled when several challengers are compared."""

    HOLM = "Holm"
    """The probability of any false verdict among them (family-wise error rate)."""
    E_BENJAMINI_HOCHBERG = "EBenjaminiHochberg"
    """The expected share of false ones among the verdicts (false discovery rate)."""


@dataclass(frozen=True, slots=True)
class Design:
    """The terms of one sequential comparison, agreed before any of its data is seen.

    Every verdict is read off one confidence sequence, so `alpha` bounds the probability that any verdict, in either
    direction, at any of unlimited looks, is wrong, as far as the guarantee goes.

    Attributes:
        alpha: error budget of the whole family, all `sides` together; above 0 and below .5.
        planned_samples: samples at which the verdict of a comparison alone is expected; at least the burn-in and
            `look_every`. Power is best near it. A test planned for few hundred rows knows their variance less well.
        guarantee: what the error rate rests on.
        comparisons: how many comparisons share `alpha`, K; at least 1. Alone, each gets 1/K of it (Bonferroni).
        margin: non-inferiority margin: a loss up to it does not matter, and within it on either side challenger and
            champion are equivalent; in units of the effect, 0 for no such verdict.
        minimum_effect: a gain up to it does not count as better; in units of the effect.
        sides: which verdicts the budget pays for.
        correction: what `decide_family` controls over the comparisons.
        dependence: how long the differences may depend on each other.
        bound: the largest size that one difference can have, in its unit; for `Guarantee.BOUNDED`, and only there.
        session_samples: rows of one session, the time after which a regime may have changed; for `Dependence.REGIMES`,
            where the burn-in is 40 of them; 1 elsewhere.
        look_every: rows from one look to the next, at least 1; sooner looks are not taken. Fewer looks need less room
            for error, which a verdict then comes sooner for.
        minimum_samples: rows before the first look, at least 100.
        minimum_nonzero: non-zero differences before the first look, at least 60.

    Raises:
        ValueError: a term is outside its range.
        TypeError: a count is not an integer.

    """

    alpha: float
    planned_samples: int
    guarantee: Guarantee = Guarantee.ASYMPTOTIC
    comparisons: int = 1
    margin: float = 0.0
    minimum_effect: float = 0.0
    sides: Sides = Sides.TWO_SIDED
    correction: Correction = Correction.HOLM
    dependence: Dependence = Dependence.SHORT
    bound: float | None = None
    session_samples: int = 1
    look_every: int = 1
    minimum_samples: int = FEWEST_SAMPLES
    minimum_nonzero: int = FEWEST_NONZERO

    def __post_init__(self) -> None:
        if not 0.0 < self.alpha < 0.5:
            raise ValueError(f"alpha is {self.alpha}: it must lie above 0 and below 0.5.")
        if not (math.isfinite(self.margin) and self.margin >= 0.0):
            raise ValueError(
                f"margin is {self.margin}: it must be 0 (no equivalence verdict) or a finite positive number."
            )
        if not (math.isfinite(self.minimum_effect) and self.minimum_effect >= 0.0):
            raise ValueError(f"minimum_effect is {self.minimum_effect}: it must be 0 or a finite positive number.")
        for name, kind in _ENUMS.items():
            object.__setattr__(self, name, kind(getattr(self, name)))
        self._check_bound()
        for name, least in _LEAST_COUNTS.items():
            object.__setattr__(self, name, _checked_count(name, getattr(self, name), least))
        if self.dependence is Dependence.SHORT and self.session_samples != 1:
            raise ValueError(f"session_samples is {self.session_samples}: it belongs to dependence Regimes only.")
        earliest = max(self.burn_in, self.look_every)
        object.__setattr__(self, "planned_samples", _checked_count("planned_samples", self.planned_samples, earliest))

    @property
    def level(self) -> float:
        """The share of `alpha` that one comparison may spend, both directions together."""
        return self.alpha / self.comparisons

    @property
    def side_level(self) -> float:
        """The share of `level` that one direction may spend."""
        return self.level if self.sides is Sides.GREATER else 0.5 * self.level

    @property
    def expected_samples(self) -> float:
        """Samples at which a verdict is expected at `level`: more than planned where `alpha` is shared.

        By as much as a test with one look needs more of them for 80 % power at `side_level` than at the whole budget.
        """
        shared, whole = (-float(ndtri(level)) for level in (self.side_level, self.side_level * self.comparisons))
        return self.planned_samples * ((shared + _POWER) / (whole + _POWER)) ** 2

    @property
    def burn_in(self) -> int:
        """Rows before the first look."""
        if self.dependence is Dependence.REGIMES:
            return max(self.minimum_samples, FEWEST_REGIMES * self.session_samples)
        return self.minimum_samples

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values from which `from_json` makes an equal design."""
        return {**asdict(self), **{name: getattr(self, name).value for name in _ENUMS}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Make the design that `to_json` described.

        Raises:
            ValueError: a term is outside its range.
            TypeError: a term is unknown, missing, or a count is not an integer.

        """
        return cls(**data)

    def _check_bound(self) -> None:
        if self.guarantee is Guarantee.ASYMPTOTIC:
            if self.bound is not None:
                raise ValueError(f"bound is {self.bound}: it belongs to guarantee {Guarantee.BOUNDED} only.")
        elif self.bound is None or not (math.isfinite(self.bound) and self.bound > 0.0):
            raise ValueError(
                f"bound is {self.bound}: guarantee {self.guarantee} needs the largest size of one difference, "
                "a finite positive number."
            )


_LEAST_COUNTS = {
    "comparisons": 1,
    "session_samples": 1,
    "look_every": 1,
    "minimum_samples": FEWEST_SAMPLES,
    "minimum_nonzero": FEWEST_NONZERO,
}
_ENUMS: dict[str, type[StrEnum]] = {
    "guarantee": Guarantee,
    "sides": Sides,
    "correction": Correction,
    "dependence": Dependence,
}


def _checked_count(name: str, value: int, least: int) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} is {value!r}: it must be a whole number.")
    if value < least:
        raise ValueError(f"{name} is {value}: it must be at least {least}.")
    return index(value)
