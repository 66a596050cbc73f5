"""Gates against a benchmark: a model that gets no requests from here, as buy-and-hold."""

import json

import pytest

from shadow_operator.core.comparison import Comparisons
from shadow_operator.core.contract import FIGURE_LABEL, MODEL_LABEL
from shadow_operator.core.evidence import Point
from shadow_operator.core.gates import Outcome, evaluate_all
from shadow_operator.core.measurement import Answer, Measurement, added, asks
from shadow_operator.core.readings import Reading
from tests.world.figures import counted, minutes
from tests.world.journeys import CHAMPION, FIRST, START, Journey, in_shadow
from tests.world.rollouts import rollout_of, spec_of

HOLD = "buy-and-hold"
GATES = [
    {"name": "beats-champion", "test": "PairedMean"},
    {"name": "beats-hold", "test": "PairedMean", "against": "Benchmark"},
    {"name": "calmer-than-champion", "test": "MaxDrawdown"},
    {"name": "calmer-than-hold", "test": "MaxDrawdown", "against": "Benchmark"},
    {"name": "more-than-hold", "test": "ProfitFactor", "against": "Benchmark"},
]
SPEC = {"benchmark": {"name": HOLD}, "gates": GATES, "errorBudget": {"plannedSamples": 100}}


def followed(journey: Journey, readings: list[Reading]) -> Comparisons:
    comparisons = Comparisons()
    comparisons.pairs(journey.spec, journey.status)
    comparisons.advance(journey.spec, journey.status, readings)
    return comparisons


def market(length: int, without: str | None = None) -> list[Reading]:
    """Challenger and champion earn alike, in turns; the benchmark loses every third minute."""
    moments = []
    for number in range(length):
        lost = 2.0 * (number // 3)
        figures = {
            CHAMPION: counted(1.0 * number + number % 2, 0, number),
            FIRST: counted(1.0 * number + (number + 1) % 2, 0, number),
            HOLD: counted(1.0 * number, lost, number),
        }
        moments.append({model: each for model, each in figures.items() if model != without})
    return list(minutes(*moments))


def outcomes(comparisons: Comparisons) -> dict[str, Outcome]:
    results = evaluate_all(spec_of(SPEC), comparisons.evidence()[FIRST])
    return {result.name: result.outcome for result in results}


def test_a_challenger_may_beat_the_benchmark_and_not_the_champion() -> None:
    found = outcomes(followed(in_shadow(spec_of(SPEC)), market(400)))
    assert found["beats-hold"] is Outcome.PASS
    assert found["beats-champion"] is Outcome.INSUFFICIENT
    assert found["calmer-than-hold"] is Outcome.PASS
    assert found["more-than-hold"] is Outcome.PASS


def test_sentences_say_whom_it_was_compared_with() -> None:
    evidence = followed(in_shadow(spec_of(SPEC)), market(400)).evidence()[FIRST]
    said = {result.name: result.sentence for result in evaluate_all(spec_of(SPEC), evidence)}
    assert "above the benchmark's" in said["beats-hold"]


def test_a_benchmark_without_figures_blinds_the_gates_against_it_and_no_other() -> None:
    found = outcomes(followed(in_shadow(spec_of(SPEC)), market(400, without=HOLD)))
    assert found["beats-hold"] is found["calmer-than-hold"] is found["more-than-hold"] is Outcome.BLIND
    assert found["beats-champion"] is Outcome.INSUFFICIENT
    assert found["calmer-than-champion"] is Outcome.PASS


def test_a_champion_without_figures_blinds_the_gates_against_it() -> None:
    found = outcomes(followed(in_shadow(spec_of(SPEC)), market(400, without=CHAMPION)))
    assert found["beats-champion"] is Outcome.BLIND
    assert found["beats-hold"] is Outcome.PASS


def test_a_restart_loses_nothing_of_the_comparison_with_the_benchmark() -> None:
    journey, readings = in_shadow(spec_of(SPEC)), market(300)
    whole = followed(journey, readings)
    half = followed(journey, readings[:150])
    resumed = Comparisons.from_json(json.loads(json.dumps(half.to_json())))
    resumed.pairs(journey.spec, journey.status)
    resumed.advance(journey.spec, journey.status, readings[150:])
    known, found = whole.evidence()[FIRST].benchmark, resumed.evidence()[FIRST].benchmark
    assert known is not None
    assert found is not None
    assert found.mean.samples == known.mean.samples
    assert found.mean.effect == pytest.approx(known.mean.effect)
    assert found.tests["beats-hold"].result.samples == known.tests["beats-hold"].result.samples


def test_without_a_benchmark_nothing_of_it_is_kept() -> None:
    journey = in_shadow(spec_of(SPEC))
    comparisons = followed(journey, market(30))
    journey.spec = spec_of()
    comparisons.pairs(journey.spec, journey.status)
    assert comparisons.evidence()[FIRST].benchmark is None
    assert comparisons.to_json()["benchmark"] == []


def test_a_gate_that_measures_asks_the_benchmark_instead_of_the_champion() -> None:
    gates = [
        {"name": "mean", "test": "PairedMean"},
        {"name": "busy", "test": "Turnover", "against": "Benchmark", "ratio": "150%"},
    ]
    rollout = rollout_of({"spec.benchmark": {"name": HOLD}, "spec.gates": gates}, in_shadow().status)
    asked = asks(rollout, [FIRST])
    assert {ask.model for ask in asked} == {FIRST, HOLD}
    points = tuple(
        Point({MODEL_LABEL: model, FIGURE_LABEL: f"busy/{query}"}, value)
        for model, query, value in (
            (FIRST, "turnover", 12.0),
            (FIRST, "decisions", 10.0),
            (HOLD, "turnover", 10.0),
            (HOLD, "decisions", 10.0),
        )
    )
    comparisons = followed(Journey(spec=rollout.spec, status=rollout.status), market(10))
    found = added(rollout, comparisons.evidence(), Measurement(START, asked, (Answer(asked, points),)))
    (busy,) = (result for result in evaluate_all(rollout.spec, found[FIRST]) if result.name == "busy")
    assert busy.outcome is Outcome.PASS
    assert busy.sentence == "busy passed: turnover is 120% of the benchmark's, at most 150% is allowed"
