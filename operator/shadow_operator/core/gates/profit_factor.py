"""ProfitFactor: the challenger's gains over its losses are at least a limit, or the champion's."""

from shadow_operator.api.gates import Gate
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.gates.result import GateResult, at_least, insufficient


def evaluate(gate: Gate, evidence: Evidence, _alpha: float) -> GateResult:
    """Hold the profit factor against the limit; without a loss it is infinite, without a result there is none."""
    factor, samples = evidence.profit_factor, evidence.mean.samples
    limit = evidence.champion_profit_factor if gate.least is None else gate.least
    if factor is None or limit is None:
        whose = "the challenger" if factor is None else evidence.rival
        return insufficient(gate, f"{whose} has neither a gain nor a loss yet", samples)
    said = f"profit factor {factor:.2f}, at least {limit:.2f} is needed"
    return at_least(gate, factor, limit, samples, said)
