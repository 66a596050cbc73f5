"""PairedMean: the challenger earns more for each decision."""

from shadow_operator.api.gates import Gate
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.gates.result import GateResult, judge_comparison


def evaluate(gate: Gate, evidence: Evidence, alpha: float) -> GateResult:
    """Judge the mean paired difference of profit per decision, in account currency."""
    return judge_comparison(gate, evidence.mean, evidence.pvalue_mean, alpha, "profit per decision")
