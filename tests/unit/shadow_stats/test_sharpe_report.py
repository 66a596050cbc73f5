"""The kernel test built up again from the parts of arch and scipy."""

import importlib
import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.stats import linregress, norm

from shadow_stats.sharpe_report import SharpeReport, jobson_korkie_memmel, ledoit_wolf_hac

kernel = importlib.import_module("arch.covariance.kernel")

Series = NDArray[np.float64]


def pair(coefficient: float, size: int = 400, gain: float = 0.1) -> tuple[Series, Series]:
    noise = np.random.default_rng(3).standard_t(6, size=(3, size))
    shared, first, second = lfilter([1.0], [1.0, -coefficient], noise, axis=1)
    return shared + first + gain, shared + second


def andrews_width(moments: Series) -> float:
    above = below = 0.0
    for column in moments.T:
        fit = linregress(column[:-1], column[1:])
        square = float(np.var(column[1:] - fit.slope * column[:-1])) ** 2
        above += 4.0 * fit.slope**2 * square / (1.0 - fit.slope) ** 8
        below += square / (1.0 - fit.slope) ** 4
    return float(1.3221 * (above / below * len(moments)) ** 0.2)


@pytest.mark.parametrize("coefficient", [0.0, 0.3, 0.7])
def test_the_kernel_estimate_is_that_of_arch(coefficient: float) -> None:
    challenger, champion = pair(coefficient)
    moments = np.stack([challenger, champion, challenger**2, champion**2], axis=1)
    covariance = kernel.QuadraticSpectral(moments, bandwidth=andrews_width(moments)).cov.long_run
    influence = [
        np.array([(x**2).mean() / x.var() ** 1.5, -0.5 * x.mean() / x.var() ** 1.5]) for x in (challenger, champion)
    ]
    gradient = np.array([influence[0][0], -influence[1][0], influence[0][1], -influence[1][1]])
    expected = math.sqrt(gradient @ covariance @ gradient / (len(moments) - 4))
    assert ledoit_wolf_hac(challenger, champion).standard_error == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("gain", [0.0, 0.1, 0.2, 0.3, 0.4])
@pytest.mark.parametrize("report", [jobson_korkie_memmel, ledoit_wolf_hac])
def test_the_p_value_is_below_alpha_where_the_interval_leaves_zero(
    report: Callable[[Series, Series], SharpeReport], gain: float
) -> None:
    result = report(*pair(0.2, gain=gain))
    for alpha in (0.01, 0.05, 0.3):
        low, high = result.confidence_interval(1.0 - alpha)
        assert (low > 0.0 or high < 0.0) == (result.pvalue < alpha)
    assert result.pvalue == pytest.approx(2.0 * norm.sf(abs(result.statistic)))


@pytest.mark.parametrize("report", [jobson_korkie_memmel, ledoit_wolf_hac])
@pytest.mark.parametrize("leverage", [1.0, 3.0, 1e-5])
def test_the_same_model_with_more_or_less_capital_is_nothing_to_test(
    report: Callable[[Series, Series], SharpeReport], leverage: float
) -> None:
    series = pair(0.2)[0]
    with pytest.raises(ValueError, match="nothing to test"):
        report(leverage * series, series)


def test_a_level_that_is_none_is_refused() -> None:
    result = jobson_korkie_memmel(*pair(0.0))
    for level in (0.0, 1.0, 1.5, math.nan):
        with pytest.raises(ValueError, match="confidence_level is"):
            result.confidence_interval(level)
