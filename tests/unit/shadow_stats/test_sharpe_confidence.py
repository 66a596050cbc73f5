"""Constants: the example of Lopez de Prado, Lipton and Zoonekynd (2025), and that of the paper of 2014."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from shadow_stats.sharpe_confidence import (
    SharpeMoments,
    _maximum_variance,
    deflated_sharpe,
    expected_maximum_sharpe,
    minimum_track_record,
    probabilistic_sharpe,
    sharpe_standard_error,
)

FUND = SharpeMoments(sharpe=0.036 / 0.079, samples=24, skewness=-2.448, kurtosis=10.164)
PERSISTENT = replace(FUND, autocorrelation=0.2)
BEST = SharpeMoments(sharpe=2.5 / math.sqrt(250), samples=1250, skewness=-3.0, kurtosis=10.0)


def published(value: float) -> object:
    return pytest.approx(value, abs=5.1e-4)


def test_standard_errors_are_the_published_ones() -> None:
    assert sharpe_standard_error(FUND) == published(0.329)
    assert sharpe_standard_error(replace(FUND, skewness=0.0, kurtosis=3.0)) == published(0.214)
    assert sharpe_standard_error(PERSISTENT) == published(0.379)


def test_probabilities_at_the_null_are_the_published_ones() -> None:
    assert probabilistic_sharpe(FUND) == published(0.987)
    assert probabilistic_sharpe(FUND, benchmark=0.1) == published(0.939)
    assert probabilistic_sharpe(PERSISTENT) == published(0.966)
    assert probabilistic_sharpe(PERSISTENT, benchmark=0.1) == published(0.900)


def test_probabilities_at_the_estimate_are_the_published_ones() -> None:
    rounded = replace(FUND, sharpe=0.458)
    assert probabilistic_sharpe(rounded, convention="estimate") == pytest.approx(0.9134, abs=5e-5)
    normal = replace(rounded, skewness=0.0, kurtosis=3.0)
    assert probabilistic_sharpe(normal, convention="estimate") == pytest.approx(0.9817, abs=5e-5)


def test_track_records_are_the_published_ones() -> None:
    assert minimum_track_record(FUND) == published(13.029)
    assert minimum_track_record(PERSISTENT, alpha=0.1) == published(11.863)


@pytest.mark.parametrize("benchmark", [0.0, 0.1])
def test_a_record_of_the_minimum_length_is_just_enough(benchmark: float) -> None:
    for convention in ("null", "estimate"):
        length = minimum_track_record(BEST, benchmark=benchmark, convention=convention)
        confidences = [
            probabilistic_sharpe(replace(BEST, samples=n), benchmark=benchmark, convention=convention)
            for n in (math.floor(length), math.ceil(length))
        ]
        assert confidences[0] <= 0.95 <= confidences[1]


def test_no_record_is_long_enough_for_a_ratio_below_the_benchmark() -> None:
    assert minimum_track_record(FUND, benchmark=1.0) == math.inf


def test_the_best_of_ten_is_deflated_as_published() -> None:
    assert expected_maximum_sharpe(10, 0.1) == published(0.498)
    assert deflated_sharpe(FUND, trials=10, variance=0.1) == published(0.416)
    assert probabilistic_sharpe(FUND, benchmark=expected_maximum_sharpe(10, 0.1)) == published(0.451)


def test_the_example_of_2014_is_met_to_five_digits() -> None:
    variance = 0.5 / 250
    assert expected_maximum_sharpe(100, variance) == pytest.approx(0.11317, abs=5e-6)
    for trials, expected in ((100, 0.90040), (46, 0.95050)):
        confidence = deflated_sharpe(BEST, trials=trials, variance=variance, convention="estimate")
        assert confidence == pytest.approx(expected, abs=5.1e-6)
    normal = replace(BEST, skewness=0.0, kurtosis=3.0)
    confidence = deflated_sharpe(normal, trials=88, variance=variance, convention="estimate")
    assert confidence == pytest.approx(0.95049, abs=5.1e-6)


def test_the_variance_of_a_maximum_is_the_tabulated_one() -> None:
    # Order statistics of normal samples, Teichroew (1956); two: 1 - 1/pi.
    assert _maximum_variance(1) == pytest.approx(1.0, abs=1e-9)
    assert _maximum_variance(2) == pytest.approx(1.0 - 1.0 / math.pi, abs=1e-9)
    assert _maximum_variance(10) == pytest.approx(0.3443438, abs=1e-7)


def test_a_single_trial_is_not_deflated() -> None:
    for convention in ("null", "estimate"):
        assert deflated_sharpe(FUND, trials=1, variance=0.1, convention=convention) == pytest.approx(
            probabilistic_sharpe(FUND, convention=convention)
        )


def test_moments_are_those_of_scipy() -> None:
    series = np.random.default_rng(1).exponential(size=200)
    moments = SharpeMoments.of(series)
    assert moments.sharpe == pytest.approx(series.mean() / series.std(ddof=1))
    assert moments.skewness == pytest.approx(stats.skew(series))
    assert moments.kurtosis == pytest.approx(stats.kurtosis(series, fisher=False))
    centred = series - series.mean()
    assert moments.autocorrelation == pytest.approx(centred[1:] @ centred[:-1] / (centred @ centred))


def test_the_error_of_an_autoregression_is_that_of_simulation() -> None:
    rng = np.random.default_rng(2)
    noise = rng.normal(size=(2000, 600))
    for row in range(1, 600):
        noise[:, row] += 0.4 * noise[:, row - 1]
    series = noise[:, 100:] + 0.2
    spread = (series.mean(axis=1) / series.std(axis=1, ddof=1)).std()
    moments = SharpeMoments(sharpe=0.2 * math.sqrt(1.0 - 0.16), samples=500, autocorrelation=0.4)
    assert sharpe_standard_error(moments) == pytest.approx(spread, rel=0.06)


def test_impossible_moments_are_refused() -> None:
    with pytest.raises(ValueError, match=r"at least 1 \+ skewness"):
        SharpeMoments(0.1, 50, skewness=2.0, kurtosis=3.0)
    with pytest.raises(ValueError, match="must be finite"):
        SharpeMoments(math.nan, 50)
    with pytest.raises(ValueError, match="autocorrelation is 1"):
        SharpeMoments(0.1, 50, autocorrelation=1.0)
    with pytest.raises(ValueError, match="samples is 1"):
        SharpeMoments(0.1, 1)
    with pytest.raises(ValueError, match="pnl has 9"):
        SharpeMoments.of(np.arange(9.0))
    with pytest.raises(ValueError, match="pnl is constant"):
        SharpeMoments.of(np.full(50, 0.1))


def test_a_ratio_without_variance_is_refused() -> None:
    two_points = SharpeMoments(1.0, 50, skewness=2.0, kurtosis=5.0)
    with pytest.raises(ValueError, match="no variance"):
        sharpe_standard_error(two_points)


def test_arguments_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="trials is 0"):
        expected_maximum_sharpe(0, 0.1)
    with pytest.raises(ValueError, match="variance is -1"):
        expected_maximum_sharpe(1, -1.0)
    with pytest.raises(ValueError, match="benchmark is nan"):
        probabilistic_sharpe(FUND, benchmark=math.nan)
    with pytest.raises(ValueError, match="benchmark is -inf"):
        minimum_track_record(FUND, benchmark=-math.inf)
    with pytest.raises(ValueError, match="at is inf"):
        sharpe_standard_error(FUND, at=math.inf)
    with pytest.raises(ValueError, match="convention is '2012'"):
        probabilistic_sharpe(FUND, convention="2012")  # type: ignore[arg-type] # that is what is tested
    with pytest.raises(ValueError, match=r"alpha is 0\.5"):
        minimum_track_record(FUND, alpha=0.5)
