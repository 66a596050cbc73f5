"""ErrorRate: few questions stay without an answer."""

from collections.abc import Mapping

from shadow_operator.api.gates import Gate
from shadow_operator.api.metrics import Queries
from shadow_operator.core.evidence import Measures, Point
from shadow_operator.core.gates.counts import FEWEST, total
from shadow_operator.core.gates.queries import increase
from shadow_operator.core.gates.result import GateResult, at_most, insufficient


def queries(gate: Gate, templates: Queries) -> Mapping[str, str]:
    """What it asks Prometheus, by name."""
    return {
        "errors": increase(templates.errors, gate.period),
        "predictions": increase(templates.predictions, gate.period),
    }


def _rate(errors: tuple[Point, ...], predictions: tuple[Point, ...]) -> tuple[float, int]:
    questions = total(errors) + total(predictions)
    return total(errors) / max(questions, 1.0), int(questions)


def evaluate(gate: Gate, evidence: Measures, _alpha: float) -> GateResult:
    """Hold the share of errors in all questions against the limit."""
    rate, questions = _rate(evidence.own(gate, "errors"), evidence.own(gate, "predictions"))
    if questions < FEWEST:
        return insufficient(gate, f"{questions} questions in {gate.period}, {FEWEST} are needed", questions)
    limit = gate.most
    if limit is None:
        champion, _ = _rate(evidence.champions(gate, "errors"), evidence.champions(gate, "predictions"))
        limit = (gate.allowed_ratio or 1.0) * champion
    said = f"{rate:.2%} of the questions had no answer, at most {limit:.2%} are allowed"
    return at_most(gate, rate, limit, questions, said)
