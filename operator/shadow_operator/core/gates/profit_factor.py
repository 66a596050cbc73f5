"""ProfitFactor: the challenger's gains are at least so many times its losses."""

from shadow_operator.api.gates import Gate
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.gates.result import GateResult, Outcome


def evaluate(gate: Gate, evidence: Evidence, _alpha: float) -> GateResult:
    """Compare gross gains over gross losses with a number, or with the champion's over the same intervals.

    A limit, not a test: it spends no error budget, so failing it holds the challenger up and never rejects it. Without
    any loss the factor is infinite; without any result there is none.
    """
    samples, found = evidence.mean.samples, evidence.profit_factor
    limit = evidence.champion_profit_factor if gate.at_least is None else gate.at_least.value
    if found is None or limit is None:
        who = "the challenger's" if found is None else "the champion's"
        waits = f"{gate.name} waits for {who} first gain or loss"
        return GateResult(gate.name, gate.role, Outcome.INSUFFICIENT, samples, waits)
    said = f"profit factor {found:.3g} against at least {limit:.3g}"
    if found >= limit:
        return GateResult(gate.name, gate.role, Outcome.PASS, samples, f"{gate.name} passed: {said}")
    return GateResult(gate.name, gate.role, Outcome.FAIL, samples, f"{gate.name} does not hold: {said}")
