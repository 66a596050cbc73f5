import importlib
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from shadow_stats.error_degradation import Metric, degradation

metrics = importlib.import_module("sklearn.metrics")
linear_model = importlib.import_module("statsmodels.regression.linear_model")

Series = NDArray[np.float64]
TRUTH = np.random.default_rng(0).normal(size=400)
CLOSE = TRUTH + np.random.default_rng(1).normal(size=400) * 0.5
FAR = TRUTH + np.random.default_rng(2).normal(size=400)


@pytest.mark.parametrize(
    ("metric", "name"),
    [
        (Metric.MAE, "mean_absolute_error"),
        (Metric.RMSE, "root_mean_squared_error"),
        (Metric.MAPE, "mean_absolute_percentage_error"),
    ],
)
def test_each_error_is_that_of_scikit_learn(metric: Metric, name: str) -> None:
    result = degradation(metric, TRUTH, FAR, CLOSE)
    value, baseline = (getattr(metrics, name)(TRUTH, predicted) for predicted in (FAR, CLOSE))
    assert (result.metric, result.samples) == (metric, 400)
    assert (result.value, result.baseline) == pytest.approx((value, baseline))
    assert result.relative_change == pytest.approx(value / baseline - 1.0)
    assert result.statistic > 0.0


def test_directional_accuracy_is_the_accuracy_of_the_signs() -> None:
    result = degradation("DirectionalAccuracy", TRUTH, FAR, CLOSE)
    value, baseline = (metrics.accuracy_score(TRUTH > 0.0, predicted > 0.0) for predicted in (FAR, CLOSE))
    assert (result.value, result.baseline) == pytest.approx((value, baseline))


@pytest.mark.parametrize("metric", ["MAE", "RMSE", "DirectionalAccuracy"])
def test_worse_predictions_are_found_and_better_ones_are_not(metric: str) -> None:
    assert degradation(metric, TRUTH, FAR, CLOSE).pvalue < 1e-4
    assert degradation(metric, TRUTH, CLOSE, FAR).pvalue > 0.999


def test_the_statistic_is_near_the_paired_t_on_independent_rows() -> None:
    losses = np.abs(FAR - TRUTH) - np.abs(CLOSE - TRUTH)
    expected = losses.mean() / (losses.std(ddof=1) / math.sqrt(400))
    assert degradation("MAE", TRUTH, FAR, CLOSE).statistic == pytest.approx(expected, rel=0.15)


def test_the_statistic_is_near_that_of_a_kernel_estimate_on_dependent_rows() -> None:
    rng = np.random.default_rng(12)
    truth = rng.normal(size=4000)
    first, second = (np.convolve(rng.normal(size=4003), np.full(4, 0.5), "valid") for _ in range(2))
    losses = np.abs(first) - np.abs(second)
    oracle = linear_model.OLS(losses, np.ones(4000)).fit(cov_type="HAC", cov_kwds={"maxlags": 20})
    result = degradation("MAE", truth, truth + first, truth + second)
    naive = losses.mean() / (losses.std() / math.sqrt(4000))
    assert result.statistic == pytest.approx(float(oracle.tvalues[0]), rel=0.1)
    assert abs(result.statistic) < 0.8 * abs(naive)


def test_equal_models_under_dependence_are_called_worse_no_more_often_than_alpha() -> None:
    rng = np.random.default_rng(5)
    rejected = []
    for _ in range(300):
        truth = rng.normal(size=300)
        # Errors averaged over five rows: their losses remember as long.
        first, second = (np.convolve(rng.normal(size=304), np.full(5, 0.2), "valid") for _ in range(2))
        rejected.append(degradation("MAE", truth, truth + first, truth + second).pvalue <= 0.05)
    assert np.mean(rejected) <= 0.05 + 3.0 * math.sqrt(0.05 * 0.95 / 300)


def test_rows_without_a_move_have_no_direction() -> None:
    truth = np.concatenate([TRUTH, np.zeros(50)])
    padded = [np.concatenate([x, np.ones(50)]) for x in (FAR, CLOSE)]
    assert degradation("DirectionalAccuracy", truth, *padded) == degradation("DirectionalAccuracy", TRUTH, FAR, CLOSE)


def test_the_same_predictions_give_no_evidence() -> None:
    result = degradation("RMSE", TRUTH, FAR, FAR)
    assert (result.relative_change, result.pvalue) == (0.0, 1.0)
    assert math.isnan(result.statistic)


def test_a_change_from_nothing_is_infinite() -> None:
    assert degradation("MAE", TRUTH, FAR, TRUTH).relative_change == math.inf
    assert math.isnan(degradation("MAE", TRUTH, TRUTH, TRUTH).relative_change)


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ValueError, match="must be the same rows"):
        degradation("MAE", TRUTH, FAR[1:], CLOSE)
    with pytest.raises(ValueError, match="19 usable rows"):
        degradation("MAE", TRUTH[:19], FAR[:19], CLOSE[:19])
    with pytest.raises(ValueError, match=r"truth\[0\] is 0"):
        degradation("MAPE", np.append(0.0, TRUTH[1:]), FAR, CLOSE)
    with pytest.raises(ValueError, match=r"MAPE losses\[0\] is"):
        degradation("MAPE", np.append(1e-100, TRUTH[1:]), FAR, CLOSE)
    with pytest.raises(ValueError, match="Metric"):
        degradation("MSE", TRUTH, FAR, CLOSE)
    with pytest.raises(ValueError, match=r"predicted\[0\] is nan"):
        degradation("MAE", TRUTH, np.append(math.nan, FAR[1:]), CLOSE)
