"""Guardrails that measure by queries of their own: what they ask, and what their figures are."""

from collections.abc import Mapping, Sequence

import pytest

from shadow_operator.api.guardrails import Guardrail
from shadow_operator.api.metrics import Queries
from shadow_operator.core.contract import FIGURE_LABEL
from shadow_operator.core.vitals import asks, vital

_ERRORS = {"name": "errors", "metric": "errorRate", "above": "1%"}
_LATENCY = {"name": "latency", "metric": "latency", "above": "250ms", "over": "5m"}
_RESTARTS = {"name": "restarts", "metric": "restarts", "above": "0"}
_PSI = {"name": "drift", "metric": "psi", "above": "0.25"}
_DRAWDOWN = {"name": "max-drawdown", "metric": "drawdown", "above": "5%"}

Samples = Sequence[tuple[Mapping[str, str], float]]


def guardrail(said: Mapping[str, object]) -> Guardrail:
    return Guardrail.model_validate(said)


def sample(figure: str, value: float, **labels: str) -> tuple[Mapping[str, str], float]:
    return {FIGURE_LABEL: figure, **labels}, value


def histogram(figure: str, *cumulative: float, **labels: str) -> Samples:
    return [sample(figure, value, le=str(bound), **labels) for bound, value in enumerate(cumulative)]


@pytest.mark.parametrize(
    ("said", "samples", "figure"),
    [
        pytest.param(_ERRORS, [sample("errors", 4.0), sample("predictions", 196.0)], 0.02, id="errors"),
        pytest.param(_ERRORS, [sample("errors", 0.0), sample("predictions", 500.0)], 0.0, id="no error"),
        pytest.param(_LATENCY, [sample("latency", 0.4), *histogram("answers", 0, 150, 200)], 0.4, id="latency"),
        pytest.param(_RESTARTS, [sample("restarts", 2.1)], 2.0, id="restarts, extrapolated by Prometheus"),
        pytest.param(
            _PSI,
            [
                *histogram("features", 0, 500, 1000, feature="spread"),
                *histogram("reference", 0, 500, 1000, feature="spread"),
            ],
            0.0,
            id="no drift",
        ),
    ],
)
def test_the_figure_is_that_of_the_gate_of_the_same_name(
    said: Mapping[str, object], samples: Samples, figure: float
) -> None:
    assert vital(guardrail(said), samples).figure == pytest.approx(figure)


@pytest.mark.parametrize(
    ("said", "samples", "why"),
    [
        pytest.param(_ERRORS, [], "there is no series errors", id="no series at all"),
        pytest.param(_ERRORS, [sample("errors", 1.0)], "there is no series predictions", id="one of two series"),
        pytest.param(
            _ERRORS, [sample("errors", 1.0), sample("predictions", 2.0)], "3 questions in 1m, 100 are", id="too few"
        ),
        pytest.param(_LATENCY, histogram("answers", 0, 20), "20 answers in 5m, 100 are needed", id="too few answers"),
        pytest.param(_RESTARTS, [], "there is no series restarts", id="no restarts series"),
    ],
)
def test_what_is_not_there_or_too_little_is_unknown_and_says_why(
    said: Mapping[str, object], samples: Samples, why: str
) -> None:
    found = vital(guardrail(said), samples)
    assert found.figure is None
    assert why in found.why_unknown


def test_only_guardrails_that_measure_ask_for_more() -> None:
    rails = [guardrail(each) for each in (_DRAWDOWN, _ERRORS, _PSI)]
    asked = asks(rails, Queries(), "trading", "momentum", "v8")
    assert set(asked) == {"errors", "drift"}
    errors, predictions = asked["errors"]
    series = 'model_errors_total{namespace="trading",rollout="momentum",model="v8"}'
    assert f"increase({series}[1m])" in errors
    assert "model_predictions_total" in predictions
    assert any("[3600s] offset 10m" in query for query in asked["drift"])
