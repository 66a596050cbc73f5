"""What becomes of the readings of a time grid: pairs, gaps, and what can't be seen."""

import json
import math
from datetime import timedelta

import pytest

from shadow_operator.core.comparison import Comparisons
from shadow_operator.core.readings import Reading
from tests.world.figures import counted, minute, minutes, read
from tests.world.journeys import CHAMPION, FIRST, SECOND, Journey, in_canary, in_shadow
from tests.world.rollouts import spec_of


def followed(journey: Journey, readings: list[Reading]) -> Comparisons:
    comparisons = Comparisons()
    comparisons.pairs(journey.spec, journey.status)
    comparisons.advance(journey.spec, journey.status, readings)
    return comparisons


WINS = {"gates": [{"name": "mean", "test": "PairedMean"}, {"name": "wins", "test": "WinRate"}]}


def both(number: int, better: float = 2.0) -> dict[str, dict[str, float]]:
    return {CHAMPION: dict(counted(number, 0, number)), FIRST: dict(counted(better * number, 0, number))}


def test_each_interval_is_one_pair_of_profit_per_decision() -> None:
    comparisons = followed(in_shadow(), list(minutes(both(0), both(1), both(2), both(3))))
    evidence = comparisons.evidence()[FIRST]
    assert evidence.mean.samples == 3
    assert evidence.mean.effect == pytest.approx(1.0)
    assert evidence.trades == 3


def test_an_interval_is_won_that_ends_with_a_gain() -> None:
    """The challenger gains in the first and third minute, the champion in the second."""
    readings = minutes(
        {CHAMPION: counted(0, 0, 0), FIRST: counted(0, 0, 0)},
        {CHAMPION: counted(0, 1, 1), FIRST: counted(3, 0, 1)},
        {CHAMPION: counted(2, 1, 2), FIRST: counted(3, 2, 2)},
        {CHAMPION: counted(2, 2, 3), FIRST: counted(6, 2, 3)},
    )
    seen = followed(in_shadow(spec_of(WINS)), list(readings)).evidence()[FIRST]
    assert seen.tests["wins"].result.samples == 3
    assert seen.tests["wins"].result.effect == pytest.approx(1 / 3)
    assert (seen.profit_factor, seen.champion_profit_factor) == (3.0, 1.0)


def test_the_win_rates_are_corrected_over_all_challengers() -> None:
    """The first wins where the champion loses, and the second does as the champion."""
    counters = {CHAMPION: 0, FIRST: 0, SECOND: 0}
    moments = []
    for number in range(301):
        won = {CHAMPION: number % 3 == 0, FIRST: number % 2 == 0, SECOND: number % 3 == 0}
        counters = {name: count + won[name] for name, count in counters.items()}
        moments.append({name: counted(count, number - count, number) for name, count in counters.items()})
    evidence = followed(in_shadow(spec_of(WINS)), list(minutes(*moments))).evidence()
    first, second = (evidence[name].tests["wins"] for name in (FIRST, SECOND))
    one = 2 * first.result.pvalue_better
    assert 0.0 < one < 0.05
    assert first.pvalue == pytest.approx(2 * one)
    assert second.pvalue == 1.0


def test_each_test_has_evidence_of_its_own_and_a_limit_has_none() -> None:
    gates = [{"name": test, "test": test} for test in ("PairedMean", "BootstrapMean", "Sharpe", "WinRate")]
    spec = spec_of({"gates": [*gates, {"name": "drawdown", "test": "MaxDrawdown"}]})
    seen = followed(in_shadow(spec), list(minutes(*(both(number) for number in range(4))))).evidence()[FIRST]
    assert {name: tested.result.samples for name, tested in seen.tests.items()} == {gate["name"]: 3 for gate in gates}


def test_a_changed_gate_starts_anew_and_takes_no_other_along() -> None:
    journey = in_shadow(spec_of(WINS))
    comparisons = followed(journey, list(minutes(both(0), both(1), both(2))))
    journey.spec = spec_of({**WINS, "gates[1].gain": "3%"})
    comparisons.pairs(journey.spec, journey.status)
    tests = comparisons.evidence()[FIRST].tests
    assert (tests["mean"].result.samples, tests["wins"].result.samples) == (2, 0)


