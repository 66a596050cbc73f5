"""What gates make of a comparison."""

from dataclasses import replace

import pytest

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
