"""PromQL: any query that has one number for an answer, against a limit or against the champion's."""

from collections.abc import Mapping

from shadow_operator.api.gates import Gate
from shadow_operator.api.metrics import Queries
from shadow_operator.core.evidence import Evidence, Point, UnmeasuredError
from shadow_operator.core.gates.result import GateResult, at_least, at_most


def queries(gate: Gate, _templates: Queries) -> Mapping[str, str]:
    """What it asks Prometheus, by name."""
    return {"answer": gate.query or ""}


def evaluate(gate: Gate, evidence: Evidence, _alpha: float) -> GateResult:
    """Hold the answer against the limit."""
    figure = _one(evidence.own(gate, "answer"))
    if gate.least is not None:
        said = f"the answer is {figure:g}, at least {gate.least:g} is needed"
        return at_least(gate, figure, gate.least, 1, said)
    limit = gate.most
    if limit is None:
        limit = (gate.allowed_ratio or 1.0) * _one(evidence.champions(gate, "answer"))
    return at_most(gate, figure, limit, 1, f"the answer is {figure:g}, at most {limit:g} is allowed")


def _one(points: tuple[Point, ...]) -> float:
    if len(points) != 1:
        raise UnmeasuredError(f"the query has {len(points)} series for an answer: aggregate them to one")
    return points[0].value