def test_a_sharpe_ratio_is_compared_by_the_method_that_the_gate_names() -> None:
    gates = [{"name": "always", "test": "Sharpe"}, {"name": "bootstrap", "test": "Sharpe", "method": "Bootstrap"}]
    journey = in_shadow(spec_of({"gates": gates}))
    comparisons = followed(journey, list(minutes(*(both(number) for number in range(4)))))
    kept = {one["gate"]["name"]: one["state"]["kind"] for one in comparisons.to_json()["comparisons"][0]["tests"]}
    assert kept == {"always": "SharpeDifference", "bootstrap": "BootstrapSharpe"}
    again = Comparisons.from_json(json.loads(json.dumps(comparisons.to_json())))
    assert str(again.evidence()[FIRST].tests["bootstrap"]) == str(comparisons.evidence()[FIRST].tests["bootstrap"])


def erring(number: int, own: float, champion: float) -> dict[str, dict[str, float]]:
    """Errors of 1 and 2 a decision, unless they say otherwise."""
    return {
        FIRST: {**counted(number, 0, number), "error_absolute": own * number},
        CHAMPION: {**counted(number, 0, number), "error_absolute": champion * number},
    }


@pytest.mark.parametrize(("ratio", "margin"), [("100%", 1.0), ("50%", 0.0), ("40%", -0.2)])
def test_errors_are_held_against_a_share_of_the_champions(ratio: str, margin: float) -> None:
    gate = {"name": "error", "test": "ErrorDegradation", "measure": "MAE", "ratio": ratio}
    readings = minutes(*(erring(number, 1.0, 2.0) for number in range(4)))
    seen = followed(in_shadow(spec_of({"gates": [gate]})), list(readings)).evidence()[FIRST]
    assert seen.tests["error"].result.samples == 3
    assert seen.tests["error"].result.effect == pytest.approx(margin)
    assert seen.tests["error"].missing is None


def test_a_test_whose_figure_nobody_exports_says_so_and_the_others_go_on() -> None:
    gate = {"name": "error", "test": "ErrorDegradation", "measure": "MAE"}
    journey = in_shadow(spec_of({"gates": [{"name": "mean", "test": "PairedMean"}, gate]}))
    seen = followed(journey, list(minutes(both(0), both(1), both(2)))).evidence()[FIRST]
    assert seen.tests["error"].missing == f"there is no series error_absolute of {CHAMPION}"
    assert seen.tests["mean"].missing is None
    assert seen.tests["mean"].result.samples == 2


def test_days_sessions_and_the_own_sharpe_ratio_are_counted() -> None:
    results = [3.0, 1.0, 2.0]
    moments = []
    for number in range(4):
        own = {**counted(sum(results[:number]), 0, number), "sessions": float(number)}
        moments.append({FIRST: own, CHAMPION: counted(number, 0, number)})
    seen = followed(in_shadow(), list(minutes(*moments))).evidence()[FIRST]
    assert (seen.days, seen.sessions, seen.span) == (1, 3, timedelta(minutes=2))
    assert seen.sharpe_ratio == pytest.approx(2.0 / math.sqrt(2 / 3))
    assert seen.intervals_a_year == pytest.approx(365.25 * 24 * 60)


def test_there_is_no_profit_factor_before_the_first_result() -> None:
    idle = {CHAMPION: counted(0, 0, 0), FIRST: counted(0, 0, 0)}
    seen = followed(in_shadow(), list(minutes(idle, both(1, better=0.0)))).evidence()[FIRST]
    assert seen.profit_factor is None
    assert seen.champion_profit_factor == math.inf


def test_an_interval_over_a_gap_is_left_out() -> None:
    readings = [read(minute(n), both(n)) for n in (0, 1, 5, 6)]
    assert followed(in_shadow(), readings).evidence()[FIRST].mean.samples == 2


def test_an_interval_without_a_decision_is_no_sample() -> None:
    idle = {CHAMPION: counted(1, 0, 1), FIRST: counted(2, 0, 1)}
    readings = minutes(both(0), idle, idle, {CHAMPION: counted(2, 0, 2), FIRST: counted(4, 0, 2)})
    assert followed(in_shadow(), list(readings)).evidence()[FIRST].mean.samples == 2


def test_an_interval_in_which_one_of_the_two_is_idle_is_no_sample() -> None:
    alone = {CHAMPION: counted(2, 0, 2), FIRST: counted(2, 0, 1)}
    assert followed(in_shadow(), list(minutes(both(0), both(1), alone))).evidence()[FIRST].mean.samples == 1


@pytest.mark.parametrize("missing", ["profit", "loss", "decisions"])
def test_a_missing_figure_is_blind_and_never_zero(missing: str) -> None:
    partly = both(2)
    del partly[FIRST][missing]
    evidence = followed(in_shadow(), list(minutes(both(0), both(1), partly))).evidence()[FIRST]
    assert evidence.blind == f"there is no series {missing} of {FIRST}"
    assert evidence.mean.samples == 1


