"""What gates make of a comparison."""

import math
from dataclasses import replace
from typing import Any

import pytest

from shadow_operator.api.gates import Gate, GateRole, GateTest
from shadow_operator.core import gates
from shadow_operator.core.comparison import design_of
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.gates import paired_mean, sharpe
from shadow_operator.core.gates.result import GateResult, Outcome
from shadow_stats import Dependence
from tests.world import evidence
from tests.world.rollouts import spec_of

REASON = "Evidence changes with the regime: 6 regimes of about 310 rows seen, about 40 needed."


def judged(seen: Evidence) -> list[GateResult]:
    gate = spec_of().gates[0]
    return [test.evaluate(gate, seen, 0.05) for test in (paired_mean, sharpe)]


@pytest.mark.parametrize(
    ("seen", "outcome"),
    [
        (evidence.better(), Outcome.PASS),
        (evidence.worse(), Outcome.FAIL),
        (evidence.undecided(), Outcome.INSUFFICIENT),
        (evidence.no_sample(), Outcome.INSUFFICIENT),
    ],
)
def test_a_gate_says_what_the_error_budget_backs(seen: Evidence, outcome: Outcome) -> None:
    assert [result.outcome for result in judged(seen)] == [outcome] * 2


def test_a_gate_whose_comparison_is_withheld_waits_and_says_why() -> None:
    seen = evidence.undecided()
    said = replace(seen.mean, withheld=REASON)
    for result in judged(replace(seen, mean=said, sharpe=said)):
        assert result.outcome is Outcome.INSUFFICIENT
        assert result.sentence.endswith(f" waits: {REASON}")
        assert not result.final


def test_the_error_budget_makes_the_design() -> None:
    budget = {"errorBudget": {"alpha": "1%", "plannedSamples": 4000, "dependence": "Regimes", "sessionSamples": 78}}
    design = design_of(spec_of(budget))
    assert (design.alpha, design.planned_samples, design.session_samples) == (0.01, 4000, 78)
    assert design.dependence is Dependence.REGIMES
    assert design.comparisons == len(spec_of().challengers)


def gate_of(test: str, **fields: Any) -> Gate:
    return Gate.model_validate({"name": "gate", "test": test, **fields})


def outcome(seen: Evidence, test: str, **fields: Any) -> Outcome:
    return gates.evaluate(gate_of(test, **fields), seen, 0.05).outcome


def wins(low: float, high: float, pvalue: float = 0.05) -> Evidence:
    seen = evidence.undecided()
    said = replace(seen.wins, effect=(low + high) / 2, low=low, high=high)
    return replace(seen, wins=said, pvalue_wins=pvalue)


def falling(drawdown: float) -> Evidence:
    return replace(evidence.undecided(), drawdown=drawdown, champion_drawdown=0.04)


def earning(factor: float | None, champion: float | None = 1.25) -> Evidence:
    return replace(evidence.undecided(), profit_factor=factor, champion_profit_factor=champion)


def counting(samples: int, trades: int) -> Evidence:
    seen = evidence.undecided(trades)
    return replace(seen, mean=replace(seen.mean, samples=samples))


