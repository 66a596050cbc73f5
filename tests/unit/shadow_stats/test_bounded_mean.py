"""Error rates and power are simulated with seeds fixed and Monte-Carlo error allowed for."""

import json
import math
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from shadow_stats import ComparisonResult, ConfidenceInterval, Design, Guarantee, PairedMean, Sides, Verdict
from shadow_stats.betting import BettingTest, planned_bets
from shadow_stats.bounded_mean import BoundedMean

Series = NDArray[np.float64]
Law = Callable[[np.random.Generator, int], Series]
# Standardised effect that a two-sided 5 % test on a fixed sample of n finds with 80 % power: this over sqrt(n).
EIGHTY_PERCENT = 2.8016


def bounded(bound: float, planned: int = 1000, margin: float = 0.0, least: float = 0.0) -> Design:
    return Design(0.05, planned, Guarantee.BOUNDED, bound=bound, margin=margin, minimum_effect=least)


DESIGN = bounded(4.0)


def noise(size: int, seed: int = 5) -> Series:
    return np.random.default_rng(seed).uniform(-1.0, 1.0, size=size)


def fed(values: Series, design: Design = DESIGN, batch: int = 20) -> BoundedMean:
    test = BoundedMean(design)
    for start in range(0, values.size, batch):
        test.update(values[start : start + batch])
    return test


def pairs_with_crashes(rng: np.random.Generator, rows: int) -> Series:
    """Mean 0, standard deviation 1: two rows in a hundred lose seven standard deviations, the others gain a seventh."""
    return np.where(rng.random(rows) < 0.02, -7.0, 1.0 / 7.0)


def softer_crashes(rng: np.random.Generator, rows: int) -> Series:
    """Mean 0, standard deviation 1, skewness about -5."""
    losses, gains = rng.uniform(-7.0, -5.5, rows), rng.uniform(-0.652, 0.907, rows)
    return np.where(rng.random(rows) < 0.02, losses, gains)


def uniform(rng: np.random.Generator, rows: int) -> Series:
    return rng.uniform(-math.sqrt(3.0), math.sqrt(3.0), rows)


def signs(rng: np.random.Generator, rows: int) -> Series:
    return rng.choice([-1.0, 1.0], rows)


def mostly_zero(rng: np.random.Generator, rows: int) -> Series:
    return math.sqrt(10.0) * signs(rng, rows) * (rng.random(rows) < 0.1)


def results(law: Law, make: Callable[[], BoundedMean | PairedMean], rows: int, count: int) -> list[ComparisonResult]:
    rng = np.random.default_rng(20_26)
    found = []
    for _ in range(count):
        test, values = make(), law(rng, rows)
        for start in range(0, rows, 20):
            test.update(values[start : start + 20])
        found.append(test.result())
    return found


def at_most(probability: float, count: int) -> float:
    return probability + 3.0 * math.sqrt(probability * (1.0 - probability) / count)


def test_an_e_value_is_its_bets_written_out_against_any_mean() -> None:
    test = BettingTest(100, 0.05, 2.0, 0.1)
    bets, weights = planned_bets(100, 0.05)
    means = np.array([-1.9, -0.3, 0.0, 0.1, 0.7, 1.9])
    stakes = np.array([bets / (2.0 + bets * mean) for mean in means])
    fixed, goal = np.ones_like(stakes), np.ones_like(means)
    for row in (*np.linspace(-2.0, 2.0, 12), *noise(80) + 0.4):
        before = test.to_json()["placed"]
        test.extend(np.array([row]))
        chosen = np.flatnonzero(np.subtract(test.to_json()["placed"], before))
        fixed *= 1.0 + stakes * (row - means[:, None])
        for bet in chosen:
            goal *= 1.0 + stakes[:, bet] * (row - means)
    expected = np.log(0.3 * fixed @ weights + 0.7 * goal)
    assert sum(test.to_json()["placed"]) > 80
    assert [test.log_e(mean) for mean in means] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("null", "rows"), [(0.0, 1), (0.0, 6), (0.1, 6), (-0.2, 6)])
@pytest.mark.parametrize("excess", [0.0, 0.2])
def test_an_e_value_is_one_on_average_at_the_true_mean_and_less_above_it(null: float, rows: int, excess: float) -> None:
    outcomes, chances = (-1.0, 0.2, 1.0), np.array([0.1, 0.65, 0.25])
    mean = float(chances @ outcomes)
    average = 0.0
    for path in product(range(3), repeat=rows):
        test = BettingTest(100, 0.2, 1.0, null)
        test.extend(np.array([outcomes[step] for step in path]))
        average += math.exp(test.log_e(mean + excess)) * float(np.prod(chances[list(path)]))
    assert average == pytest.approx(1.0, rel=1e-12) if excess == 0.0 else average < 1.0


