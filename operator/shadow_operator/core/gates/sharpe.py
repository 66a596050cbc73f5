"""Sharpe: the challenger's annual Sharpe ratio is higher, by more than a gain."""

import math
from collections.abc import Mapping
from dataclasses import replace

from shadow_operator.api.gates import Gate, SharpeMethod
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.gates.result import GateResult, judge_comparison
from shadow_operator.core.gates.sequential import Kept, Streams, Terms
from shadow_stats import BootstrapSharpe, SharpeDifference

_STATES: Mapping[SharpeMethod, type[SharpeDifference | BootstrapSharpe]] = {
    SharpeMethod.ALWAYS_VALID: SharpeDifference,
    SharpeMethod.BOOTSTRAP: BootstrapSharpe,
}


def begin(gate: Gate, terms: Terms) -> Streams:
    """The evidence of a gate that has seen nothing yet; a gain is of the annual ratio, a sample's is smaller."""
    least = gate.least_gain / math.sqrt(gate.per_year or terms.intervals_a_year)
    return Streams(_STATES[_method(gate)](replace(terms.design, minimum_effect=least)))


def resume(gate: Gate, kept: Kept) -> Streams:
    """The evidence as it was kept. Raises ValueError when it is not whole."""
    return Streams(_STATES[_method(gate)].from_json(kept))


def _method(gate: Gate) -> SharpeMethod:
    return gate.method or SharpeMethod.ALWAYS_VALID


def evaluate(gate: Gate, evidence: Evidence, alpha: float) -> GateResult:
    """Judge the difference of the Sharpe ratios of profit per decision."""
    return judge_comparison(gate, evidence.test(gate), alpha, f"the Sharpe ratio an interval above {evidence.rival}'s")
