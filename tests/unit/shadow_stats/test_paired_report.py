import importlib

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from scipy.signal import lfilter

from shadow_stats.fixed_sample import Side
from shadow_stats.paired_report import paired_mean_report
from shadow_stats.unpaired_report import welch

linear_model = importlib.import_module("statsmodels.regression.linear_model")

Series = NDArray[np.float64]


def pair(size: int, seed: int = 4, gain: float = 0.1) -> tuple[Series, Series]:
    shared, first, second = np.random.default_rng(seed).normal(size=(3, size))
    return 2.0 * shared + first + gain, 2.0 * shared + second


@pytest.mark.parametrize("alternative", ["two-sided", "less", "greater"])
def test_without_dependence_it_is_the_paired_t_test(alternative: Side) -> None:
    challenger, champion = pair(300)
    report = paired_mean_report(challenger, champion, alternative=alternative)
    oracle = stats.ttest_rel(challenger, champion, alternative=alternative)
    assert (report.statistic, report.pvalue) == pytest.approx((oracle.statistic, oracle.pvalue))
    assert report.confidence_interval() == pytest.approx(tuple(oracle.confidence_interval()))


@pytest.mark.filterwarnings("ignore:yule_walker currently returns:FutureWarning")
@pytest.mark.parametrize("coefficients", [[0.5], [-0.3], [0.3, 0.3]])
def test_the_standard_error_is_that_of_the_yule_walker_autoregression_of_statsmodels(
    coefficients: list[float],
) -> None:
    noise = np.random.default_rng(5).normal(size=5200)
    series = lfilter([1.0], [1.0, *(-one for one in coefficients)], noise)[200:]
    fitted, scale = linear_model.yule_walker(series, len(coefficients), method="mle")[:2]
    expected = scale / (1.0 - fitted.sum()) / np.sqrt(5000)
    # The report allows for the bias of estimated persistence, of the order of 1/n.
    assert paired_mean_report(series, np.zeros(5000)).standard_error == pytest.approx(expected, rel=0.01)


def test_dependence_keeps_equal_models_equal_where_the_t_test_fails() -> None:
    rng = np.random.default_rng(9)
    zeros = np.zeros(400)
    series = [lfilter([1.0], [1.0, -0.5], rng.normal(size=500))[100:] for _ in range(400)]
    found = np.mean([paired_mean_report(values, zeros).pvalue <= 0.05 for values in series])
    naive = np.mean([stats.ttest_1samp(values, 0.0).pvalue <= 0.05 for values in series])
    assert found <= 0.05 + 3.0 * np.sqrt(0.05 * 0.95 / 400)
    assert naive > 0.2


def test_pairing_saves_what_both_models_share() -> None:
    challenger, champion = pair(2000)
    paired, unpaired = paired_mean_report(challenger, champion), welch(challenger, champion)
    assert paired.effect == pytest.approx(unpaired.effect)
    assert unpaired.standard_error**2 / paired.standard_error**2 == pytest.approx(5.0, rel=0.15)


def test_what_cannot_be_tested_is_refused() -> None:
    challenger, champion = pair(50)
    with pytest.raises(ValueError, match="there are 19 pairs"):
        paired_mean_report(challenger[:19], champion[:19])
    with pytest.raises(ValueError, match="must be paired"):
        paired_mean_report(challenger, champion[:40])
    with pytest.raises(ValueError, match="does not vary"):
        paired_mean_report(champion, champion)
