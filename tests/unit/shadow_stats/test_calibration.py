import importlib
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from shadow_stats.calibration import (
    CalibrationError,
    ReliabilityCurve,
    calibration_error,
    monotonicity,
    reliability_curve,
)

sklearn = importlib.import_module("sklearn.calibration")

Series = NDArray[np.float64]


def forecasts(size: int, seed: int, power: float = 1.0) -> tuple[Series, Series]:
    rng = np.random.default_rng(seed)
    probabilities = rng.random(size)
    return probabilities, (rng.random(size) < probabilities**power).astype(np.float64)


@pytest.mark.parametrize(("equal_mass", "strategy"), [(False, "uniform"), (True, "quantile")])
@pytest.mark.parametrize("bins", [1, 5, 15, 40])
@pytest.mark.parametrize("decimals", [1, 17])
def test_curve_and_error_are_those_of_scikit_learn(
    *, bins: int, equal_mass: bool, strategy: str, decimals: int
) -> None:
    probabilities, outcomes = forecasts(500, 3, 1.5)
    probabilities = np.round(probabilities, decimals)
    observed, predicted = sklearn.calibration_curve(outcomes, probabilities, n_bins=bins, strategy=strategy)
    curve = reliability_curve(probabilities, outcomes, bins=bins, equal_mass=equal_mass)
    assert curve.observed == pytest.approx(observed, rel=1e-12)
    assert curve.predicted == pytest.approx(predicted, rel=1e-12)
    assert sum(curve.counts) == 500
    assert all(a <= b <= c for a, b, c in zip(curve.low, curve.observed, curve.high, strict=True))
    result = calibration_error(probabilities, outcomes, bins=bins, equal_mass=equal_mass)
    assert result.expected == pytest.approx(np.average(np.abs(observed - predicted), weights=curve.counts))


def test_the_errors_are_their_definitions() -> None:
    result = calibration_error([0.1, 0.1, 0.6, 0.8], [0, 1, 1, 1], bins=2, equal_mass=False)
    assert result.expected == pytest.approx(0.5 * 0.4 + 0.5 * 0.3)
    # Misses of -.1 and .9 in one bin, of .4 and .2 in the other: the variances of their means are .25 and .01.
    assert result.debiased_square == pytest.approx(0.5 * (0.4**2 - 0.25) + 0.5 * (0.3**2 - 0.01))
    assert result.debiased == pytest.approx(-math.sqrt(0.045 - 0.04))
    assert (result.bins, result.samples) == (2, 4)


def test_a_bin_with_one_row_says_nothing_of_chance() -> None:
    alone = calibration_error([0.1, 0.1, 0.9], [0, 1, 0], bins=2, equal_mass=False)
    assert alone.debiased_square == pytest.approx(2.0 / 3.0 * (0.4**2 - 0.25))
    assert alone.expected == pytest.approx(2.0 / 3.0 * 0.4 + 0.9 / 3.0)
    assert calibration_error([0.3], [1]) == CalibrationError(0.7, 0.0, 0.0, 1, 1)


@pytest.mark.parametrize("bins", [10, 15])
def test_right_probabilities_have_an_error_by_chance_and_no_debiased_one(bins: int) -> None:
    results = [calibration_error(*forecasts(1000, seed), bins=bins) for seed in range(1000)]
    squares, roots, plain = np.array([(one.debiased_square, one.debiased, one.expected) for one in results]).T
    assert abs(squares.mean()) <= 3.0 * squares.std() / math.sqrt(1000)
    assert abs(squares.mean()) <= 1e-4
    assert abs(roots.mean()) <= 0.002 + 2.0 * roots.std() / math.sqrt(1000)
    assert plain.mean() > 0.02


def test_probabilities_that_differ_within_a_bin_leave_no_bias() -> None:
    squares = np.array([calibration_error(*forecasts(500, seed), bins=1).debiased_square for seed in range(1000)])
    assert abs(squares.mean()) <= 3.0 * squares.std() / math.sqrt(1000)


def test_a_true_distance_is_measured() -> None:
    rng = np.random.default_rng(1)
    roots = [calibration_error(np.full(1000, 0.5), (rng.random(1000) < 0.6).astype(float)).debiased for _ in range(200)]
    assert np.mean(roots) == pytest.approx(0.1, abs=0.002 + 3.0 * float(np.std(roots)) / math.sqrt(200))


def test_a_curve_that_falls_is_found() -> None:
    probabilities, outcomes = forecasts(1000, 2)
    rng = np.random.default_rng(3)
    assert monotonicity(reliability_curve(probabilities, outcomes), rng=rng).pvalue > 0.05
    falling = monotonicity(reliability_curve(1.0 - probabilities, outcomes), rng=rng)
    assert (falling.pvalue, falling.statistic > 100.0) == (0.001, True)


def test_a_flat_curve_counts_as_falling_no_more_often_than_alpha() -> None:
    rng = np.random.default_rng(4)
    pvalues = []
    for _ in range(200):
        curve = reliability_curve(rng.random(400), (rng.random(400) < 0.3).astype(float), bins=8)
        pvalues.append(monotonicity(curve, rng=rng, resamples=99).pvalue)
    assert np.mean(np.array(pvalues) <= 0.05) <= 0.05 + 3.0 * math.sqrt(0.05 * 0.95 / 200)


def test_a_curve_that_never_falls_has_no_distance() -> None:
    curve = ReliabilityCurve((0.1, 0.9), (0.2, 0.8), (0.0, 0.0), (1.0, 1.0), (50, 50))
    result = monotonicity(curve, rng=np.random.default_rng(5))
    assert (result.statistic, result.pvalue) == (0.0, 1.0)


def test_what_is_no_forecast_is_refused() -> None:
    with pytest.raises(ValueError, match="must be paired"):
        calibration_error([0.5], [1, 0])
    with pytest.raises(ValueError, match=r"probabilities\[0\] is 1.5"):
        calibration_error([1.5], [1])
    with pytest.raises(ValueError, match=r"outcomes\[0\] is 0.5"):
        calibration_error([0.5], [0.5])
    with pytest.raises(ValueError, match="probabilities is empty"):
        calibration_error([], [])
    with pytest.raises(ValueError, match="bins is 0"):
        calibration_error([0.5], [1], bins=0)
    with pytest.raises(TypeError, match=r"bins is 2\.5"):
        calibration_error([0.5], [1], bins=2.5)  # type: ignore[arg-type] # that is what is tested
    with pytest.raises(ValueError, match="resamples is 0"):
        monotonicity(reliability_curve([0.5], [1]), rng=np.random.default_rng(0), resamples=0)