def test_an_e_value_is_one_on_average_if_only_the_mean_does_not_depend_on_the_past() -> None:
    average = 0.0
    for path in product((False, True), repeat=8):
        loss, chance, rows = 0.5, 1.0, []
        for crash in path:
            gain = 0.1 * loss
            chance *= gain / (gain + loss) if crash else loss / (gain + loss)
            rows.append(-loss if crash else gain)
            loss = 1.0 if crash else 0.5 * loss
        test = BettingTest(100, 0.1, 1.0, 0.0)
        test.extend(np.array(rows))
        average += chance * math.exp(test.log_e(0.0))
    assert average == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("level", [0.1, 0.025, 1e-6])
@pytest.mark.parametrize("planned", [100, 5000, 10**7])
def test_the_bets_suit_the_plan_from_one_deviation_in_a_bound_on(planned: int, level: float) -> None:
    bets, weights = planned_bets(planned, level)
    plan = math.sqrt(2.0 * math.log(1.0 / level) / planned)
    assert weights.sum() == pytest.approx(1.0)
    assert bets[0] <= plan / 29.0
    assert bets[-1] == pytest.approx(0.95)
    assert 1.0 < bets[1] / bets[0] < 1.6
    assert np.abs(math.log(bets[weights.argmax()] / min(4.0 * plan, 0.95))) <= math.log(bets[1] / bets[0])


def test_gains_paid_for_by_crashes_are_promoted_too_often_by_a_central_limit_theorem() -> None:
    found = results(pairs_with_crashes, lambda: PairedMean(Design(0.05, 400)), 500, 200)
    assert np.mean([result.verdict is Verdict.BETTER for result in found]) > at_most(0.025, 200)


@pytest.mark.parametrize("law", [pairs_with_crashes, softer_crashes])
def test_gains_paid_for_by_crashes_are_promoted_no_more_often_than_the_level_under_a_bound(law: Law) -> None:
    found = results(law, lambda: BoundedMean(bounded(8.4, 400)), 500, 150)
    assert np.mean([result.pvalue_better <= 0.025 for result in found]) <= at_most(0.025, 150)
    assert np.mean([result.pvalue <= 0.05 for result in found]) <= at_most(0.05, 150)


@pytest.mark.parametrize(("law", "bound"), [(uniform, 2.0), (signs, 1.0), (mostly_zero, 4.0)])
def test_equal_models_are_told_apart_no_more_often_than_alpha(law: Law, bound: float) -> None:
    found = results(law, lambda: BoundedMean(bounded(bound, 300)), 400, 100)
    assert np.mean([result.pvalue <= 0.05 for result in found]) <= at_most(0.05, 100)
    assert np.mean([result.low <= 0.0 <= result.high for result in found]) >= 1.0 - at_most(0.05, 100)


@pytest.mark.parametrize(("law", "bound", "cost"), [(softer_crashes, 8.4, 1.7), (uniform, 2.0, 1.45)])
def test_eighty_percent_power_costs_so_much_more_than_a_single_look(law: Law, bound: float, cost: float) -> None:
    single_look, count = 600, 80
    rows, gain = int(cost * single_look), EIGHTY_PERCENT / math.sqrt(single_look)
    found = results(lambda rng, n: law(rng, n) + gain, lambda: BoundedMean(bounded(bound, single_look)), rows, count)
    assert np.mean([result.verdict is Verdict.BETTER for result in found]) >= 0.8 - 3.0 * math.sqrt(0.16 / count)


def test_a_plan_that_was_far_too_short_only_delays_the_verdict() -> None:
    found = results(lambda rng, rows: uniform(rng, rows) + 0.1, lambda: BoundedMean(bounded(2.0, 100)), 5000, 10)
    assert all(result.verdict is Verdict.BETTER for result in found)


@pytest.mark.parametrize("seed", range(10))
def test_the_interval_ends_on_the_same_side_of_the_null_as_the_p_value_to_the_last_bit(seed: int) -> None:
    at, just_below = BettingTest(100, 0.05, 1.0, 0.01), BettingTest(100, 0.05, 1.0, 0.01)
    for test, step in ((at, 0.0), (just_below, 1e-15)):
        test.extend(noise(40, seed) * 0.9 + 0.05)
        test._level = test.pvalue * (1.0 - step)
        test._look()
    assert at.low >= 0.01 > just_below.low > -1.0


