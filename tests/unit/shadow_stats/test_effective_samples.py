import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter

from shadow_stats.effective_samples import effective_share

Series = NDArray[np.float64]


def autoregression(coefficient: float, size: int, seed: int = 0) -> Series:
    return np.asarray(lfilter([1.0], [1.0, -coefficient], np.random.default_rng(seed).normal(size=size + 200))[200:])


def test_independent_rows_count_in_full() -> None:
    rng = np.random.default_rng(1)
    shares = [effective_share(rng.standard_t(3, 200), rng.standard_t(3, 300)) for _ in range(100)]
    assert np.mean(shares) > 0.85
    assert max(shares) <= 1.0


@pytest.mark.parametrize("coefficient", [0.3, 0.5, 0.8])
def test_rows_of_an_autoregression_count_as_much_as_the_signs_of_gauss_say(coefficient: float) -> None:
    # Signs of normal rows with correlation r have correlation 2 asin(r) / pi (Sheppard); further levels have less.
    lags = coefficient ** np.arange(1, 200)
    middle = 1.0 + 2.0 * float(np.sum(2.0 * np.arcsin(lags) / math.pi))
    series = autoregression(coefficient, 40_000)
    found = 1.0 / effective_share(series[:20_000], series[20_000:])
    assert 0.7 * middle < found < 1.05 * middle


def test_rows_that_swing_back_count_in_full_and_no_more() -> None:
    rng = np.random.default_rng(3)
    signs = np.cumprod(np.where(rng.random(5000) < 0.8, -1.0, 1.0))
    assert 0.95 < effective_share(signs * (1.0 + rng.random(5000))) <= 1.0


def test_volatility_in_clusters_counts_though_no_sign_remembers() -> None:
    rng = np.random.default_rng(2)
    series = rng.normal(size=4000) * np.exp(0.6 * autoregression(0.95, 4000) / 3.2)
    signs = np.sign(series)
    assert effective_share(series) < 0.5
    assert effective_share(signs) > 0.9


def test_rows_that_do_not_vary_or_are_few_count_in_full() -> None:
    assert effective_share(np.ones(100), np.ones(50)) == 1.0
    assert effective_share(np.arange(19.0)) == 1.0


def test_what_is_no_series_is_refused() -> None:
    with pytest.raises(ValueError, match="a part is empty or there is none"):
        effective_share()
    with pytest.raises(ValueError, match="a part is empty or there is none"):
        effective_share([1.0], [])
    with pytest.raises(ValueError, match=r"parts\[1\]\[0\] is nan"):
        effective_share([1.0], [math.nan])
