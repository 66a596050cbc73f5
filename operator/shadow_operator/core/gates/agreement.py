"""Agreement: the challenger agrees with the model that acts often enough."""

from collections.abc import Mapping

from shadow_operator.api.gates import Gate
from shadow_operator.api.metrics import Queries
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.gates.counts import FEWEST, by_label
from shadow_operator.core.gates.queries import increase
from shadow_operator.core.gates.result import GateResult, at_least, insufficient


def queries(gate: Gate, templates: Queries) -> Mapping[str, str]:
    """What it asks Prometheus, by name."""
    return {"agreement": increase(templates.agreement, gate.period, "agrees")}


def evaluate(gate: Gate, evidence: Evidence, _alpha: float) -> GateResult:
    """Hold the share of equal answers against the limit."""
    answers = by_label(evidence.own(gate, "agreement"), "agrees")
    samples = int(sum(answers.values()))
    if samples < FEWEST:
        return insufficient(gate, f"{samples} predictions in {gate.period}, {FEWEST} are needed", samples)
    share, limit = answers.get("true", 0.0) / sum(answers.values()), gate.least or 0.0
    said = f"{share:.1%} of the answers agree, at least {limit:.1%} are needed"
    return at_least(gate, share, limit, samples, said)
