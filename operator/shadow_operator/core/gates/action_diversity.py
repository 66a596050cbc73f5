"""ActionDiversity: no action is more than a share of all."""

from collections.abc import Mapping

from shadow_operator.api.gates import Gate
from shadow_operator.api.metrics import Queries
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.gates.counts import FEWEST, by_label, rows
from shadow_operator.core.gates.queries import increase
from shadow_operator.core.gates.result import GateResult, at_most, insufficient
from shadow_stats import action_diversity


def queries(gate: Gate, templates: Queries) -> Mapping[str, str]:
    """What it asks Prometheus, by name."""
    return {"predictions": increase(templates.predictions, gate.period, "action")}


def evaluate(gate: Gate, evidence: Evidence, _alpha: float) -> GateResult:
    """Hold the share of the most frequent action against the limit."""
    actions = by_label(evidence.own(gate, "predictions"), "action")
    counts = rows(actions.values())
    samples = int(counts.sum())
    if samples < FEWEST:
        return insufficient(gate, f"{samples} predictions in {gate.period}, {FEWEST} are needed", samples)
    share, limit = action_diversity(counts).largest_share, gate.most or 0.0
    most = max(actions, key=lambda action: actions[action])
    said = f"{share:.1%} of the predictions are {most}, at most {limit:.1%} are allowed"
    return at_most(gate, share, limit, samples, said)
