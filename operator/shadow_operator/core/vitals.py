"""Guardrails on what a gate measures too: errors, latency, restarts, drift. The gate's own formula gives the figure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shadow_operator.api.gates import Gate, GateTest
from shadow_operator.api.guardrails import MEASURED, Guardrail, GuardrailMetric
from shadow_operator.api.metrics import Queries
from shadow_operator.api.quantities import PositiveDuration
from shadow_operator.core import gates
from shadow_operator.core.contract import FIGURE_LABEL, filled, labelled
from shadow_operator.core.evidence import Answers, Measured, Point

_TESTS: Mapping[GuardrailMetric, GateTest] = {
    GuardrailMetric.ERROR_RATE: GateTest.ERROR_RATE,
    GuardrailMetric.LATENCY: GateTest.LATENCY,
    GuardrailMetric.RESTARTS: GateTest.RESTARTS,
    GuardrailMetric.PSI: GateTest.DRIFT_PSI,
}
# Drift is held against a time before the window, this many times as long.
_REFERENCE_LENGTHS = 6


@dataclass(frozen=True, slots=True)
class Vital:
    """What one guardrail measured.

    Attributes:
        figure: a share, seconds, a count or an index; None when it is unknown.
        why_unknown: why; empty when it is known.

    """

    figure: float | None
    why_unknown: str = ""


def measured(guardrails: Iterable[Guardrail]) -> Sequence[Guardrail]:
    """Those that ask Prometheus for more than the figures which every guardrail has."""
    return [guardrail for guardrail in guardrails if guardrail.metric in MEASURED]


def unmeasured(guardrails: Iterable[Guardrail]) -> list[Guardrail]:
    """Those that go by the figures which every guardrail has."""
    return [guardrail for guardrail in guardrails if guardrail.metric not in MEASURED]


def asks(
    guardrails: Iterable[Guardrail], templates: Queries, namespace: str, rollout: str, model: str
) -> Mapping[str, Sequence[str]]:
    """PromQL for each guardrail that measures, by its name; each series of the answers says which of them it is of."""
    found: dict[str, Sequence[str]] = {}
    for guardrail in measured(guardrails):
        queries = gates.queries(_gate_of(guardrail), templates)
        found[guardrail.name] = [
            labelled(filled(template, namespace, rollout, model), model, query) for query, template in queries.items()
        ]
    return found


def vital(guardrail: Guardrail, samples: Iterable[tuple[Mapping[str, str], float]]) -> Vital:
    """The figure of one guardrail from the answers to its queries."""
    own: dict[str, tuple[Point, ...]] = {}
    for labels, value in samples:
        query = labels.get(FIGURE_LABEL, "")
        own[query] = (*own.get(query, ()), Point(labels, value))
    gate = _gate_of(guardrail)
    result = gates.measure(gate, Answers({gate.name: Measured(own=own)}))
    if result.figure is None:
        return Vital(None, result.sentence)
    return Vital(result.figure)


def _gate_of(guardrail: Guardrail) -> Gate:
    reference = None
    if guardrail.metric is GuardrailMetric.PSI:
        reference = PositiveDuration(f"{int(guardrail.period.seconds * _REFERENCE_LENGTHS)}s")
    return Gate(
        name=guardrail.name,
        test=_TESTS[guardrail.metric],
        at_most=guardrail.above,
        window=guardrail.period,
        reference=reference,
    )
