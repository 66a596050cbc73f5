"""The policy document that the operator mounts in every model pod: who may act, and on which predictions."""

from bisect import bisect_right
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.alias_generators import to_camel

Curve = tuple[tuple[float, float], ...]


class Role(StrEnum):
    """What a model is to its rollout."""

    CHAMPION = "champion"
    CANARY = "canary"
    SHADOW = "shadow"
    STANDBY = "standby"

    @property
    def acts(self) -> bool:
        """Whether predictions of this role may move money."""
        return self in (Role.CHAMPION, Role.CANARY)


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class ModelPolicy(_Document):
    """One model's part of the document."""

    role: Role
    vote_weight: float = 0.0
    min_confidence: float = 0.0
    calibration: Curve = ()

    @field_validator("calibration")
    @classmethod
    def _rising(cls, curve: Curve) -> Curve:
        inputs = [x for x, _ in curve]
        if inputs != sorted(set(inputs)):
            raise ValueError(f"calibration has inputs {inputs}: each must be above the one before.")
        outputs = [y for _, y in curve]
        if any(not 0.0 <= y <= 1.0 for y in outputs):
            raise ValueError(f"calibration has outputs {outputs}: each must be a probability from 0 to 1.")
        return curve

    def calibrated(self, confidence: float) -> float:
        """Read a confidence off the calibration curve; flat beyond its ends, unchanged where there is none."""
        if not self.calibration:
            return confidence
        after = bisect_right(self.calibration, confidence, key=lambda point: point[0])
        if after in (0, len(self.calibration)):
            return self.calibration[max(after - 1, 0)][1]
        (x0, y0), (x1, y1) = self.calibration[after - 1 : after + 1]
        return y0 + (y1 - y0) * (confidence - x0) / (x1 - x0)


class PolicyDocument(_Document):
    """`policy.json`."""

    version: int
    digest: str = ""
    rollout: str
    trading_enabled: bool
    models: dict[str, ModelPolicy] = Field(default_factory=dict)

    def role_of(self, model: str) -> Role | None:
        """Look up the model's role; none if the document does not know it."""
        policy = self.models.get(model)
        return policy.role if policy else None

    def ruling(self, model: str, confidence: float) -> "Ruling":
        """Say what becomes of a prediction that the model makes with this confidence."""
        policy = self.models.get(model)
        if policy is None:
            return Ruling(acted=False, confidence=confidence)
        calibrated = policy.calibrated(confidence)
        acted = self.trading_enabled and policy.role.acts and calibrated >= policy.min_confidence
        return Ruling(acted=acted, confidence=calibrated)


class Ruling(_Document):
    """Whether a prediction is acted on, and its calibrated confidence."""

    acted: bool
    confidence: float
