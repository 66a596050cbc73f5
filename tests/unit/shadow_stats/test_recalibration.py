import importlib
import json
import math
from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from shadow_stats.recalibration import CalibrationTest, IsotonicRecalibration

sklearn = importlib.import_module("sklearn.isotonic")

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


def even(rng: np.random.Generator) -> Series:
    return rng.random(1000)


def extreme(rng: np.random.Generator) -> Series:
    return rng.beta(0.3, 0.3, 1000)


def rare(rng: np.random.Generator) -> Series:
    return rng.beta(1.0, 49.0, 1000)


def slow(rng: np.random.Generator) -> Series:
    return 0.5 + 0.4 * np.sin(rng.random() + np.arange(1000) / 30.0)


LAWS: list[Callable[[np.random.Generator], Series]] = [even, extreme, rare, slow]


def test_right_probabilities_are_changed_no_more_often_than_alpha_in_a_thousand_looks() -> None:
    rng, given = np.random.default_rng(0), np.linspace(0.05, 0.95, 10)
    changed = 0
    for law in LAWS * 150:
        model, probabilities = IsotonicRecalibration(0.05), law(rng)
        model.update(probabilities, (rng.random(1000) < probabilities).astype(np.float64))
        changed += not np.array_equal(model.transform(given), given)
    assert changed / 600 <= 0.05


def test_under_right_probabilities_the_e_value_is_one_on_average() -> None:
    probabilities = np.array([0.1, 0.5, 0.85, 0.3, 0.999, 0.02])
    mean = 0.0
    for bits in product((0.0, 1.0), repeat=6):
        test = CalibrationTest(0.05)
        test.update(probabilities, bits)
        chance = np.where(np.array(bits) == 1.0, probabilities, 1.0 - probabilities).prod()
        mean += chance * math.exp(test.result().log_e_value)
    assert mean == pytest.approx(1.0, rel=1e-12)


def test_every_row_is_a_look() -> None:
    probabilities, outcomes = forecasts(60, 7)
    whole, cut = CalibrationTest(0.05), CalibrationTest(0.05)
    whole.update(probabilities, outcomes)
    largest = 0.0
    for one, happened in zip(probabilities, outcomes, strict=True):
        cut.update([one], [happened])
        largest = max(largest, cut.result().log_e_value)
    assert whole.result().pvalue == pytest.approx(math.exp(-largest))
    assert whole.result().log_e_value == pytest.approx(cut.result().log_e_value)


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


def test_with_few_different_probabilities_the_map_is_the_isotonic_regression_of_scikit_learn() -> None:
    probabilities, outcomes = forecasts(4000, 4, 2.0)
    probabilities = np.round(probabilities, 1)
    model = IsotonicRecalibration()
    for batch in np.split(np.arange(4000), 8):
        model.update(probabilities[batch], outcomes[batch])
    oracle = sklearn.IsotonicRegression(out_of_bounds="clip").fit(probabilities, outcomes)
    given = np.linspace(0.0, 1.0, 101)
    assert model.transform(given) == pytest.approx(oracle.predict(given), abs=1e-12)


def test_the_map_of_cells_is_near_that_of_all_rows() -> None:
    probabilities, outcomes = forecasts(20_000, 8, 2.0)
    model = IsotonicRecalibration()
    model.update(probabilities, outcomes)
    oracle = sklearn.IsotonicRegression(out_of_bounds="clip").fit(probabilities, outcomes)
    given = np.linspace(0.02, 0.98, 97)
    assert np.abs(model.transform(given) - oracle.predict(given)).mean() < 0.01


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
