import importlib
import math

import pytest
from scipy.stats import chi2_contingency

from shadow_stats.fixed_sample import Side
from shadow_stats.win_rate import PairedWins, mcnemar, two_proportion

proportion = importlib.import_module("statsmodels.stats.proportion")
contingency = importlib.import_module("statsmodels.stats.contingency_tables")

COUNTS = [((5, 12), (83, 99)), ((1, 0), (7, 9)), ((300, 310), (1000, 900)), ((8, 8), (8, 20))]


@pytest.mark.parametrize(("wins", "samples"), COUNTS)
@pytest.mark.parametrize(
    ("alternative", "word"), [("two-sided", "two-sided"), ("less", "smaller"), ("greater", "larger")]
)
def test_two_proportions_are_those_of_statsmodels(
    wins: tuple[int, int], samples: tuple[int, int], alternative: Side, word: str
) -> None:
    report = two_proportion(wins, samples, alternative=alternative)
    expected = proportion.proportions_ztest(wins, samples, alternative=word)
    assert (report.statistic, report.pvalue) == pytest.approx(expected, rel=1e-9)
    low, high = proportion.confint_proportions_2indep(wins[0], samples[0], wins[1], samples[1], method="wald")
    assert report.confidence_interval() == pytest.approx((max(low, -1.0), min(high, 1.0)), rel=1e-9)


@pytest.mark.parametrize(("wins", "samples"), COUNTS)
def test_the_square_of_the_statistic_is_pearsons(wins: tuple[int, int], samples: tuple[int, int]) -> None:
    table = [wins, [count - won for won, count in zip(wins, samples, strict=True)]]
    expected = chi2_contingency(table, correction=False)
    assert two_proportion(wins, samples).statistic ** 2 == pytest.approx(expected.statistic)


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 0), (0, 6), (3, 9), (12, 30), (7, 7), (120, 90)])
def test_the_exact_p_value_is_that_of_statsmodels(first: int, second: int) -> None:
    report = mcnemar(PairedWins(10, first, second, 20))
    expected = contingency.mcnemar([[10, first], [second, 20]], exact=True).pvalue
    assert report.pvalue == pytest.approx(min(expected, 1.0))
    assert report.effect == pytest.approx((first - second) / (30 + first + second))
    if first + second:
        asymptotic = contingency.mcnemar([[10, first], [second, 20]], exact=False, correction=False)
        assert report.statistic**2 == pytest.approx(asymptotic.statistic)


def test_the_middle_p_value_halves_what_is_as_extreme_as_the_data() -> None:
    # Airway hyper-responsiveness, the example of Fagerland, Lydersen and Laake (2013): 1 against 7 discordant pairs.
    wins = PairedWins(1, 1, 7, 12)
    assert mcnemar(wins).pvalue == pytest.approx(0.0703, abs=5e-5)
    assert mcnemar(wins, tail="mid-p").pvalue == pytest.approx(0.0391, abs=5e-5)
    assert mcnemar(PairedWins(0, 1, 1, 0), tail="mid-p").pvalue == pytest.approx(1.0 - 0.5 * 0.5)
    assert mcnemar(PairedWins(0, 0, 5, 0), tail="mid-p").pvalue == pytest.approx(2.0**-5)


def test_wins_are_profits_above_zero() -> None:
    assert PairedWins.of([1.0, 1.0, 0.0, -1.0, 2.0], [1.0, 0.0, 3.0, 0.0, -1.0]) == PairedWins(1, 2, 1, 1)


def test_a_certain_difference_has_no_error_left() -> None:
    report = mcnemar(PairedWins(0, 9, 0, 0))
    assert report.confidence_interval() == (1.0, 1.0)
    assert mcnemar(PairedWins(3, 0, 0, 4)).statistic == 0.0
    assert math.isfinite(report.statistic)


def test_what_cannot_be_tested_is_refused() -> None:
    with pytest.raises(ValueError, match="challenger has 9 wins in 8 samples"):
        two_proportion((9, 1), (8, 8))
    with pytest.raises(ValueError, match="nothing to test"):
        two_proportion((0, 0), (8, 8))
    with pytest.raises(TypeError, match="wins of the champion"):
        two_proportion((1, 0.5), (8, 8))  # type: ignore[arg-type] # that is what is tested
    with pytest.raises(ValueError, match="no pairs"):
        mcnemar(PairedWins(0, 0, 0, 0))
    with pytest.raises(ValueError, match="champion_only is -1"):
        PairedWins(0, 1, -1, 3)
    with pytest.raises(ValueError, match="tail is 'fat'"):
        mcnemar(PairedWins(0, 1, 0, 0), tail="fat")  # type: ignore[arg-type] # that is what is tested
