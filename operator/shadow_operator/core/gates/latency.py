"""Latency: a quantile of the time to an answer is no longer than a limit, or than a ratio of the champion's."""

from collections.abc import Mapping

from shadow_operator.api.gates import Gate
from shadow_operator.api.metrics import Queries
from shadow_operator.api.quantities import Percent
from shadow_operator.core.evidence import Measures
from shadow_operator.core.gates.counts import FEWEST, buckets, total
from shadow_operator.core.gates.queries import increase
from shadow_operator.core.gates.result import GateResult, at_most, insufficient


def queries(gate: Gate, templates: Queries) -> Mapping[str, str]:
    """What it asks Prometheus, by name; the quantile lies between the ends of its bucket."""
    found = increase(templates.inference, gate.period, "le")
    quantile = Percent(gate.quantile or gate.shape.defaults["quantile"]).fraction
    return {
        "latency": f"histogram_quantile({quantile:g}, {found})",
        "answers": found,
    }


def evaluate(gate: Gate, evidence: Measures, _alpha: float) -> GateResult:
    """Hold the quantile, in seconds, against the limit."""
    answers = int(buckets(evidence.own(gate, "answers"))[1].sum())
    if answers < FEWEST:
        return insufficient(gate, f"{answers} answers in {gate.period}, {FEWEST} are needed", answers)
    seconds = total(evidence.own(gate, "latency"))
    limit = gate.most
    if limit is None:
        limit = (gate.allowed_ratio or 1.0) * total(evidence.champions(gate, "latency"))
    quantile = gate.quantile or gate.shape.defaults["quantile"]
    said = f"{quantile} of the answers came within {seconds * 1000:.0f}ms, at most {limit * 1000:.0f}ms is allowed"
    return at_most(gate, seconds, limit, answers, said)
