"""ConceptDrift: the predictions err no more than they did before, by a ratio."""

from collections.abc import Mapping

from shadow_operator.api.gates import ErrorMeasure, Gate
from shadow_operator.api.metrics import Queries
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.gates.counts import FEWEST, total
from shadow_operator.core.gates.queries import increase
from shadow_operator.core.gates.result import GateResult, at_most, insufficient


def queries(gate: Gate, templates: Queries) -> Mapping[str, str]:
    """What it asks Prometheus, by name."""
    errors = _errors(gate, templates)
    now, before = gate.period, gate.reference_period
    return {
        "errors": increase(errors, now),
        "decisions": increase(templates.decisions, now),
        "reference_errors": increase(errors, before, before=now),
        "reference_decisions": increase(templates.decisions, before, before=now),
    }


def _errors(gate: Gate, templates: Queries) -> str:
    match gate.measure:
        case ErrorMeasure.RMSE:
            return templates.error_squared
        case ErrorMeasure.MAPE:
            return templates.error_percentage
        case ErrorMeasure.DIRECTIONAL_ACCURACY:
            return templates.direction
        case _:
            return templates.error_absolute


def evaluate(gate: Gate, evidence: Evidence, _alpha: float) -> GateResult:
    """Hold the error of the window against that of the time before it."""
    decisions = total(evidence.own(gate, "decisions"))
    before = total(evidence.own(gate, "reference_decisions"))
    fewest = int(min(decisions, before))
    if fewest < FEWEST:
        return insufficient(gate, f"a window has {fewest} decisions, {FEWEST} are needed", fewest)
    error = total(evidence.own(gate, "errors")) / decisions
    reference = total(evidence.own(gate, "reference_errors")) / before
    if reference <= 0.0:
        return insufficient(gate, "there was no error before, so there is no ratio to it", fewest)
    ratio = (error / reference) ** (0.5 if gate.measure is ErrorMeasure.RMSE else 1.0)
    limit = gate.allowed_ratio or 1.0
    said = f"{gate.measure} is {ratio:.0%} of what it was before, at most {limit:.0%} is allowed"
    return at_most(gate, ratio, limit, fewest, said)
