"""What a gate says."""

from dataclasses import dataclass
from enum import StrEnum

from shadow_operator.api.gates import Gate, GateRole
from shadow_stats import ComparisonResult


class Outcome(StrEnum):
    """Pass and Fail are measured; Insufficient asks for more samples; Blind could not be measured at all."""

    PASS = "Pass"  # noqa: S105 - a gate's outcome, no password
    FAIL = "Fail"
    INSUFFICIENT = "Insufficient"
    BLIND = "Blind"


@dataclass(frozen=True, slots=True)
class GateResult:
    """The outcome of one gate, with a sentence that says why.

    Attributes:
        final: the error budget backs the failure, so more samples would not change it.

    """

    name: str
    role: GateRole
    outcome: Outcome
    samples: int
    sentence: str
    final: bool = False


def judge_comparison(gate: Gate, comparison: ComparisonResult, adjusted: float, alpha: float, what: str) -> GateResult:
    """Pass when "better" holds within the error budget, fail for good when "worse" does.

    Args:
        gate: the gate.
        comparison: what the samples say.
        adjusted: p-value of "better", adjusted over all challengers; like that of "worse" here it counts for two sides.
        alpha: the error budget, for both sides together.
        what: what was compared, for the sentence.

    """
    samples = comparison.samples
    if adjusted <= alpha:
        sentence = f"{gate.name} passed: {what} is {comparison.effect:+.4g} above the champion's (p {adjusted:.2g})"
        return GateResult(gate.name, gate.role, Outcome.PASS, samples, sentence)
    worse = min(2 * comparison.pvalue_worse, 1.0)
    if worse <= alpha:
        sentence = f"{gate.name} failed: {what} is {comparison.effect:+.4g} against the champion's (p {worse:.2g})"
        return GateResult(gate.name, gate.role, Outcome.FAIL, samples, sentence, final=True)
    if comparison.withheld is not None:
        return GateResult(
            gate.name, gate.role, Outcome.INSUFFICIENT, samples, f"{gate.name} waits: {comparison.withheld}"
        )
    needed = "" if comparison.samples_needed is None else f", about {comparison.samples_needed} more needed"
    sentence = f"{gate.name} waits: p {adjusted:.2g} after {samples} samples, {alpha:.2g} passes{needed}"
    return GateResult(gate.name, gate.role, Outcome.INSUFFICIENT, samples, sentence)
