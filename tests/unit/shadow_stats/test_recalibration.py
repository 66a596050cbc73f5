import json
import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from shadow_stats.recalibration import CalibrationTest, IsotonicRecalibration

Series = NDArray[np.float64]


def forecasts(size: int, seed: int, power: float = 1.0) -> tuple[Series, Series]:
    rng = np.random.default_rng(seed)
    probabilities = rng.random(size)
    return probabilities, (rng.random(size) < probabilities**power).astype(np.float64)


def test_the_e_value_is_the_mean_likelihood_ratio() -> None:
    test = CalibrationTest(0.05)
    probabilities, outcomes = forecasts(5, 0)
    test.update(probabilities, outcomes)
    ratios = []
    for move in (-1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0):
        for stretch in (0.25, 0.5, 0.75, 1.0, 4 / 3, 2.0, 4.0):
            wrong = 1.0 / (1.0 + np.exp(-move - stretch * np.log(probabilities / (1.0 - probabilities))))
            likelihood = [np.where(outcomes == 1.0, p, 1.0 - p).prod() for p in (wrong, probabilities)]
            ratios.append(likelihood[0] / likelihood[1])
    del ratios[3 * 7 + 3]
    assert test.result().log_e_value == pytest.approx(math.log(np.mean(ratios)))


def test_right_probabilities_are_rejected_no_more_often_than_alpha_at_any_look() -> None:
    rejected = 0
    for seed in range(400):
        test = CalibrationTest(0.05)
        test.update(*forecasts(1000, seed))
        rejected += test.result().rejected
    assert rejected / 400 <= 0.05


@pytest.mark.parametrize("power", [0.7, 1.5])
def test_wrong_probabilities_are_rejected(power: float) -> None:
    test = CalibrationTest(0.05)
    test.update(*forecasts(1000, 1, power))
    assert test.result().rejected
    assert test.result().pvalue < 0.01


def test_an_impossible_event_refutes_at_once_and_a_certain_one_says_nothing() -> None:
    test = CalibrationTest(0.05)
    test.update([0.0, 1.0, 0.0], [0, 1, 0])
    assert test.result().log_e_value == pytest.approx(0.0, abs=1e-12)
    test.update([0.0], [1])
    assert test.result().rejected
    json.dumps(test.to_json(), allow_nan=False)


def test_the_map_is_the_identity_until_the_test_rejects() -> None:
    given = np.linspace(0.0, 1.0, 11)
    model = IsotonicRecalibration(0.01)
    model.update(*forecasts(1000, 2))
    assert not model.result().rejected
    assert np.array_equal(model.transform(given), given)


def test_the_map_then_mends_the_probabilities() -> None:
    model = IsotonicRecalibration()
    model.update(*forecasts(4000, 3, 2.0))
    given = np.linspace(0.05, 0.95, 19)
    mended = model.transform(given)
    assert (np.diff(mended) >= 0.0).all()
    assert np.abs(mended - given**2).mean() < 0.3 * np.abs(given - given**2).mean()


def test_the_map_passes_through_the_isotonic_fit_of_the_cells() -> None:
    probabilities, outcomes = forecasts(4000, 4, 2.0)
    probabilities = np.round(probabilities, 1)
    model = IsotonicRecalibration()
    model.update(probabilities, outcomes)
    values, counts = np.unique(probabilities, return_counts=True)
    shares = [outcomes[probabilities == value].mean() for value in values]
    expected = isotonic_regression(shares, weights=counts).x
    assert model.transform(values) == pytest.approx(expected, abs=1e-12)


def test_the_states_are_small_json_and_resume() -> None:
    model = IsotonicRecalibration()
    model.update(*forecasts(5000, 5, 1.5))
    text = json.dumps(model.to_json(), allow_nan=False)
    assert len(text) < 4096
    resumed = IsotonicRecalibration.from_json(json.loads(text))
    for each in (model, resumed):
        each.update(*forecasts(300, 6))
    assert resumed.to_json() == model.to_json()
    assert np.array_equal(resumed.transform([0.1, 0.7]), model.transform([0.1, 0.7]))


def test_what_is_no_forecast_is_refused_and_nothing_is_added() -> None:
    model = IsotonicRecalibration()
    before = model.to_json()
    with pytest.raises(ValueError, match=r"probabilities\[0\] is -0.1"):
        model.update([-0.1], [1])
    with pytest.raises(ValueError, match=r"probabilities\[0\] is 2"):
        model.transform([2.0])
    model.update([], [])
    assert model.to_json() == before
    with pytest.raises(ValueError, match="alpha is 1"):
        CalibrationTest(1.0)


def test_a_state_that_lost_a_part_is_refused() -> None:
    state = CalibrationTest(0.05).to_json()
    with pytest.raises(ValueError, match="wrong length"):
        CalibrationTest.from_json({**state, "logs": [0.0]})
    with pytest.raises(ValueError, match="expected CalibrationTest version 1"):
        CalibrationTest.from_json({**state, "version": 2})
