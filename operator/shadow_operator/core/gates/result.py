"""What a gate says."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from shadow_operator.api.gates import Gate, GateGroup, GateRole
from shadow_operator.core.evidence import Tested


class Outcome(StrEnum):
    """Pass and Fail are measured; Insufficient asks for more samples; Blind could not be measured at all."""

    PASS = "Pass"  # noqa: S105 - a gate's outcome, no password
    FAIL = "Fail"
    INSUFFICIENT = "Insufficient"
    BLIND = "Blind"


_WORDS = {
    Outcome.PASS: "passed",
    Outcome.FAIL: "does not hold",
    Outcome.INSUFFICIENT: "waits",
    Outcome.BLIND: "is blind",
}


@dataclass(frozen=True, slots=True)
class GateResult:
    """The outcome of one gate, with a sentence that says why.

    Attributes:
        gate: the gate, or the group of gates.
        outcome: what it says.
        samples: how many it rests on.
        sentence: the name of the gate, the outcome, and why.
        figure: what was found, in the unit of the gate; None where there is no such number.
        limit: what it is held against.
        final: the error budget backs the failure, so more samples would not change it.

    """

    gate: Gate | GateGroup
    outcome: Outcome
    samples: int
    sentence: str = ""
    figure: float | None = None
    limit: float | None = None
    final: bool = False

    @property
    def name(self) -> str:
        """The gate's name."""
        return self.gate.name

    @property
    def role(self) -> GateRole:
        """The gate's role; a group has to pass as a Primary gate has to."""
        return self.gate.role if isinstance(self.gate, Gate) else GateRole.PRIMARY

    def said(self, outcome: Outcome, why: str) -> Self:
        """The result with this outcome, and with the sentence that gives its reason."""
        return replace(self, outcome=outcome, sentence=f"{self.name} {_WORDS[outcome]}: {why}")


def blind(gate: Gate, why: str) -> GateResult:
    """The gate could not be measured."""
    return GateResult(gate, Outcome.BLIND, 0).said(Outcome.BLIND, why)


def insufficient(gate: Gate, why: str, samples: int = 0) -> GateResult:
    """The gate was measured on too little."""
    return GateResult(gate, Outcome.INSUFFICIENT, samples).said(Outcome.INSUFFICIENT, why)


def at_most(gate: Gate, figure: float, limit: float, samples: int, said: str) -> GateResult:
    """Pass while the figure is no more than the limit. Failing holds the challenger up, and never rejects it."""
    outcome = Outcome.PASS if figure <= limit else Outcome.FAIL
    return GateResult(gate, outcome, samples, figure=figure, limit=limit).said(outcome, said)


def at_least(gate: Gate, figure: float, limit: float, samples: int, said: str) -> GateResult:
    """Pass while the figure is no less than the limit. Failing holds the challenger up, and never rejects it."""
    outcome = Outcome.PASS if figure >= limit else Outcome.FAIL
    return GateResult(gate, outcome, samples, figure=figure, limit=limit).said(outcome, said)


def judge_comparison(gate: Gate, tested: Tested, alpha: float, what: str) -> GateResult:
    """Pass when "better" holds within the error budget, fail for good when "worse" does.

    Args:
        gate: the gate.
        tested: what the samples say; its p-value of "better" is adjusted over all challengers.
        alpha: the error budget, for both sides together.
        what: what the effect is, for the sentence, as in "profit per decision above the champion's".

    """
    comparison, adjusted = tested.result, tested.pvalue
    result = GateResult(gate, Outcome.INSUFFICIENT, comparison.samples, figure=comparison.effect, limit=0.0)
    if adjusted <= alpha:
        why = f"{what} is {comparison.effect:+.4g} (p {adjusted:.2g})"
        return result.said(Outcome.PASS, why)
    worse = min(2 * comparison.pvalue_worse, 1.0)
    if worse <= alpha:
        why = f"{what} is {comparison.effect:+.4g} (p {worse:.2g})"
        return replace(result.said(Outcome.FAIL, why), final=True)
    if comparison.withheld is not None:
        return result.said(Outcome.INSUFFICIENT, comparison.withheld)
    needed = "" if comparison.samples_needed is None else f", about {comparison.samples_needed} more needed"
    why = f"p {adjusted:.2g} after {comparison.samples} samples, {alpha:.2g} passes{needed}"
    return result.said(Outcome.INSUFFICIENT, why)
