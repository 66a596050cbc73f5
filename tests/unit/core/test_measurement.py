"""What gates ask Prometheus by queries of their own, and whose answer is whose."""

from dataclasses import replace

import pytest

from shadow_operator.api.gates import Gate, GateTest
from shadow_operator.core import gates
from shadow_operator.core.contract import FIGURE_LABEL, MODEL_LABEL
from shadow_operator.core.evidence import Point
from shadow_operator.core.gates.queries import increase
from shadow_operator.core.measurement import Answer, Measurement, added, asks, batches
from tests.world.evidence import undecided
from tests.world.journeys import CHAMPION, FIRST, SECOND, START, in_shadow
from tests.world.rollouts import rollout_of

GATES = [
    {"name": "mean", "test": "PairedMean"},
    {"name": "restarts", "test": "Restarts", "window": "24h"},
    {"name": "turnover", "test": "Turnover"},
    {"name": "own", "test": "PromQL", "query": 'lag{model="{{model}}"}', "atMost": "3"},
]
ROLLOUT = rollout_of({"spec.gates": GATES}, in_shadow().status)
SELECTOR = 'model_errors_total{namespace="{{namespace}}",rollout="{{rollout}}",model="{{model}}"}'


def answered(*points: Point, failed: str | None = None) -> Measurement:
    asked = asks(ROLLOUT, [FIRST, SECOND])
    return Measurement(START, asked, (Answer(asked, points, failed),))


def point(model: str, label: str, value: float, **labels: str) -> Point:
    return Point({MODEL_LABEL: model, FIGURE_LABEL: label, **labels}, value)


def test_each_challenger_is_asked_about_and_the_champion_where_it_is_compared() -> None:
    asked = {(ask.label, ask.model) for ask in asks(ROLLOUT, [FIRST])}
    assert asked == {
        ("restarts/restarts", FIRST),
        ("turnover/turnover", FIRST),
        ("turnover/decisions", FIRST),
        ("turnover/turnover", CHAMPION),
        ("turnover/decisions", CHAMPION),
        ("own/answer", FIRST),
    }


def test_the_contracts_queries_go_together_and_somebodys_own_goes_alone() -> None:
    common, own = batches(asks(ROLLOUT, [FIRST]))
    assert len(common.asks) == 5
    assert [ask.promql for ask in own.asks] == [f'lag{{model="{FIRST}"}}']
    assert all(ask.term in common.query for ask in common.asks)


def test_every_challenger_of_a_full_race_is_in_just_one_query() -> None:
    models = [f"model-{number}" for number in range(16)]
    asked = asks(ROLLOUT, models)
    found = [ask for batch in batches(asked) for ask in batch.asks]
    assert sorted(found, key=str) == sorted(asked, key=str)
    assert all(len(batch.query) <= 6000 for batch in batches(asked))


def test_an_answer_reaches_the_gate_and_the_model_that_asked() -> None:
    found = answered(
        point(FIRST, "restarts/restarts", 1.0),
        point(SECOND, "restarts/restarts", 2.0),
        point(FIRST, "turnover/turnover", 3.0, book="shadow"),
        point(CHAMPION, "turnover/turnover", 4.0),
    )
    seen = added(ROLLOUT, {FIRST: undecided(), SECOND: undecided()}, found)
    assert seen[FIRST].measured["restarts"].own["restarts"] == (Point({}, 1.0),)
    assert seen[SECOND].measured["restarts"].own["restarts"] == (Point({}, 2.0),)
    assert seen[FIRST].measured["turnover"].own["turnover"] == (Point({"book": "shadow"}, 3.0),)
    assert seen[SECOND].measured["turnover"].champion["turnover"] == (Point({}, 4.0),)
    assert seen[FIRST].measured["own"].own["answer"] == ()


def test_a_query_of_ones_own_that_fails_blinds_its_gate_and_no_other() -> None:
    asked = asks(ROLLOUT, [FIRST])
    common, own = batches(asked)
    answers = (Answer(common.asks, (point(FIRST, "restarts/restarts", 1.0),)), Answer(own.asks, (), "no such function"))
    seen = added(ROLLOUT, {FIRST: undecided()}, Measurement(START, asked, answers))[FIRST]
    assert seen.measured["own"].blind == "no such function"
    assert seen.measured["restarts"].blind is None


@pytest.mark.parametrize(
    ("template", "by", "before", "query"),
    [
        (SELECTOR, (), None, f"sum by () (increase({SELECTOR}[1d]))"),
        (SELECTOR, ("le",), "7d", f"sum by (le) (increase({SELECTOR}[1d] offset 7d))"),
        ("errors", ("a", "b"), None, "sum by (a, b) (increase(errors[1d]))"),
        ("sum(errors)", (), "1d", "sum by () (increase((sum(errors))[1d:] offset 1d))"),
    ],
)
def test_an_increase_is_asked_of_a_selector_or_of_any_query(
    template: str, by: tuple[str, ...], before: str | None, query: str
) -> None:
    assert increase(template, "1d", *by, before=before) == query


def test_a_gate_asks_for_its_own_window_and_reference() -> None:
    gate = Gate(name="drift", test=GateTest.DRIFT_PSI, window="6h", reference="14d")
    asked = gates.queries(gate, ROLLOUT.spec.metrics.queries)
    assert "[6h]" in asked["features"]
    assert "[14d] offset 6h" in asked["reference"]


def test_what_was_not_measured_yet_is_blind() -> None:
    gate = ROLLOUT.spec.gates[1]
    said = gates.evaluate(gate, replace(undecided(), measured={}), 0.05)
    assert said.sentence == "restarts is blind: restarts was not measured yet"