def test_the_interval_is_no_wider_than_one_and_a_half_times_that_of_the_central_limit_theorem() -> None:
    values = uniform(np.random.default_rng(3), 3000)
    exact, asymptotic = fed(values, bounded(4.0)).result(), PairedMean(Design(0.05, 1000))
    asymptotic.update(values)
    assert exact.high - exact.low <= 1.5 * (asymptotic.result().high - asymptotic.result().low)
    assert exact.low <= 0.0 <= exact.high


def test_nothing_is_known_without_data_but_the_bound() -> None:
    result = BoundedMean(DESIGN).result()
    assert (result.verdict, result.pvalue, result.samples) == (Verdict.INCONCLUSIVE, 1.0, 0)
    assert (result.log_e_value, result.log_e_better, result.log_e_worse) == pytest.approx((0.0, 0.0, 0.0), abs=1e-12)
    assert math.isnan(result.effect)
    assert math.isnan(result.statistic)
    assert result.samples_needed is None
    assert result.confidence_interval() == ConfidenceInterval(-4.0, 4.0)


def test_a_clear_gain_is_better_and_a_clear_loss_worse() -> None:
    better, worse = fed(noise(1000) + 0.2).result(), fed(-noise(1000) - 0.2).result()
    assert (better.verdict, worse.verdict) == (Verdict.BETTER, Verdict.WORSE)
    assert 0.0 < better.low < 0.2 < better.high
    assert better.pvalue == 2.0 * better.pvalue_better <= 0.05
    assert worse.pvalue == 2.0 * worse.pvalue_worse <= 0.05
    assert (better.samples_needed, better.non_inferior, worse.non_inferior) == (0, True, False)


def test_no_burn_in_is_needed() -> None:
    result = fed(np.full(12, 3.9), batch=1).result()
    assert (result.verdict, result.samples) == (Verdict.BETTER, 12)
    assert math.isnan(result.statistic)


def test_the_effect_and_its_standard_error_are_those_of_independent_rows() -> None:
    values = noise(500) + 0.1
    result = fed(values).result()
    assert result.effect == pytest.approx(values.mean())
    assert result.statistic == pytest.approx(values.mean() / (values.std() / math.sqrt(500.0)))
    assert fed(np.append(values, np.zeros(20))).result().nonzero_samples == 500


def test_the_two_sided_e_value_is_the_average_of_both_directions() -> None:
    result = fed(noise(300) + 0.1).result()
    average = 0.5 * (math.exp(result.log_e_better) + math.exp(result.log_e_worse))
    assert math.exp(result.log_e_value) == pytest.approx(average)


def test_a_difference_proven_small_is_equivalent() -> None:
    values = noise(6000)
    assert fed(values, bounded(4.0, margin=0.06), batch=100).result().verdict is Verdict.EQUIVALENT
    assert fed(values, batch=100).result().verdict is Verdict.INCONCLUSIVE


def test_a_gain_below_the_least_that_counts_is_not_better() -> None:
    values = noise(4000) + 0.15
    demanding = fed(values, bounded(4.0, least=0.15), batch=100).result()
    assert fed(values, batch=100).result().verdict is Verdict.BETTER
    assert (demanding.verdict, demanding.low > 0.0) == (Verdict.INCONCLUSIVE, True)
    assert fed(values, bounded(4.0, least=0.1), batch=100).result().verdict is Verdict.BETTER


def test_one_direction_gets_the_whole_budget() -> None:
    values = noise(200) + 0.12
    design = Design(0.05, 1000, Guarantee.BOUNDED, bound=4.0, sides=Sides.GREATER)
    there, back = fed(values, design).result(), fed(-values - 1.0, design).result()
    doubled = Design(0.1, 1000, Guarantee.BOUNDED, bound=4.0)
    assert there.low == fed(values, doubled).result().low
    assert there.pvalue == there.pvalue_better
    assert (there.pvalue_worse, there.high) == (1.0, 4.0)
    assert (back.verdict, back.pvalue_worse, back.samples_needed) == (Verdict.INCONCLUSIVE, 1.0, None)


def test_an_effect_that_turned_round_gives_no_verdict() -> None:
    result = fed(np.concatenate([noise(1000) + 0.5, noise(5000, seed=6) - 0.5])).result()
    assert result.verdict is Verdict.INCONCLUSIVE
    assert all(math.isnan(end) for end in result.confidence_interval())
    assert result.samples_needed is None


def test_a_long_history_at_once_is_one_look() -> None:
    result = fed(np.tile([4.0, 3.0], 20_000), batch=40_000).result()
    assert result.pvalue == 0.0
    assert 3.48 < result.low < 3.5 < result.high < 3.52


