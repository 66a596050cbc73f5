"""WinRate: the challenger ends more intervals with a gain, by at least so many points."""

from dataclasses import replace

from shadow_operator.api.gates import Gate
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.gates.result import GateResult, Outcome
from shadow_operator.core.gates.sequential import Differences, Kept, Terms
from shadow_operator.core.interval import Pair
from shadow_stats import PairedMean


def begin(gate: Gate, terms: Terms) -> Differences:
    """The evidence of a gate that has seen nothing yet."""
    return Differences(PairedMean(replace(terms.design, minimum_effect=gate.least_gain)), _won)


def resume(_gate: Gate, kept: Kept) -> Differences:
    """The evidence as it was kept. Raises ValueError when it is not whole."""
    return Differences(PairedMean.from_json(kept), _won)


def _won(pair: Pair) -> float:
    return float(pair.challenger.per_decision > 0.0) - float(pair.champion.per_decision > 0.0)


def evaluate(gate: Gate, evidence: Evidence, alpha: float) -> GateResult:
    """Judge the difference of the win rates, a fraction, over the same intervals.

    It passes when "higher by at most the gain" is refuted over all challengers, and fails for good when all of the
    confidence sequence, which holds at every look, lies below the gain.
    """
    tested, needed = evidence.test(gate), gate.least_gain
    wins = tested.result
    low, high = wins.confidence_interval()
    found = f"win rate {wins.effect:+.1%} against {evidence.rival}'s, between {low:+.1%} and {high:+.1%}"
    said = f"{found}, at least {needed:+.1%} is needed (p {tested.pvalue:.2g}, {alpha:.2g} passes)"
    result = GateResult(gate, Outcome.INSUFFICIENT, wins.samples, figure=wins.effect, limit=needed)
    if tested.pvalue <= alpha:
        return result.said(Outcome.PASS, said)
    if high < needed or high <= 0.0:
        return replace(result.said(Outcome.FAIL, said), final=True)
    waits = said if low > -1.0 else f"the first look comes later than {wins.samples} samples"
    return result.said(Outcome.INSUFFICIENT, wins.withheld or waits)