def test_missing_trades_are_not_blind() -> None:
    partly = both(1)
    del partly[FIRST]["trades"]
    assert followed(in_shadow(), list(minutes(both(0), partly))).evidence()[FIRST].blind is None


def test_a_stale_series_is_blind() -> None:
    readings = [*minutes(both(0), both(1)), read(minute(2), both(2), sampled=minute(1))]
    evidence = followed(in_shadow(), readings).evidence()[FIRST]
    assert evidence.blind is not None
    assert evidence.blind.startswith("the newest sample of ")
    assert evidence.blind.endswith(" is older than 45s")
    assert evidence.mean.samples == 1


def test_the_interval_after_blindness_is_not_counted_twice() -> None:
    partly = both(1)
    del partly[FIRST]["profit"]
    readings = minutes(both(0), partly, both(2), both(3))
    evidence = followed(in_shadow(), list(readings)).evidence()[FIRST]
    assert evidence.blind is None
    assert evidence.mean.samples == 1


def test_a_blind_champion_blinds_every_comparison() -> None:
    journey = in_shadow()
    partly = both(1) | {SECOND: dict(counted(1, 0, 1))}
    del partly[CHAMPION]["profit"]
    evidence = followed(journey, list(minutes(both(0) | {SECOND: dict(counted(0))}, partly))).evidence()
    assert evidence[FIRST].blind == evidence[SECOND].blind == f"there is no series profit of {CHAMPION}"


def test_a_blind_challenger_blinds_no_other() -> None:
    evidence = followed(in_shadow(), list(minutes(both(0), both(1), both(2)))).evidence()
    assert evidence[SECOND].blind == f"there is no series profit of {SECOND}"
    assert evidence[FIRST].blind is None


def test_a_challenger_in_canary_is_no_pair_of_the_champion() -> None:
    evidence = followed(in_canary(), list(minutes(both(0), both(1), both(2)))).evidence()
    assert evidence[FIRST].mean.samples == 0


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"challengers[0].image": "models/momentum:8b"}, id="of the challenger"),
        pytest.param({"champion.image": "models/momentum:7b"}, id="of the champion"),
    ],
)
def test_a_changed_image_starts_the_evidence_anew(change: dict[str, str]) -> None:
    journey = in_shadow()
    comparisons = followed(journey, list(minutes(both(0), both(1), both(2))))
    journey.spec = spec_of(change)
    journey.look()
    comparisons.pairs(journey.spec, journey.status)
    assert comparisons.evidence()[FIRST].mean.samples == 0


def test_evidence_of_a_removed_challenger_is_dropped() -> None:
    journey = in_shadow()
    comparisons = followed(journey, list(minutes(both(0), both(1))))
    journey.spec = spec_of({"challengers": [{"name": SECOND, "image": "models/patchtst:2"}]})
    journey.look()
    comparisons.pairs(journey.spec, journey.status)
    assert set(comparisons.evidence()) == {SECOND}


def test_evidence_survives_the_operator() -> None:
    gates = [{"name": test, "test": test} for test in ("PairedMean", "BootstrapMean", "Sharpe", "WinRate")]
    journey = in_shadow(spec_of({"gates": gates}))
    readings = list(minutes(*(both(number) for number in range(10))))
    whole = followed(journey, readings)
    half = followed(journey, readings[:5])
    restored = Comparisons.from_json(json.loads(json.dumps(half.to_json())))
    restored.pairs(journey.spec, journey.status)
    restored.advance(journey.spec, journey.status, readings[5:])
    assert restored.evidence()[FIRST].mean.samples == whole.evidence()[FIRST].mean.samples == 9
    assert restored.evidence()[FIRST].mean.effect == whole.evidence()[FIRST].mean.effect
    assert restored.evidence()[FIRST].drawdown == whole.evidence()[FIRST].drawdown
    # Compared as text: a statistic that is not there is nan, which equals nothing.
    assert str(restored.evidence()[FIRST].tests) == str(whole.evidence()[FIRST].tests)
    assert restored.evidence()[FIRST].champion_profit_factor == whole.evidence()[FIRST].champion_profit_factor
    assert (restored.evidence()[FIRST].days, restored.evidence()[FIRST].span) == (1, timedelta(minutes=8))
    assert restored.evidence()[FIRST].sharpe_ratio == whole.evidence()[FIRST].sharpe_ratio
