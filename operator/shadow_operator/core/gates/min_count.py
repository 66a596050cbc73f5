"""MinSamples and MinTrades: enough was seen to judge by."""

from shadow_operator.api.gates import Gate, GateTest
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.gates.result import GateResult, Outcome


def evaluate(gate: Gate, evidence: Evidence, _alpha: float) -> GateResult:
    """Count what was seen since the comparison began. Too few never fails: more may come."""
    samples, needed = evidence.mean.samples, gate.count or 0
    found, what = (evidence.trades, "trades") if gate.test is GateTest.MIN_TRADES else (samples, "samples")
    if found >= needed:
        return GateResult(gate.name, gate.role, Outcome.PASS, samples, f"{gate.name} passed: {found} {what}")
    waits = f"{gate.name} waits: {found} {what} of {needed}"
    return GateResult(gate.name, gate.role, Outcome.INSUFFICIENT, samples, waits)
