"""MaxDrawdown: the challenger's deepest fall is no deeper than a limit, or than a ratio of the champion's."""

from shadow_operator.api.gates import Gate
from shadow_operator.api.quantities import Ratio
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.gates.result import GateResult, Outcome

_EQUALLY_DEEP = Ratio("100%")


def evaluate(gate: Gate, evidence: Evidence, _alpha: float) -> GateResult:
    """Compare the deepest drawdown with a limit, or with the champion's over the same intervals.

    A limit, not a test: it spends no error budget.

    A deep drawdown of the champion may still come, so failing it holds the challenger up and never rejects it.
    """
    samples = evidence.mean.samples
    if samples == 0:
        return GateResult(gate.name, gate.role, Outcome.INSUFFICIENT, 0, f"{gate.name} waits for the first sample")
    limit = _limit(gate, evidence)
    found = f"drawdown {evidence.drawdown:.2%} against at most {limit:.2%}"
    if evidence.drawdown <= limit:
        return GateResult(gate.name, gate.role, Outcome.PASS, samples, f"{gate.name} passed: {found}")
    return GateResult(gate.name, gate.role, Outcome.FAIL, samples, f"{gate.name} does not hold: {found}")


def _limit(gate: Gate, evidence: Evidence) -> float:
    if gate.at_most is not None:
        return gate.at_most.fraction
    return (gate.ratio or _EQUALLY_DEEP).fraction * evidence.champion_drawdown
