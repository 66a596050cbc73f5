"""What gates make of the evidence: both sides of each limit, too little, and nothing at all."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shadow_operator.api.gates import CATALOGUE, Gate, GateTest
from shadow_operator.api.status import DatasetFinding
from shadow_operator.core import gates
from shadow_operator.core.comparison import design_of
from shadow_operator.core.evidence import Evidence, Measured, Point
from shadow_operator.core.gates import Outcome
from shadow_stats import Dependence
from tests.world import evidence
from tests.world.datasets import EXPECTED, OTHER, check_of
from tests.world.rollouts import spec_of

REASON = "Evidence changes with the regime: 6 regimes of about 310 rows seen, about 40 needed."

Answers = Mapping[str, Sequence[Point] | float]

# The fewest fields with which a gate of each kind is whole.
FIELDS: Mapping[GateTest, dict[str, Any]] = {
    GateTest.ERROR_DEGRADATION: {"measure": "MAE"},
    GateTest.LIVE_SHARPE: {"atLeast": "0.5"},
    GateTest.MIN_SAMPLES: {"count": 2000},
    GateTest.MIN_TRADES: {"count": 2000},
    GateTest.MIN_SESSIONS: {"count": 2000},
    GateTest.MIN_DAYS: {"count": 2000},
    GateTest.MIN_DURATION: {"atLeast": "200d"},
    GateTest.CONCEPT_DRIFT: {"measure": "MAE"},
    GateTest.LATENCY: {"atMost": "250ms"},
    GateTest.ERROR_RATE: {"atMost": "1%"},
    GateTest.FEATURE_FRESHNESS: {"atMost": "60s"},
    GateTest.PROMQL: {"query": 'up{model="{{model}}"}', "atLeast": "1"},
}


def gate_of(test: str, **fields: Any) -> Gate:
    return Gate.model_validate({"name": "gate", "test": test, **FIELDS.get(GateTest(test), {}), **fields})


def alone(test: str, **fields: Any) -> Gate:
    """A gate with these fields only."""
    return Gate.model_validate({"name": "gate", "test": test, **fields})


def saying(low: float, high: float, pvalue: float = 1.0) -> Evidence:
    return evidence.tested((low + high) / 2, low, high, pvalue)


def falling(drawdown: float) -> Evidence:
    return replace(evidence.undecided(), drawdown=drawdown, champion_drawdown=0.04)


def earning(factor: float | None, champion: float | None = 1.25) -> Evidence:
    return replace(evidence.undecided(), profit_factor=factor, champion_profit_factor=champion)


def annual(ratio: float | None) -> Evidence:
    """252 intervals a year."""
    found = None if ratio is None else ratio / math.sqrt(252)
    return replace(evidence.undecided(), sharpe_ratio=found, intervals_a_year=252.0)


def counting(samples: int = 0, trades: int = 0, sessions: int | None = 0, days: int = 0, hours: int = 0) -> Evidence:
    seen = evidence.undecided(trades)
    mean = replace(seen.mean, samples=samples)
    return replace(seen, mean=mean, sessions=sessions, days=days, span=timedelta(hours=hours))


def points(label: str, values: Mapping[str, float], **labels: str) -> tuple[Point, ...]:
    return tuple(Point({label: name, **labels}, value) for name, value in values.items())


def measuring(own: Answers, champion: Answers | None = None) -> Evidence:
    measured = Measured(own=_series(own), champion=_series(champion or {}))
    return replace(evidence.undecided(), measured={"gate": measured})


def _series(answers: Answers) -> Mapping[str, tuple[Point, ...]]:
    return {
        name: (Point({}, answer),) if isinstance(answer, float) else tuple(answer) for name, answer in answers.items()
    }


def turnover(own: float, champion: float = 1000.0) -> Evidence:
    """The champion decided twice as often."""
    return measuring({"turnover": own, "decisions": 100.0}, {"turnover": 2 * champion, "decisions": 200.0})


def histogram(*counts: float, feature: str = "return") -> tuple[Point, ...]:
    """Buckets that end at 1, 2, ...; the last one at infinity."""
    reached = [sum(counts[: index + 1]) for index in range(len(counts))]
    bounds = [*(str(bound) for bound in range(1, len(counts))), "+Inf"]
    return points("le", dict(zip(bounds, reached, strict=True)), feature=feature)


def moved(*counts: float) -> Evidence:
    steady = histogram(500, 500, feature="spread")
    return measuring(
        {"features": (*histogram(*counts), *steady), "reference": (*histogram(500, 500), *steady)},
    )


def erring(now: float, before: float, decisions: float = 200.0) -> Evidence:
    return measuring({"errors": now, "decisions": decisions, "reference_errors": before, "reference_decisions": 200.0})


def acting(buy: float, sell: float) -> Evidence:
    return measuring({"predictions": points("action", {"buy": buy, "sell": sell})})


def confident(counts: Mapping[str, float]) -> Evidence:
    return measuring({"confidence": points("le", counts)})


def agreeing(yes: float, no: float) -> Evidence:
    return measuring({"agreement": points("agrees", {"true": yes, "false": no})})


def calibrated(bins: Mapping[str, tuple[float, float]]) -> Evidence:
    """Wins and losses by the lower end of the bin."""
    wins = points("bin", {name: win for name, (win, _) in bins.items()}, outcome="win")
    losses = points("bin", {name: loss for name, (_, loss) in bins.items()}, outcome="loss")
    return measuring({"calibration": (*wins, *losses)})


def answering(seconds: float, answers: float = 1000.0, champion: float = 0.2) -> Evidence:
    series = points("le", {"+Inf": answers})
    return measuring({"latency": seconds, "answers": series}, {"latency": champion, "answers": series})


def failing(errors: float, predictions: float) -> Evidence:
    return measuring({"errors": errors, "predictions": predictions}, {"errors": 2.0, "predictions": 98.0})


def running_on(*found: str | None, **model: Any) -> Evidence:
    """A pod for each fingerprint that was found; None for one that has yet to report."""
    return replace(evidence.undecided(), dataset=check_of(*found, **model))


def unseen(finding: DatasetFinding) -> Evidence:
    return replace(evidence.undecided(), dataset=replace(check_of(EXPECTED), finding=finding, message="why"))


RISING = {"0.5": (55.0, 45.0), "0.6": (65.0, 35.0), "0.7": (75.0, 25.0)}
FALLING = {"0.5": (80.0, 20.0), "0.6": (65.0, 35.0), "0.7": (50.0, 50.0)}

CASES = [
    *(
        case
        for test, fields in [
            ("PairedMean", {}),
            ("BootstrapMean", {}),
            ("Sharpe", {}),
            ("Sharpe", {"method": "Bootstrap"}),
            ("ErrorDegradation", FIELDS[GateTest.ERROR_DEGRADATION]),
        ]
        for case in [
            (saying(0.5, 1.5, 0.05), test, fields, Outcome.PASS),
            (saying(0.5, 1.5, 0.0501), test, fields, Outcome.INSUFFICIENT),
            (evidence.worse(), test, fields, Outcome.FAIL),
            (evidence.undecided(), test, fields, Outcome.INSUFFICIENT),
        ]
    ),
    (saying(0.001, 0.1, 0.05), "WinRate", {}, Outcome.PASS),
    (saying(0.0, 0.1), "WinRate", {}, Outcome.INSUFFICIENT),
    (saying(0.001, 0.1, 0.051), "WinRate", {}, Outcome.INSUFFICIENT),
    (saying(-0.1, 0.0), "WinRate", {}, Outcome.FAIL),
    (saying(0.03, 0.1, 0.05), "WinRate", {"gain": "3%"}, Outcome.PASS),
    (saying(0.01, 0.03), "WinRate", {"gain": "3%"}, Outcome.INSUFFICIENT),
    (saying(0.01, 0.0299), "WinRate", {"gain": "3%"}, Outcome.FAIL),
    (saying(math.nan, math.nan), "WinRate", {}, Outcome.INSUFFICIENT),
    (saying(-math.inf, math.inf), "WinRate", {}, Outcome.INSUFFICIENT),
    (earning(1.25), "ProfitFactor", {}, Outcome.PASS),
    (earning(1.2499), "ProfitFactor", {}, Outcome.FAIL),
    (earning(1.3), "ProfitFactor", {"atLeast": "1.3"}, Outcome.PASS),
    (earning(1.2999), "ProfitFactor", {"atLeast": "1.3"}, Outcome.FAIL),
    (earning(math.inf), "ProfitFactor", {"atLeast": "1.3"}, Outcome.PASS),
    (earning(None), "ProfitFactor", {"atLeast": "1.3"}, Outcome.INSUFFICIENT),
    (earning(1.3, None), "ProfitFactor", {"atLeast": "1.3"}, Outcome.PASS),
    (earning(1.3, None), "ProfitFactor", {}, Outcome.INSUFFICIENT),
    (earning(9.9, math.inf), "ProfitFactor", {}, Outcome.FAIL),
    (annual(0.501), "LiveSharpe", {"atLeast": "0.5"}, Outcome.PASS),
    (annual(0.499), "LiveSharpe", {"atLeast": "0.5"}, Outcome.FAIL),
    (annual(0.499), "LiveSharpe", {"atLeast": "0.5", "perYear": 504}, Outcome.PASS),
    (annual(-0.9), "LiveSharpe", {"atLeast": "-1"}, Outcome.PASS),
    (annual(None), "LiveSharpe", {"atLeast": "0.5"}, Outcome.INSUFFICIENT),
    (falling(0.04), "MaxDrawdown", {}, Outcome.PASS),
    (falling(0.0401), "MaxDrawdown", {}, Outcome.FAIL),
    (falling(0.0361), "MaxDrawdown", {"ratio": "90%"}, Outcome.FAIL),
    (falling(0.05), "MaxDrawdown", {"atMost": "5%"}, Outcome.PASS),
    (falling(0.0501), "MaxDrawdown", {"atMost": "5%"}, Outcome.FAIL),
    (turnover(1000.0), "Turnover", {}, Outcome.PASS),
    (turnover(1001.0), "Turnover", {}, Outcome.FAIL),
    (turnover(1500.0), "Turnover", {"ratio": "150%"}, Outcome.PASS),
    (turnover(1501.0), "Turnover", {"ratio": "150%"}, Outcome.FAIL),
    (turnover(1.0, champion=0.0), "Turnover", {}, Outcome.INSUFFICIENT),
    (counting(samples=200), "MinSamples", {"count": 200}, Outcome.PASS),
    (counting(samples=199, trades=900), "MinSamples", {"count": 200}, Outcome.INSUFFICIENT),
    (counting(trades=500), "MinTrades", {"count": 500}, Outcome.PASS),
    (counting(trades=499, samples=900), "MinTrades", {"count": 500}, Outcome.INSUFFICIENT),
    (counting(sessions=5), "MinSessions", {"count": 5}, Outcome.PASS),
    (counting(sessions=4), "MinSessions", {"count": 5}, Outcome.INSUFFICIENT),
    (counting(sessions=None, samples=9), "MinSessions", {"count": 5}, Outcome.BLIND),
    (counting(days=3), "MinDays", {"count": 3}, Outcome.PASS),
    (counting(days=2), "MinDays", {"count": 3}, Outcome.INSUFFICIENT),
    (counting(hours=168), "MinDuration", {"atLeast": "7d"}, Outcome.PASS),
    (counting(hours=167), "MinDuration", {"atLeast": "7d"}, Outcome.INSUFFICIENT),
    (moved(450, 550), "DriftPSI", {}, Outcome.PASS),
    (moved(250, 750), "DriftPSI", {}, Outcome.FAIL),
    (moved(250, 750), "DriftPSI", {"atMost": "0.28"}, Outcome.PASS),
    (moved(30, 60), "DriftPSI", {}, Outcome.INSUFFICIENT),
    (moved(350, 650), "DriftKS", {}, Outcome.PASS),
    (moved(349, 651), "DriftKS", {}, Outcome.FAIL),
    (moved(349, 651), "DriftKS", {"atMost": "0.16"}, Outcome.PASS),
    (erring(120.0, 100.0), "ConceptDrift", {"measure": "MAE"}, Outcome.PASS),
    (erring(121.0, 100.0), "ConceptDrift", {"measure": "MAE"}, Outcome.FAIL),
    (erring(143.0, 100.0), "ConceptDrift", {"measure": "RMSE"}, Outcome.PASS),
    (erring(145.0, 100.0), "ConceptDrift", {"measure": "RMSE"}, Outcome.FAIL),
    (erring(100.0, 100.0, decisions=99.0), "ConceptDrift", {"measure": "MAE"}, Outcome.INSUFFICIENT),
    (erring(100.0, 0.0), "ConceptDrift", {"measure": "MAE"}, Outcome.INSUFFICIENT),
    (acting(70.0, 30.0), "ActionDiversity", {}, Outcome.PASS),
    (acting(71.0, 29.0), "ActionDiversity", {}, Outcome.FAIL),
    (acting(70.0, 29.0), "ActionDiversity", {}, Outcome.INSUFFICIENT),
    (confident({"0.5": 0, "0.6": 100, "+Inf": 100}), "ConfidenceSpread", {}, Outcome.PASS),
    (confident({"0.5": 0, "0.6": 100, "+Inf": 100}), "ConfidenceSpread", {"atLeast": "0.081"}, Outcome.FAIL),
    (confident({"0.5": 0, "0.55": 100, "+Inf": 100}), "ConfidenceSpread", {}, Outcome.FAIL),
    (confident({"0.5": 0, "0.6": 99, "+Inf": 99}), "ConfidenceSpread", {}, Outcome.INSUFFICIENT),
    (agreeing(55.0, 45.0), "Agreement", {}, Outcome.PASS),
    (agreeing(54.0, 46.0), "Agreement", {}, Outcome.FAIL),
    (agreeing(55.0, 44.0), "Agreement", {}, Outcome.INSUFFICIENT),
    (calibrated(RISING), "CalibrationMonotonic", {}, Outcome.PASS),
    (calibrated(FALLING), "CalibrationMonotonic", {}, Outcome.FAIL),
    (calibrated({"0.5": (50.0, 49.0)}), "CalibrationMonotonic", {}, Outcome.INSUFFICIENT),
    (calibrated({"0.5": (59.0, 41.0), "0.6": (65.0, 35.0)}), "ECE", {}, Outcome.FAIL),
    (calibrated({"0.5": (59.0, 41.0), "0.6": (79.0, 21.0), "0.9": (95.0, 5.0)}), "ECE", {}, Outcome.PASS),
    (calibrated({"0.5": (59.0, 40.0)}), "ECE", {}, Outcome.INSUFFICIENT),
    (answering(0.25), "Latency", {"atMost": "250ms"}, Outcome.PASS),
    (answering(0.251), "Latency", {"atMost": "250ms"}, Outcome.FAIL),
    (answering(0.22), "Latency", {"ratio": "110%"}, Outcome.PASS),
    (answering(0.221), "Latency", {"ratio": "110%"}, Outcome.FAIL),
    (answering(0.1, answers=99.0), "Latency", {"atMost": "250ms"}, Outcome.INSUFFICIENT),
    (failing(1.0, 99.0), "ErrorRate", {"atMost": "1%"}, Outcome.PASS),
    (failing(2.0, 99.0), "ErrorRate", {"atMost": "1%"}, Outcome.FAIL),
    (failing(2.0, 98.0), "ErrorRate", {"ratio": "100%"}, Outcome.PASS),
    (failing(3.0, 97.0), "ErrorRate", {"ratio": "100%"}, Outcome.FAIL),
    (failing(0.0, 99.0), "ErrorRate", {"atMost": "1%"}, Outcome.INSUFFICIENT),
    (measuring({"age": 60.0}), "FeatureFreshness", {"atMost": "60s"}, Outcome.PASS),
    (
        measuring({"age": (Point({"feature": "a"}, 1.0), Point({"feature": "b"}, 61.0))}),
        "FeatureFreshness",
        {"atMost": "60s"},
        Outcome.FAIL,
    ),
    (measuring({"restarts": 2.04}), "Restarts", {}, Outcome.PASS),
    (measuring({"restarts": 2.96}), "Restarts", {}, Outcome.FAIL),
    (measuring({"restarts": 0.0}), "Restarts", {"atMost": "0"}, Outcome.PASS),
    (running_on(EXPECTED), "DatasetFingerprint", {}, Outcome.PASS),
    (running_on(OTHER), "DatasetFingerprint", {}, Outcome.FAIL),
    (running_on(EXPECTED, OTHER), "DatasetFingerprint", {}, Outcome.FAIL),
    (running_on(OTHER, allowDatasetMismatch=True), "DatasetFingerprint", {}, Outcome.PASS),
    (running_on(), "DatasetFingerprint", {}, Outcome.INSUFFICIENT),
    (running_on(EXPECTED, None), "DatasetFingerprint", {}, Outcome.INSUFFICIENT),
    (unseen(DatasetFinding.UNKNOWN), "DatasetFingerprint", {}, Outcome.BLIND),
    (unseen(DatasetFinding.UNREADABLE), "DatasetFingerprint", {}, Outcome.BLIND),
    (evidence.better(), "DatasetFingerprint", {}, Outcome.BLIND),
    (measuring({"answer": 1.0}), "PromQL", {"query": "{{model}}", "atLeast": "1"}, Outcome.PASS),
    (measuring({"answer": 0.9}), "PromQL", {"query": "{{model}}", "atLeast": "1"}, Outcome.FAIL),
    (measuring({"answer": 0.9}), "PromQL", {"query": "{{model}}", "atMost": "0.9"}, Outcome.PASS),
    (measuring({"answer": 0.91}), "PromQL", {"query": "{{model}}", "atMost": "0.9"}, Outcome.FAIL),
    (measuring({"answer": 0.9}, {"answer": 1.0}), "PromQL", {"query": "{{model}}", "ratio": "90%"}, Outcome.PASS),
    (measuring({"answer": 0.91}, {"answer": 1.0}), "PromQL", {"query": "{{model}}", "ratio": "90%"}, Outcome.FAIL),
    (
        measuring({"answer": points("pod", {"a": 1.0, "b": 1.0})}),
        "PromQL",
        {"query": "{{model}}", "atLeast": "1"},
        Outcome.BLIND,
    ),
]


@pytest.mark.parametrize(("seen", "test", "fields", "expected"), CASES)
def test_a_gate_holds_on_the_one_side_of_its_limit_only(
    seen: Evidence, test: str, fields: dict[str, Any], expected: Outcome
) -> None:
    result = gates.evaluate(alone(test, **fields), seen, 0.05)
    assert result.outcome is expected, result.sentence
    assert result.sentence.startswith("gate ")


@pytest.mark.parametrize("test", list(GateTest))
def test_every_gate_is_in_the_table_on_both_sides(test: GateTest) -> None:
    seen = {expected for _, name, _, expected in CASES if name == test.value}
    assert Outcome.PASS in seen
    assert seen & {Outcome.FAIL, Outcome.INSUFFICIENT}


@pytest.mark.parametrize("test", list(GateTest))
def test_no_gate_takes_missing_data_for_good_or_bad(test: GateTest) -> None:
    gate = gate_of(test)
    assert gates.evaluate(gate, None, 0.05).outcome is Outcome.BLIND
    for seen in (evidence.better(), evidence.worse()):
        result = gates.evaluate(gate, evidence.blinded(seen), 0.05)
        assert (result.outcome, result.final) == (Outcome.BLIND, False)
        assert result.sentence == "gate is blind: Prometheus is down"
    assert gates.evaluate(gate, evidence.no_sample(), 0.05).outcome in {Outcome.INSUFFICIENT, Outcome.BLIND}


@pytest.mark.parametrize("test", [test for test in GateTest if gates.queries(gate_of(test), spec_of().metrics.queries)])
def test_a_gate_that_measures_is_blind_without_its_series(test: GateTest) -> None:
    gate = gate_of(test)
    asked = gates.queries(gate, spec_of().metrics.queries)
    for seen in (
        measuring({}),
        replace(measuring({}), measured={}),
        replace(measuring({}), measured={"gate": Measured(blind="down")}),
    ):
        assert gates.evaluate(gate, seen, 0.05).outcome is Outcome.BLIND
    for missing in asked:
        rest = {name: (Point({"le": "1", "feature": "a"}, 1e6),) for name in asked if name != missing}
        assert gates.evaluate(gate, measuring(rest, rest), 0.05).outcome in {Outcome.BLIND, Outcome.INSUFFICIENT}


@pytest.mark.parametrize("test", list(GateTest))
def test_only_what_the_error_budget_backs_ends_a_run(test: GateTest) -> None:
    result = gates.evaluate(gate_of(test), evidence.worse(), 0.05)
    assert result.final is CATALOGUE[test].is_test


@pytest.mark.parametrize("test", [test for test, shape in CATALOGUE.items() if shape.is_test])
def test_a_gate_whose_comparison_is_withheld_waits_and_says_why(test: GateTest) -> None:
    seen = saying(-math.inf, math.inf)
    said = seen.test(gate_of(test))
    withheld = evidence.every_gate(replace(said, result=replace(said.result, withheld=REASON)))
    result = gates.evaluate(gate_of(test), replace(seen, tests=withheld), 0.05)
    assert (result.outcome, result.sentence) == (Outcome.INSUFFICIENT, f"gate waits: {REASON}")


def test_a_test_whose_newest_interval_lacks_a_figure_is_blind() -> None:
    seen = evidence.better()
    lacking = evidence.every_gate(
        replace(seen.test(gate_of("PairedMean")), missing="there is no series error_absolute")
    )
    result = gates.evaluate(gate_of("ErrorDegradation"), replace(seen, tests=lacking), 0.05)
    assert result.sentence == "gate is blind: there is no series error_absolute"


def test_a_gate_says_the_figure_and_the_limit() -> None:
    result = gates.evaluate(alone("WinRate", gain="3%"), saying(0.01, 0.02), 0.05)
    assert result.sentence == (
        "gate does not hold: win rate +1.5% against the champion's, between +1.0% and +2.0%, at least +3.0% is needed "
        "(p 1, 0.05 passes)"
    )
    assert result.figure == pytest.approx(0.015)
    assert result.limit == 0.03


def test_a_mismatch_that_was_allowed_is_said_by_the_gate_that_lets_it_pass() -> None:
    result = gates.evaluate(alone("DatasetFingerprint"), running_on(OTHER, allowDatasetMismatch=True), 0.05)
    assert result.sentence.startswith("gate passed: allowDatasetMismatch lets it pass, although pod pod-0: the data at")
    assert OTHER in result.sentence


def test_the_error_budget_makes_the_design() -> None:
    budget = {"errorBudget": {"alpha": "1%", "plannedSamples": 4000, "dependence": "Regimes", "sessionSamples": 78}}
    design = design_of(spec_of(budget))
    assert (design.alpha, design.planned_samples, design.session_samples) == (0.01, 4000, 78)
    assert design.dependence is Dependence.REGIMES
    assert design.comparisons == len(spec_of().challengers)
