"""FeatureFreshness: the features that the challenger predicts from are recent."""

from collections.abc import Mapping

from shadow_operator.api.gates import Gate
from shadow_operator.api.metrics import Queries
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.gates.result import GateResult, at_most


def queries(_gate: Gate, templates: Queries) -> Mapping[str, str]:
    """What it asks Prometheus, by name."""
    return {"age": f"max(time() - ({templates.feature_time}))"}


def evaluate(gate: Gate, evidence: Evidence, _alpha: float) -> GateResult:
    """Hold the age of the oldest feature, in seconds, against the limit."""
    age = max(point.value for point in evidence.own(gate, "age"))
    limit = gate.most or 0.0
    return at_most(gate, age, limit, 1, f"its oldest feature is {age:.0f}s old, at most {limit:.0f}s is allowed")
