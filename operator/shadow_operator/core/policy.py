"""The policy document: what a model server may do with its predictions."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from shadow_operator.api.rollout import Spec
from shadow_operator.api.status import Status
from shadow_operator.core.roles import Role, roles, split
from shadow_operator.core.split import WHOLE


@dataclass(frozen=True, slots=True)
class ModelPolicy:
    """What one model may do.

    Attributes:
        vote_weight: its weight in an ensemble, from 0 to 1: its share of the real decisions.
        min_confidence: it acts only on predictions of at least this confidence, from 0 to 1.
        calibration: points (raw confidence, calibrated confidence), rising; empty for the identity.

    """

    role: Role
    vote_weight: float
    min_confidence: float
    calibration: tuple[tuple[float, float], ...] = ()

    def document(self) -> dict[str, Any]:
        """As the model server reads it."""
        return {
            "role": self.role.value,
            "voteWeight": self.vote_weight,
            "minConfidence": self.min_confidence,
            "calibration": [list(point) for point in self.calibration],
        }


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy of one rollout; `trading_enabled` is the kill switch."""

    rollout: str
    models: tuple[tuple[str, ModelPolicy], ...]
    trading_enabled: bool = True

    @property
    def digest(self) -> str:
        """Digest of all that acts. Models in shadow do not enter it, so that it proves that they changed nothing."""
        acting = {name: policy.document() for name, policy in self.models if policy.role.acts}
        content = json.dumps({"tradingEnabled": self.trading_enabled, "models": acting}, sort_keys=True)
        return "sha256:" + hashlib.sha256(content.encode()).hexdigest()

    def text(self, version: int) -> str:
        """The document, `policy.json`."""
        document = {
            "version": version,
            "digest": self.digest,
            "rollout": self.rollout,
            "tradingEnabled": self.trading_enabled,
            "models": {name: policy.document() for name, policy in self.models},
        }
        return json.dumps(document, indent=2) + "\n"


def policy_of(rollout: str, spec: Spec, status: Status) -> Policy:
    """The policy that the status asks for; `rollout` is written as namespace/name."""
    shares = split(spec, status).weights
    models = tuple(
        (
            name,
            ModelPolicy(
                role=role,
                vote_weight=shares.get(name, 0) / WHOLE,
                min_confidence=spec.canary.min_confidence.fraction if role is Role.CANARY else 0.0,
            ),
        )
        for name, role in sorted(roles(spec, status).items())
    )
    return Policy(rollout, models, trading_enabled=status.stopped is None)


def next_version(policy: Policy, current_text: str | None) -> int:
    """The version that `policy` has: that of `current_text` when it says the same, else one more."""
    if current_text is None:
        return 1
    try:
        current = int(json.loads(current_text)["version"])
    except (ValueError, KeyError, TypeError):
        return 1
    return current if policy.text(current) == current_text else current + 1
