import math

import pytest

from shadow_stats.win_rate import PairedWins, mcnemar, two_proportion


def test_two_proportions_are_those_of_statsmodels() -> None:
    report = two_proportion((5, 12), (83, 99))
    assert report.statistic == pytest.approx(-1.4078304151, abs=1e-10)
    assert report.pvalue == pytest.approx(0.1591812918, abs=1e-10)
    less = two_proportion((5, 12), (83, 99), alternative="less")
    assert less.pvalue == pytest.approx(report.pvalue / 2.0)
    assert report.confidence_interval().low < report.effect < report.confidence_interval().high


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 0), (0, 6), (3, 9), (12, 30), (7, 7), (120, 90)])
def test_the_exact_p_value_is_that_of_statsmodels(first: int, second: int) -> None:
    oracle = pytest.importorskip("statsmodels.stats.contingency_tables")
    report = mcnemar(PairedWins(10, first, second, 20))
    expected = oracle.mcnemar([[10, first], [second, 20]], exact=True).pvalue
    assert report.pvalue == pytest.approx(min(expected, 1.0))
    assert report.effect == pytest.approx((first - second) / (30 + first + second))


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
    with pytest.raises(ValueError, match="tail is 'fat'"):
        mcnemar(PairedWins(0, 1, 0, 0), tail="fat")  # type: ignore[arg-type] # that is what is tested
