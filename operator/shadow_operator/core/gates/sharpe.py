"""Sharpe: the challenger earns more for the risk that it takes."""

from shadow_operator.api.gates import Gate
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.gates.result import GateResult, judge_comparison


def evaluate(gate: Gate, evidence: Evidence, alpha: float) -> GateResult:
    """Judge the difference of the Sharpe ratios, per interval, not annualised."""
    return judge_comparison(gate, evidence.sharpe, evidence.pvalue_sharpe, alpha, "the Sharpe ratio")
