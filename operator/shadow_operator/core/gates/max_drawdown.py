"""MaxDrawdown: the challenger's deepest fall is no deeper than a limit, or than a ratio of the champion's."""

from shadow_operator.api.gates import Gate
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.gates.result import GateResult, at_most, insufficient


def evaluate(gate: Gate, evidence: Evidence, _alpha: float) -> GateResult:
    """Compare the deepest drawdown with a limit, or with the champion's over the same intervals.

    A deep drawdown of the champion may still come, so failing it holds the challenger up and never rejects it.
    """
    samples = evidence.mean.samples
    if samples == 0:
        return insufficient(gate, "there is no sample yet")
    limit = gate.most
    if limit is None:
        limit = (gate.allowed_ratio or 1.0) * evidence.champion_drawdown
    found = evidence.drawdown
    return at_most(gate, found, limit, samples, f"drawdown {found:.2%}, at most {limit:.2%} is allowed")
