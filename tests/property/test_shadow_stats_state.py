"""States that are cut, resumed, merged, reordered or told in another unit."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shadow_stats import Design, Sides, paired_mean_report, welch
from shadow_stats.calibration import calibration_error
from shadow_stats.concept_drift import early_late, volatility_shift
from shadow_stats.distribution_distance import kolmogorov_smirnov
from shadow_stats.drawdown import Drawdown
from shadow_stats.e_detector import EDetector
from shadow_stats.error_degradation import degradation
from shadow_stats.page_hinkley import PageHinkley
from shadow_stats.paired_sign import PairedSign
from shadow_stats.recalibration import CalibrationTest, IsotonicRecalibration
from shadow_stats.sharpe_confidence import SharpeMoments
from shadow_stats.stability_index import population_stability

Series = NDArray[np.float64]
Forecasts = list[tuple[float, bool]]

results = st.lists(st.sampled_from([-1.5, -0.25, 0.0, 0.5, 2.0]), max_size=80)
forecasts = st.lists(st.tuples(st.floats(0.0, 1.0, allow_subnormal=False), st.booleans()), max_size=60)
# Without the certain ones, one of which refutes at once and leaves nothing to compare.
uncertain = st.lists(st.tuples(st.floats(0.01, 0.99), st.booleans()), max_size=60)
designs = st.builds(
    Design,
    alpha=st.floats(0.001, 0.3),
    planned_samples=st.integers(100, 2000),
    sides=st.sampled_from(Sides),
    minimum_effect=st.sampled_from([0.0, 0.05]),
)
# Eighths: a power of two as the unit changes no bit of them.
eighths = st.lists(st.integers(-40, 40).map(lambda count: count / 8.0), max_size=80)
seeds = st.integers(0, 2**32)
powers = st.integers(-30, 30).map(lambda power: 2.0**power)


def resumed(state: Any) -> Any:
    text = json.dumps(state.to_json(), allow_nan=False)
    assert len(text) < 4096
    return type(state).from_json(json.loads(text))


def signs(design: Design, *batches: Sequence[float]) -> PairedSign:
    test = PairedSign(design)
    for batch in batches:
        test.update(batch)
    return test


def calibration(kind: Callable[[float], Any], *batches: Forecasts) -> Any:
    state = kind(0.05)
    for batch in batches:
        state.update([one for one, _ in batch], [happened for _, happened in batch])
    return state


def pair(seed: int, size: int = 120) -> tuple[Series, Series]:
    shared, first, second = np.random.default_rng(seed).standard_t(5, size=(3, size))
    return shared + first + 0.2, shared + second


@settings(max_examples=40)
@given(designs, results, results)
def test_a_sign_test_resumes_to_the_bit(design: Design, first: list[float], second: list[float]) -> None:
    cut = resumed(signs(design, first))
    cut.update(second)
    assert cut.to_json() == signs(design, first, second).to_json()


@settings(max_examples=50)
@given(forecasts, forecasts)
def test_a_recalibration_resumes_to_the_bit(first: Forecasts, second: Forecasts) -> None:
    cut = resumed(calibration(IsotonicRecalibration, first))
    cut.update([one for one, _ in second], [happened for _, happened in second])
    whole = calibration(IsotonicRecalibration, first, second)
    assert cut.to_json() == whole.to_json()
    given_ones = np.linspace(0.0, 1.0, 21)
    assert np.array_equal(cut.transform(given_ones), whole.transform(given_ones))


def test_states_of_many_rows_stay_small() -> None:
    rng = np.random.default_rng(1)
    model = IsotonicRecalibration()
    model.update(rng.random(20_000) ** 3, rng.random(20_000) < 0.3)
    test = signs(Design(0.05, 10**6), rng.normal(size=20_000).tolist())
    detector = EDetector(1e-9, 1 / 3, bounds=(-1e5 / 3, 1e5 / 7))
    detector.update(rng.normal(size=2000))
    for state in (model, test, detector):
        assert resumed(state).to_json() == state.to_json()


@settings(max_examples=40)
@given(designs, results, results)
def test_merged_sign_tests_are_one_that_had_the_later_pairs_in_one_batch(
    design: Design, first: list[float], second: list[float]
) -> None:
    earlier, later = signs(design, first), signs(design, second)
    before = earlier.to_json(), later.to_json()
    assert earlier.merge(later).to_json() == signs(design, first, second).to_json()
    assert (earlier.to_json(), later.to_json()) == before


@settings(max_examples=40)
@given(designs, results, results, results)
def test_sign_tests_merge_in_any_grouping_and_their_counts_in_any_order(
    design: Design, one: list[float], two: list[float], three: list[float]
) -> None:
    first, second, third = (signs(design, batch) for batch in (one, two, three))
    left, right = first.merge(second).merge(third).result(), first.merge(second.merge(third)).result()
    backwards = third.merge(second).merge(first).result()
    for other in (right, backwards):
        assert (other.effect, other.log_e_value) == pytest.approx((left.effect, left.log_e_value), nan_ok=True, abs=0)
        assert (other.samples, other.nonzero_samples) == (left.samples, left.nonzero_samples)
    # More looks, never less evidence.
    assert left.pvalue <= right.pvalue


def test_sign_tests_of_different_designs_are_not_merged() -> None:
    with pytest.raises(ValueError, match="it must have the same design"):
        signs(Design(0.05, 100)).merge(signs(Design(0.05, 200)))


@settings(max_examples=50)
@given(uncertain, uncertain, uncertain)
def test_merged_calibration_tests_have_the_e_value_of_all_rows(
    one: Forecasts, two: Forecasts, three: Forecasts
) -> None:
    first, second, third = (calibration(CalibrationTest, batch) for batch in (one, two, three))
    whole = calibration(CalibrationTest, one, two, three).result()
    for merged in (first.merge(second).merge(third).result(), first.merge(second.merge(third)).result()):
        assert merged.samples == whole.samples
        assert merged.log_e_value == pytest.approx(whole.log_e_value, abs=1e-9)
        assert merged.pvalue >= whole.pvalue * (1.0 - 1e-9)
        assert merged.pvalue <= np.exp(-max(merged.log_e_value, 0.0)) * (1.0 + 1e-9)


@settings(max_examples=50)
@given(forecasts, forecasts)
def test_merged_recalibrations_have_the_map_of_all_rows(first: Forecasts, second: Forecasts) -> None:
    merged = calibration(IsotonicRecalibration, first).merge(calibration(IsotonicRecalibration, second))
    whole = calibration(IsotonicRecalibration, first, second)
    assert merged.to_json()["counts"] == whole.to_json()["counts"]
    assert merged.to_json()["sums"] == pytest.approx(whole.to_json()["sums"])
    if merged.result().rejected and whole.result().rejected:
        given_ones = np.linspace(0.0, 1.0, 21)
        assert merged.transform(given_ones) == pytest.approx(whole.transform(given_ones), abs=1e-9)


def test_calibration_tests_of_different_levels_are_not_merged() -> None:
    with pytest.raises(ValueError, match=r"later has alpha 0\.1: it must be the same, 0\.05"):
        CalibrationTest(0.05).merge(CalibrationTest(0.1))
    with pytest.raises(ValueError, match=r"later has alpha 0\.1"):
        IsotonicRecalibration(0.05).merge(IsotonicRecalibration(0.1))


@settings(max_examples=50)
@given(uncertain, seeds)
def test_a_calibration_test_does_not_ask_for_the_order_nor_which_outcome_is_the_event(
    rows: Forecasts, seed: int
) -> None:
    plain = calibration(CalibrationTest, rows).result()
    shuffled = [rows[index] for index in np.random.default_rng(seed).permutation(len(rows))]
    opposite = [(1.0 - one, not happened) for one, happened in rows]
    for other in (shuffled, opposite):
        assert calibration(CalibrationTest, other).result().log_e_value == pytest.approx(plain.log_e_value, abs=1e-9)
    assert plain.rejected == (plain.pvalue <= 0.05)


@given(st.lists(st.floats(-50.0, 50.0, allow_subnormal=False), max_size=30), st.integers(0, 30), st.integers(0, 30))
def test_drawdowns_merge_in_any_grouping(values: list[float], one: int, two: int) -> None:
    cuts = sorted((one, two))
    pieces = values[: cuts[0]], values[cuts[0] : cuts[1]], values[cuts[1] :]
    states, capital = [], 2000.0
    for piece in pieces:
        states.append(Drawdown(capital))
        states[-1].update(piece)
        capital = states[-1].equity
    first, second, third = states
    left, right = first.merge(second).merge(third), first.merge(second.merge(third))
    whole = Drawdown(2000.0)
    whole.update(values)
    for merged in (left, right):
        assert merged.samples == whole.samples
        assert (merged.maximum, merged.current, merged.equity) == pytest.approx(
            (whole.maximum, whole.current, whole.equity), abs=1e-9
        )


@given(eighths, powers)
def test_detectors_do_not_ask_for_the_unit(values: list[float], unit: float) -> None:
    for scale in (1.0, unit):
        series = [scale * value for value in values]
        detectors: list[PageHinkley | EDetector] = [
            PageHinkley(threshold=2.0 * scale, tolerance=0.25 * scale, minimum_samples=3),
            EDetector(0.05, 0.5 * scale, deviation=scale),
            EDetector(0.05, 0.5 * scale, bounds=(-5.0 * scale, 5.0 * scale), rule="cusum"),
        ]
        for detector in detectors:
            detector.update(series)
        alarms = [(detector.result().alarms, detector.result().last_alarm) for detector in detectors]
        if scale == 1.0:
            expected = alarms
    assert alarms == expected


@given(eighths, powers)
def test_a_drawdown_does_not_ask_for_the_unit(values: list[float], unit: float) -> None:
    plain, scaled = Drawdown(300.0), Drawdown(300.0 * unit)
    plain.update(values)
    scaled.update([unit * value for value in values])
    assert (scaled.maximum, scaled.current) == (plain.maximum, plain.current)


@settings(max_examples=25, deadline=None)
@given(seeds, powers)
def test_reports_do_not_ask_for_the_unit(seed: int, unit: float) -> None:
    first, second = pair(seed)
    reports: list[Callable[[Series, Series], float]] = [
        lambda x, y: welch(x, y).pvalue,
        lambda x, y: paired_mean_report(x, y).pvalue,
        lambda x, y: volatility_shift(x, y).pvalue,
        lambda x, y: population_stability(x, y).pvalue,
        lambda x, y: degradation("RMSE", x, y, x - y).pvalue,
        lambda x, y: early_late(np.concatenate([x, y])).pvalue,
        lambda x, y: SharpeMoments.of(x - y).sharpe,
    ]
    for report in reports:
        assert report(unit * first, unit * second) == pytest.approx(report(first, second), rel=1e-9)


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_tests_of_independent_rows_do_not_ask_for_their_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = pair(seed)
    third, fourth = rng.permutation(first), rng.permutation(second)
    reports: list[Callable[[Series, Series], float]] = [
        lambda x, y: welch(x, y).pvalue,
        lambda x, y: kolmogorov_smirnov(x, y).pvalue,
        lambda x, y: population_stability(x, y).pvalue,
        lambda x, y: volatility_shift(x, y, clustered=False).pvalue,
    ]
    for report in reports:
        assert report(third, fourth) == pytest.approx(report(first, second), rel=1e-9)
    order = rng.permutation(first.size)
    chances, happened = rng.random(first.size), first > 0.0
    plain, shuffled = calibration_error(chances, happened), calibration_error(chances[order], happened[order])
    assert shuffled.expected == pytest.approx(plain.expected)
    assert shuffled.debiased_square == pytest.approx(plain.debiased_square)


@settings(max_examples=40, deadline=None)
@given(seeds, st.floats(0.001, 0.5), st.sampled_from(["two-sided", "less", "greater"]))
def test_a_mean_report_rejects_where_its_interval_leaves_zero(seed: int, alpha: float, alternative: Any) -> None:
    for report in (welch, paired_mean_report):
        result = report(*pair(seed), alternative=alternative)
        low, high = result.confidence_interval(1.0 - alpha)
        assert (low > 0.0 or high < 0.0) == (result.pvalue < alpha)


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_swapped_predictions_are_as_much_better_as_they_were_worse(seed: int) -> None:
    truth, first = pair(seed)
    second = pair(seed + 1)[0]
    for metric in ("MAE", "RMSE", "DirectionalAccuracy"):
        there, back = degradation(metric, truth, first, second), degradation(metric, truth, second, first)
        assert there.statistic == pytest.approx(-back.statistic)
        assert there.pvalue == pytest.approx(1.0 - back.pvalue)
        assert (there.value, there.baseline) == (back.baseline, back.value)
