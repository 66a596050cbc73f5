"""PairedMean: the challenger's mean profit per decision is higher."""

from shadow_operator.api.gates import Gate
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.gates.result import GateResult, judge_comparison
from shadow_operator.core.gates.sequential import Differences, Kept, Terms
from shadow_operator.core.interval import Pair
from shadow_stats import PairedMean


def begin(_gate: Gate, terms: Terms) -> Differences:
    """The evidence of a gate that has seen nothing yet."""
    return Differences(PairedMean(terms.design), profit_per_decision)


def resume(_gate: Gate, kept: Kept) -> Differences:
    """The evidence as it was kept. Raises ValueError when it is not whole."""
    return Differences(PairedMean.from_json(kept), profit_per_decision)


def profit_per_decision(pair: Pair) -> float:
    """How far the challenger is above the champion, in account currency a decision."""
    return pair.challenger.per_decision - pair.champion.per_decision


def evaluate(gate: Gate, evidence: Evidence, alpha: float) -> GateResult:
    """Judge the paired difference of profit per decision."""
    return judge_comparison(gate, evidence.test(gate), alpha, f"profit per decision above {evidence.rival}'s")
