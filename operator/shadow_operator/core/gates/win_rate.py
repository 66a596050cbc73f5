"""WinRate: the challenger ends more intervals with a gain, by at least so many points."""

from shadow_operator.api.gates import Gate
from shadow_operator.api.quantities import Percent
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.gates.result import GateResult, Outcome

_ANY_GAIN = Percent("0%")


def evaluate(gate: Gate, evidence: Evidence, alpha: float) -> GateResult:
    """Judge the difference of the win rates, a fraction, over the same intervals.

    Read off its confidence sequence, which holds at every look and at the level of the family of challengers when the
    comparison began (Bonferroni): the gate passes when all of the interval is a gain of at least `gate.gain`, and fails
    for good when none of it is. Where challengers joined since, "higher at all" also has to hold over all of them.
    """
    wins, needed = evidence.wins, (gate.gain or _ANY_GAIN).fraction
    low, high = wins.confidence_interval()
    found = f"win rate {wins.effect:+.1%} against the champion's, between {low:+.1%} and {high:+.1%}"
    said = f"{found}, at least {needed:+.1%} is needed"
    if low > 0.0 and low >= needed and evidence.pvalue_wins <= alpha:
        return GateResult(gate.name, gate.role, Outcome.PASS, wins.samples, f"{gate.name} passed: {said}")
    if high < needed or high <= 0.0:
        return GateResult(gate.name, gate.role, Outcome.FAIL, wins.samples, f"{gate.name} failed: {said}", final=True)
    said = f"{said} (p {evidence.pvalue_wins:.2g}, {alpha:.2g} passes)"
    why = wins.withheld or (said if low > -1.0 else f"the first look comes later than {wins.samples} samples")
    return GateResult(gate.name, gate.role, Outcome.INSUFFICIENT, wins.samples, f"{gate.name} waits: {why}")
