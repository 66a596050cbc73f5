"""LiveSharpe: the challenger's own Sharpe ratio, by the year, is at least a limit."""

import math

from shadow_operator.api.gates import Gate
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.gates.result import GateResult, at_least, insufficient


def evaluate(gate: Gate, evidence: Evidence, _alpha: float) -> GateResult:
    """Hold the ratio of profit per decision, scaled by the root of the intervals a year, against the limit.

    An estimate, held against a number: it says nothing of chance. Source: Lo (2002), "The statistics of Sharpe ratios",
    for the scaling, which holds for results that do not depend on each other.
    """
    ratio, samples = evidence.sharpe_ratio, evidence.mean.samples
    if ratio is None:
        return insufficient(gate, "its results do not vary yet", samples)
    annual = ratio * math.sqrt(gate.per_year or evidence.intervals_a_year)
    limit = gate.least or 0.0
    return at_least(gate, annual, limit, samples, f"annual Sharpe ratio {annual:.2f}, at least {limit:g} is needed")
