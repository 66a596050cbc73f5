import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadow_stats.adwin import Adwin
from shadow_stats.allocation import limited_weights
from shadow_stats.distribution_distance import kolmogorov_smirnov
from shadow_stats.e_detector import EDetector
from shadow_stats.page_hinkley import PageHinkley
from shadow_stats.recalibration import CalibrationTest
from shadow_stats.stability_index import histogram_stability

units = st.lists(st.floats(0.0, 1.0, allow_subnormal=False), max_size=60)
samples = st.lists(st.floats(-100.0, 100.0, allow_subnormal=False), min_size=1, max_size=30)
Detector = PageHinkley | Adwin | EDetector


def fresh() -> list[Detector]:
    return [
        PageHinkley(threshold=1.0, minimum_samples=5),
        Adwin(clock=4),
        EDetector(0.1, 0.5, bounds=(0.0, 1.0)),
        EDetector(0.1, 0.5, deviation=0.3, rule="cusum"),
    ]


@given(units, units)
@settings(max_examples=40)
def test_batches_and_resumption_do_not_matter_to_a_bit(first: list[float], second: list[float]) -> None:
    for whole, cut in zip(fresh(), fresh(), strict=True):
        whole.update(first + second)
        cut.update(first)
        resumed = type(cut).from_json(json.loads(json.dumps(cut.to_json(), allow_nan=False)))
        resumed.update(second)
        assert resumed.to_json() == whole.to_json()
        assert resumed.result() == whole.result() or not (first + second)


@given(units, units)
@settings(max_examples=40)
def test_a_calibration_test_resumes_to_the_bit(first: list[float], second: list[float]) -> None:
    straight, cut = CalibrationTest(0.05), CalibrationTest(0.05)
    for test in (straight, cut):
        test.update(first, [float(p > 0.4) for p in first])
    resumed = CalibrationTest.from_json(json.loads(json.dumps(cut.to_json(), allow_nan=False)))
    for test in (straight, resumed):
        test.update(second, [0.0] * len(second))
    assert resumed.to_json() == straight.to_json()


@given(samples, samples, st.floats(0.5, 4.0))
@settings(max_examples=60)
def test_kolmogorov_smirnov_is_symmetric_and_free_of_units(
    first: list[float], second: list[float], scale: float
) -> None:
    result, swapped = kolmogorov_smirnov(first, second), kolmogorov_smirnov(second, first)
    assert (result.statistic, result.pvalue) == (swapped.statistic, swapped.pvalue)
    power = 2.0 ** round(scale)
    scaled = kolmogorov_smirnov(np.array(first) * power, np.array(second) * power)
    assert scaled.statistic == result.statistic
    assert 0.0 <= result.pvalue <= 1.0


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=2, max_size=12))
@settings(max_examples=60)
def test_the_stability_index_is_symmetric_and_never_negative(pairs: list[tuple[int, int]]) -> None:
    first, second = [a + 1 for a, _ in pairs], [b + 1 for _, b in pairs]
    result = histogram_stability(first, second)
    assert result.statistic >= 0.0
    assert result.statistic == pytest.approx(histogram_stability(second, first).statistic)
    assert result.statistic == pytest.approx(histogram_stability(first[::-1], second[::-1]).statistic)


@given(
    st.lists(st.floats(0.0, 1e6, allow_subnormal=False), min_size=1, max_size=8).filter(any),
    st.floats(0.0, 1.0),
    st.floats(0.0, 1.0),
)
@settings(max_examples=150)
def test_limits_hold_and_weights_sum_to_one(weights: list[float], slack: float, share: float) -> None:
    fair = 1.0 / len(weights)
    cap, floor = min(fair * (1.0 + 1e-9) + slack * (1.0 - fair), 1.0), fair * share * (1.0 - 1e-9)
    limited = limited_weights(weights, cap=cap, floor=floor)
    assert limited.sum() == pytest.approx(1.0, abs=1e-9)
    assert limited.max() <= cap * (1.0 + 1e-12)
    assert limited.min() >= floor * (1.0 - 1e-12)
