"""What is fixed before the first look at the data."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

# Below these counts the estimated variance of mostly-zero differences is too small too often: bootstrapped real nulls
# were rejected up to 39 % of the time with fifty rows and no count of events, at most 5.1 % with sixty non-zero ones.
FEWEST_SAMPLES = 100
FEWEST_NONZERO = 60


class Guarantee(StrEnum):
    """What the error rate rests on."""

    ASYMPTOTIC = "Asymptotic"
    """A central limit theorem: weak dependence and moderate tails. Rare large losses need more than this."""


@dataclass(frozen=True, slots=True)
class Design:
    """The terms of one sequential comparison, agreed before any of its data is seen.

    Every verdict is read off one confidence sequence, so `alpha` bounds the probability that any verdict, in either
    direction, at any of unlimited looks, is wrong.

    Attributes:
        alpha: error budget of the whole family, both directions together; above 0 and below .5.
        planned_samples: samples at which the verdict is expected. Power is best near it; validity never depends on it.
        guarantee: what the error rate rests on.
        comparisons: how many comparisons share `alpha` (Bonferroni); at least 1.
        margin: half-width of the band in which challenger and champion count as equivalent, in units of the effect;
            0 for no such verdict.
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
    minimum_samples: int = FEWEST_SAMPLES
    minimum_nonzero: int = FEWEST_NONZERO

    def __post_init__(self) -> None:
        if not 0.0 < self.alpha < 0.5:
            raise ValueError(f"alpha is {self.alpha}: it must lie above 0 and below 0.5.")
        if not (math.isfinite(self.margin) and self.margin >= 0.0):
            raise ValueError(
                f"margin is {self.margin}: it must be 0 (no equivalence verdict) or a finite positive number."
            )
        object.__setattr__(self, "guarantee", Guarantee(self.guarantee))
        _check_count("comparisons", self.comparisons, 1)
        _check_count("minimum_samples", self.minimum_samples, FEWEST_SAMPLES)
        _check_count("minimum_nonzero", self.minimum_nonzero, FEWEST_NONZERO)
        _check_count("planned_samples", self.planned_samples, self.minimum_samples)

    @property
    def level(self) -> float:
        """The share of `alpha` that one comparison may spend, both directions together."""
        return self.alpha / self.comparisons

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values from which `from_json` makes an equal design."""
        return {**asdict(self), "guarantee": self.guarantee.value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Make the design that `to_json` described.

        Raises:
            ValueError: a term is outside its range.
            TypeError: a term is unknown, missing, or a count is not an integer.

        """
        return cls(**data)


def _check_count(name: str, value: int, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} is {value!r}: it must be a whole number.")
    if value < least:
        raise ValueError(f"{name} is {value}: it must be at least {least}.")
