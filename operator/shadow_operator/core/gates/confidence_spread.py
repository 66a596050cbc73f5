"""ConfidenceSpread: the stated confidences differ; a model that is always equally sure tells nothing by it."""

from collections.abc import Mapping

from shadow_operator.api.gates import Gate
from shadow_operator.api.metrics import Queries
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.gates.counts import FEWEST, buckets
from shadow_operator.core.gates.queries import increase
from shadow_operator.core.gates.result import GateResult, at_least, insufficient
from shadow_stats import confidence_spread


def queries(gate: Gate, templates: Queries) -> Mapping[str, str]:
    """What it asks Prometheus, by name."""
    return {"confidence": increase(templates.confidence, gate.period, "le")}


def evaluate(gate: Gate, evidence: Evidence, _alpha: float) -> GateResult:
    """Hold the distance from the 10 % to the 90 % point against the limit."""
    bounds, counts = buckets(evidence.own(gate, "confidence"))
    samples = int(counts.sum())
    if samples < FEWEST:
        return insufficient(gate, f"{samples} predictions in {gate.period}, {FEWEST} are needed", samples)
    # A confidence lies between 0 and 1, so these end the outermost buckets.
    inner = [bound for bound in bounds if 0.0 < bound < 1.0]
    merged = [float(counts[[min(b, 1.0) == edge for b in bounds]].sum()) for edge in (*inner, 1.0)]
    spread = confidence_spread(merged, [0.0, *inner, 1.0]).spread
    limit = gate.least or 0.0
    said = f"confidences spread over {spread:.3f}, at least {limit:g} is needed"
    return at_least(gate, spread, limit, samples, said)
