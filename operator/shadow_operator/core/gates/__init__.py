"""The gates: each is one file with one pure function from the evidence to a result."""

from collections.abc import Callable
from typing import assert_never

from shadow_operator.api.gates import Gate, GateTest
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.gates import max_drawdown, min_count, paired_mean, profit_factor, sharpe, win_rate
from shadow_operator.core.gates.result import GateResult, Outcome

__all__ = ["GateResult", "Outcome", "evaluate"]

_Evaluation = Callable[[Gate, Evidence, float], GateResult]


def _evaluation(test: GateTest) -> _Evaluation:
    match test:
        case GateTest.PAIRED_MEAN:
            return paired_mean.evaluate
        case GateTest.SHARPE:
            return sharpe.evaluate
        case GateTest.WIN_RATE:
            return win_rate.evaluate
        case GateTest.PROFIT_FACTOR:
            return profit_factor.evaluate
        case GateTest.MAX_DRAWDOWN:
            return max_drawdown.evaluate
        case GateTest.MIN_SAMPLES | GateTest.MIN_TRADES:
            return min_count.evaluate
        case _:
            assert_never(test)


def evaluate(gate: Gate, evidence: Evidence | None, alpha: float) -> GateResult:
    """Judge one gate. Without evidence, or with a newest interval that could not be read, it is Blind.

    Args:
        gate: the gate as the rollout names it.
        evidence: what is known of the challenger, None when nothing could be read.
        alpha: the rollout's probability of a false promotion; the p-values are already adjusted over the challengers.
            It is not shared out over the gates: a promotion needs all of them, and a challenger that deserves none is
            passed by all at most as often as by one of them (Berger 1982, intersection-union tests).

    """
    if evidence is None or evidence.blind is not None:
        why = "no evidence could be read" if evidence is None else evidence.blind
        return GateResult(gate.name, gate.role, Outcome.BLIND, 0, f"{gate.name} is blind: {why}")
    return _evaluation(gate.test)(gate, evidence, alpha)