@pytest.mark.parametrize(
    ("seen", "test", "fields", "expected"),
    [
        (wins(0.001, 0.1), "WinRate", {}, Outcome.PASS),
        (wins(0.0, 0.1), "WinRate", {}, Outcome.INSUFFICIENT),
        (wins(0.001, 0.1, pvalue=0.051), "WinRate", {}, Outcome.INSUFFICIENT),
        (wins(-0.1, 0.0), "WinRate", {}, Outcome.FAIL),
        (wins(0.03, 0.1), "WinRate", {"gain": "3%"}, Outcome.PASS),
        (wins(0.0299, 0.1), "WinRate", {"gain": "3%"}, Outcome.INSUFFICIENT),
        (wins(0.01, 0.03), "WinRate", {"gain": "3%"}, Outcome.INSUFFICIENT),
        (wins(0.01, 0.0299), "WinRate", {"gain": "3%"}, Outcome.FAIL),
        (wins(math.nan, math.nan), "WinRate", {}, Outcome.INSUFFICIENT),
        (wins(-math.inf, math.inf), "WinRate", {}, Outcome.INSUFFICIENT),
        (earning(1.25), "ProfitFactor", {}, Outcome.PASS),
        (earning(1.2499), "ProfitFactor", {}, Outcome.FAIL),
        (earning(1.3), "ProfitFactor", {"atLeast": "1.3"}, Outcome.PASS),
        (earning(1.2999), "ProfitFactor", {"atLeast": "1.3"}, Outcome.FAIL),
        (earning(math.inf), "ProfitFactor", {"atLeast": "1.3"}, Outcome.PASS),
        (earning(None), "ProfitFactor", {"atLeast": "1.3"}, Outcome.INSUFFICIENT),
        (earning(1.3, None), "ProfitFactor", {"atLeast": "1.3"}, Outcome.PASS),
        (earning(1.3, None), "ProfitFactor", {}, Outcome.INSUFFICIENT),
        (earning(9.9, math.inf), "ProfitFactor", {}, Outcome.FAIL),
        (falling(0.04), "MaxDrawdown", {}, Outcome.PASS),
        (falling(0.0401), "MaxDrawdown", {}, Outcome.FAIL),
        (falling(0.0361), "MaxDrawdown", {"ratio": "90%"}, Outcome.FAIL),
        (falling(0.05), "MaxDrawdown", {"atMost": "5%"}, Outcome.PASS),
        (falling(0.0501), "MaxDrawdown", {"atMost": "5%"}, Outcome.FAIL),
        (counting(200, 9), "MinSamples", {"count": 200}, Outcome.PASS),
        (counting(199, 9), "MinSamples", {"count": 200}, Outcome.INSUFFICIENT),
        (counting(9, 500), "MinTrades", {"count": 500}, Outcome.PASS),
        (counting(9, 499), "MinTrades", {"count": 500}, Outcome.INSUFFICIENT),
    ],
)
def test_a_gate_holds_on_the_one_side_of_its_limit_only(
    seen: Evidence, test: str, fields: dict[str, Any], expected: Outcome
) -> None:
    assert outcome(seen, test, **fields) is expected


@pytest.mark.parametrize("test", list(GateTest))
def test_no_gate_takes_missing_data_for_good_or_bad(test: GateTest) -> None:
    fields = {"count": 1} if test in {GateTest.MIN_SAMPLES, GateTest.MIN_TRADES} else {}
    gate = Gate(name="gate", test=test, role=GateRole.PRIMARY, **fields)
    assert gates.evaluate(gate, None, 0.05).outcome is Outcome.BLIND
    for seen in (evidence.better(), evidence.worse()):
        result = gates.evaluate(gate, evidence.blinded(seen), 0.05)
        assert (result.outcome, result.final) == (Outcome.BLIND, False)
        assert result.sentence == "gate is blind: Prometheus is down"
    assert gates.evaluate(gate, evidence.no_sample(), 0.05).outcome is Outcome.INSUFFICIENT


@pytest.mark.parametrize("test", list(GateTest))
def test_only_what_the_error_budget_backs_ends_a_run(test: GateTest) -> None:
    fields = {"count": 2000} if test in {GateTest.MIN_SAMPLES, GateTest.MIN_TRADES} else {}
    result = gates.evaluate(Gate(name="gate", test=test, **fields), evidence.worse(), 0.05)
    assert result.final is (test in {GateTest.PAIRED_MEAN, GateTest.SHARPE, GateTest.WIN_RATE})


def test_a_win_rate_that_is_withheld_says_why() -> None:
    seen = wins(-math.inf, math.inf)
    said = gates.evaluate(gate_of("WinRate"), replace(seen, wins=replace(seen.wins, withheld=REASON)), 0.05)
    assert said.sentence == f"gate waits: {REASON}"


def test_a_gate_says_the_figure_and_the_limit() -> None:
    said = gates.evaluate(gate_of("WinRate", gain="3%"), wins(0.01, 0.02), 0.05).sentence
    assert said == (
        "gate failed: win rate +1.5% against the champion's, between +1.0% and +2.0%, at least +3.0% is needed"
    )