@pytest.mark.parametrize(("gain", "planned"), [(0.08, 1000), (-0.08, 1000), (0.06, 100)])
def test_the_rows_needed_are_about_those_that_it_takes_if_history_repeats_itself(gain: float, planned: int) -> None:
    month = noise(250)
    month += gain - month.mean()
    test, taken = fed(month, bounded(4.0, planned)), 0
    needed = test.result().samples_needed
    while test.result().verdict is Verdict.INCONCLUSIVE:
        test.update(np.roll(month, -taken)[:10])
        taken += 10
    assert needed is not None
    assert 0.5 * taken < needed < 2.0 * taken


def test_the_rows_needed_for_equivalence_are_fewer_the_wider_the_margin() -> None:
    month = noise(200)
    month -= month.mean()
    narrow, wide = (fed(month, bounded(4.0, margin=margin)).result().samples_needed for margin in (0.1, 0.15))
    assert narrow is not None
    assert wide is not None
    assert 0 < wide < narrow


@pytest.mark.parametrize("bad", [math.nan, math.inf, 4.1, -4.1, 1e61])
def test_a_number_beyond_the_bound_is_named_and_nothing_is_added(bad: float) -> None:
    test = fed(noise(200))
    before = test.to_json()
    with pytest.raises(ValueError, match=r"differences\[1\] is"):
        test.update([0.5, bad, 9.0])
    assert test.to_json() == before


def test_the_bound_itself_is_a_possible_difference() -> None:
    test = BoundedMean(DESIGN)
    test.update([4.0, -4.0])
    assert test.result().samples == 2
    with pytest.raises(ValueError, match=r"differences\[0\] is -5.0: .* no difference exceeds 4.0 in size"):
        test.update([-5.0])


@pytest.mark.parametrize(
    ("design", "message"),
    [
        (Design(0.05, 1000), "guarantee is Asymptotic: BoundedMean needs Bounded"),
        (bounded(2.0, least=2.0), r"minimum_effect is 2.0: it must be below the bound of one difference, 2.0"),
        (bounded(2.0, margin=3.0), r"margin is 3.0: it must be below the bound"),
    ],
)
def test_a_design_that_cannot_be_followed_is_refused(design: Design, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BoundedMean(design)


def test_an_empty_batch_changes_nothing() -> None:
    for test in (BoundedMean(DESIGN), fed(noise(300))):
        before = test.to_json()
        test.update([])
        assert test.to_json() == before


def test_the_state_is_small_standard_json_however_long_the_series() -> None:
    values = noise(100_000) * 1e-7 / 3.0 + 1e-9
    state = fed(values, Design(0.05 / 3.0, 10**6, Guarantee.BOUNDED, bound=1e-6 / 3.0), batch=1000).to_json()
    assert len(json.dumps(state, allow_nan=False)) < 4096


@pytest.mark.parametrize("change", [{"kind": "PairedMean"}, {"version": 2}])
def test_a_state_of_another_kind_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected BoundedMean version 1"):
        BoundedMean.from_json({**BoundedMean(DESIGN).to_json(), **change})


def test_a_state_that_lost_a_part_is_refused() -> None:
    state = BoundedMean(DESIGN).to_json()
    with pytest.raises(ValueError, match="has no worse"):
        BoundedMean.from_json({name: part for name, part in state.items() if name != "worse"})
    with pytest.raises(ValueError, match="BettingTest has no placed"):
        BoundedMean.from_json({**state, "better": {k: v for k, v in state["better"].items() if k != "placed"}})


def test_a_resumed_state_shares_nothing_with_its_json() -> None:
    saved = fed(noise(300)).to_json()
    text = json.dumps(saved)
    BoundedMean.from_json(saved).update(noise(50))
    assert json.dumps(saved) == text


def test_the_design_travels_with_the_state() -> None:
    assert BoundedMean.from_json(BoundedMean(DESIGN).to_json()).design == DESIGN


def test_a_gain_below_the_least_one_is_no_evidence_in_any_figure() -> None:
    values = np.random.default_rng(4).uniform(-0.75, 1.25, size=2000)
    least = BoundedMean(Design(0.05, 1000, Guarantee.BOUNDED, bound=2.0, minimum_effect=0.5))
    least.update(values)
    assert least.result().log_e_better < 0.0
    assert least.result().log_e_value < 0.0


def test_one_side_has_one_e_value() -> None:
    values = np.random.default_rng(4).uniform(-0.75, 1.25, size=500)
    better = BoundedMean(Design(0.05, 1000, Guarantee.BOUNDED, bound=2.0, sides=Sides.GREATER))
    better.update(values)
    assert better.result().log_e_value == better.result().log_e_better
    assert better.result().log_e_worse == 0.0
