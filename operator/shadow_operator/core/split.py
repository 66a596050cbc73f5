"""Who gets which requests."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

WHOLE = 100


@dataclass(frozen=True, slots=True)
class Split:
    """Shares of the real requests, and copies of them.

    Attributes:
        weights: percent of the real requests for each acting model; they sum to 100.
        mirrors: percent of the requests that are copied to each model in shadow.

    Raises:
        ValueError: the weights do not sum to 100, a percentage is out of range, or a model is both weighted and
            mirrored: a rule's mirror would also copy what the weights sent to it, and its evidence would count twice.

    """

    weights: Mapping[str, int]
    mirrors: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if sum(self.weights.values()) != WHOLE:
            raise ValueError(
                f"the weights {dict(self.weights)} sum to {sum(self.weights.values())}: they must sum to 100"
            )
        for name, percent in (*self.weights.items(), *self.mirrors.items()):
            if not 0 < percent <= WHOLE:
                raise ValueError(f"{name} has {percent} percent: write more than 0 and at most 100, or leave it out")
        both = sorted(set(self.weights) & set(self.mirrors))
        if both:
            raise ValueError(f"{', '.join(both)} is both weighted and mirrored: a model that acts is not in shadow")

    def raises_risk_over(self, other: "Split | None", safe: Collection[str]) -> bool:
        """Whether some model other than the `safe` ones gets more real requests here than in `other`."""
        before = {} if other is None else other.weights
        return any(share > before.get(name, 0) for name, share in self.weights.items() if name not in safe)
