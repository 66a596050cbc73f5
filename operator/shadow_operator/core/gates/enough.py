"""MinSamples, MinTrades, MinSessions, MinDays, MinDuration: the challenger was seen for long enough."""

from shadow_operator.api.gates import Gate, GateTest
from shadow_operator.core.evidence import Evidence, UnmeasuredError
from shadow_operator.core.gates.result import GateResult, Outcome


def evaluate_count(gate: Gate, evidence: Evidence, _alpha: float) -> GateResult:
    """Pass once there are as many as are asked for. Too few ask for more and never fail."""
    found, needed = _counted(gate.test, evidence), gate.count or 0
    return _enough(gate, evidence, found, needed, f"{found} {_WORDS[gate.test]}, {needed} are needed")


def evaluate_duration(gate: Gate, evidence: Evidence, _alpha: float) -> GateResult:
    """Pass once the first comparison is so long ago."""
    found, needed = evidence.span.total_seconds(), gate.least or 0.0
    return _enough(gate, evidence, found, needed, f"compared for {evidence.span}, {gate.at_least} is needed")


_WORDS = {
    GateTest.MIN_SAMPLES: "intervals compared",
    GateTest.MIN_TRADES: "trades settled",
    GateTest.MIN_SESSIONS: "sessions ended",
    GateTest.MIN_DAYS: "days seen",
}


def _counted(test: GateTest, evidence: Evidence) -> int:
    match test:
        case GateTest.MIN_TRADES:
            return evidence.trades
        case GateTest.MIN_DAYS:
            return evidence.days
        case GateTest.MIN_SESSIONS:
            if evidence.sessions is None and evidence.mean.samples:
                raise UnmeasuredError("there is no series sessions of the challenger")
            return evidence.sessions or 0
        case _:
            return evidence.mean.samples


def _enough(gate: Gate, evidence: Evidence, found: float, needed: float, said: str) -> GateResult:
    outcome = Outcome.PASS if found >= needed else Outcome.INSUFFICIENT
    return GateResult(gate, outcome, evidence.mean.samples, figure=found, limit=needed).said(outcome, said)
