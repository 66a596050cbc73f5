"""Restarts: the model's process seldom starts anew."""

from collections.abc import Mapping

from shadow_operator.api.gates import Gate
from shadow_operator.api.metrics import Queries
from shadow_operator.core.evidence import Measures
from shadow_operator.core.gates.counts import rows, total
from shadow_operator.core.gates.queries import increase
from shadow_operator.core.gates.result import GateResult, at_most


def queries(gate: Gate, templates: Queries) -> Mapping[str, str]:
    """What it asks Prometheus, by name."""
    return {"restarts": increase(templates.restarts, gate.period)}


def evaluate(gate: Gate, evidence: Measures, _alpha: float) -> GateResult:
    """Hold the number of restarts in the window against the limit."""
    found = float(rows([total(evidence.own(gate, "restarts"))])[0])
    limit = gate.most or 0.0
    return at_most(gate, found, limit, 1, f"{found:.0f} restarts in {gate.period}, at most {limit:g} are allowed")
