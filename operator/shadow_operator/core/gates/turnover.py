"""Turnover: the challenger trades no more than a ratio of the champion's turnover a decision."""

from collections.abc import Mapping

from shadow_operator.api.gates import Gate
from shadow_operator.api.metrics import Queries
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.gates.counts import total
from shadow_operator.core.gates.queries import increase
from shadow_operator.core.gates.result import GateResult, at_most, insufficient


def queries(gate: Gate, templates: Queries) -> Mapping[str, str]:
    """What it asks Prometheus, by name."""
    return {
        "turnover": increase(templates.turnover, gate.period),
        "decisions": increase(templates.decisions, gate.period),
    }


def evaluate(gate: Gate, evidence: Evidence, _alpha: float) -> GateResult:
    """Compare the turnover a decision, since their shares of the requests may differ."""
    own, champion = total(evidence.own(gate, "decisions")), total(evidence.champions(gate, "decisions"))
    champions = total(evidence.champions(gate, "turnover"))
    if own <= 0 or champion <= 0 or champions <= 0:
        return insufficient(gate, f"nobody can be compared who decided nothing in {gate.period}")
    ratio = total(evidence.own(gate, "turnover")) / own / (champions / champion)
    limit = gate.allowed_ratio or 1.0
    said = f"turnover is {ratio:.0%} of {evidence.rival}'s, at most {limit:.0%} is allowed"
    return at_most(gate, ratio, limit, int(own), said)
