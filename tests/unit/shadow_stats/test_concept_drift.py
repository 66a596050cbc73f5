import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.stats import levene

from shadow_stats.concept_drift import early_late, volatility_shift
from shadow_stats.distribution_distance import kolmogorov_smirnov
from shadow_stats.effective_samples import effective_share

Series = NDArray[np.float64]


def most(replications: int) -> float:
    return 0.05 + 3.0 * math.sqrt(0.05 * 0.95 / replications)


def autoregression(rng: np.random.Generator, size: int, coefficient: float) -> Series:
    return np.asarray(lfilter([1.0], [1.0, -coefficient], rng.normal(size=size + 100))[100:])


def test_independent_rows_give_brown_and_forsythes_test() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.standard_t(4, 130), rng.standard_t(4, 90) * 1.4
    result = volatility_shift(first, second, clustered=False)
    expected = levene(first, second, center="median")
    assert result.statistic**2 == pytest.approx(expected.statistic, rel=1e-12)
    assert result.pvalue == pytest.approx(expected.pvalue, rel=1e-10)
    assert result.variance_ratio == pytest.approx(second.var(ddof=1) / first.var(ddof=1))
    assert (result.reference_samples, result.current_samples) == (130, 90)


@pytest.mark.parametrize("clustered", [True, False])
def test_heavy_tails_alone_are_no_shift(*, clustered: bool) -> None:
    rng = np.random.default_rng(1)
    windows = rng.standard_t(3, size=(400, 2, 200))
    pvalues = [volatility_shift(a, b, clustered=clustered).pvalue for a, b in windows]
    assert np.mean(np.array(pvalues) <= 0.05) <= most(400)


def test_clustered_volatility_is_allowed_for() -> None:
    rng = np.random.default_rng(2)
    rejected = {True: 0, False: 0}
    for _ in range(150):
        level = np.zeros(1000)
        shocks = rng.normal(size=1000)
        for t in range(1, 1000):
            level[t] = 0.9 * level[t - 1] + 0.25 * shocks[t]
        series = rng.normal(size=1000) * np.exp(level)
        for clustered in rejected:
            rejected[clustered] += volatility_shift(series[:500], series[500:], clustered=clustered).pvalue <= 0.05
    assert rejected[True] / 150 <= most(150)
    assert rejected[False] / 150 > 0.15


def test_a_shift_is_found_in_its_direction() -> None:
    rng = np.random.default_rng(3)
    up = volatility_shift(rng.normal(size=300), rng.normal(size=300) * 1.5)
    assert up.statistic > 0.0
    assert up.pvalue < 1e-4
    assert up.deviation_ratio == pytest.approx(1.5, rel=0.15)


def test_constant_windows_say_nothing() -> None:
    result = volatility_shift(np.ones(20), np.ones(20))
    assert result.pvalue == 1.0
    assert all(math.isnan(x) for x in (result.statistic, result.variance_ratio, result.deviation_ratio))
    noise = np.random.default_rng(4).normal(size=20)
    assert volatility_shift(np.ones(20), noise).variance_ratio == math.inf


def test_early_against_late_sees_mean_and_spread() -> None:
    rng = np.random.default_rng(5)
    quiet = rng.normal(size=300)
    assert early_late(quiet).pvalue > 0.05
    for late in (rng.normal(0.7, 1.0, 300), rng.normal(0.0, 2.0, 300)):
        result = early_late(np.concatenate([quiet, late]))
        assert result.pvalue < 1e-4
        assert result.pvalue == 2.0 * min(result.distribution.pvalue, result.volatility.pvalue)


def test_early_against_late_keeps_its_level() -> None:
    rng = np.random.default_rng(6)
    pvalues = [early_late(rng.standard_t(4, 200), share=0.6).pvalue for _ in range(300)]
    assert np.mean(np.array(pvalues) <= 0.05) <= most(300)


@pytest.mark.parametrize(("coefficient", "plain"), [(0.5, 0.15), (0.8, 0.4)])
def test_rows_that_remember_keep_its_level_where_the_plain_test_loses_it(coefficient: float, plain: float) -> None:
    rng = np.random.default_rng(9)
    series = [autoregression(rng, 300, coefficient) for _ in range(200)]
    results = [early_late(values) for values in series]
    naive = [kolmogorov_smirnov(values[:150], values[150:]).pvalue for values in series]
    assert np.mean([result.distribution.pvalue <= 0.05 for result in results]) <= most(200)
    assert np.mean([result.pvalue <= 0.05 for result in results]) <= most(200)
    assert np.mean(np.array(naive) <= 0.05) > plain


def test_the_distribution_counts_the_rows_that_are_independent() -> None:
    values = autoregression(np.random.default_rng(10), 400, 0.5)
    early, late = values[:200], values[200:]
    share = effective_share(early, late)
    assert 0.0 < share < 1.0
    assert early_late(values).distribution == kolmogorov_smirnov(early, late, effective_share=share)
    assert early_late(values, clustered=False).distribution == kolmogorov_smirnov(early, late)


def test_what_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="current has 19 rows"):
        volatility_shift(np.zeros(20), np.zeros(19))
    with pytest.raises(ValueError, match="shorter part has 19 rows"):
        early_late(np.zeros(39))
    with pytest.raises(ValueError, match="share is 1"):
        early_late(np.zeros(100), share=1.0)
