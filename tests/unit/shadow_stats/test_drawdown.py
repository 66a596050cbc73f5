import math

import pytest

from shadow_stats import Drawdown, drawdown_ratio


def after(capital: float, *pnl: float) -> Drawdown:
    drawdown = Drawdown(capital)
    drawdown.update(pnl)
    return drawdown


def test_a_drawdown_is_a_share_of_the_high_water_equity() -> None:
    drawdown = after(100.0, 50.0, -30.0, 10.0)
    assert drawdown.high_water_mark == 150.0
    assert drawdown.maximum == pytest.approx(30.0 / 150.0)
    assert drawdown.current == pytest.approx(20.0 / 150.0)
    assert (drawdown.equity, drawdown.profit, drawdown.samples) == (130.0, 30.0, 3)


def test_the_start_counts_as_a_high_water_mark() -> None:
    assert after(100.0, -5.0).maximum == pytest.approx(0.05)


def test_a_deeper_share_of_an_earlier_smaller_mark_stays_the_maximum() -> None:
    drawdown = after(100.0, -30.0, 930.0, -100.0)
    assert drawdown.maximum == pytest.approx(0.3)
    assert drawdown.current == pytest.approx(0.1)


def test_losing_everything_and_more_is_a_drawdown_of_one() -> None:
    drawdown = after(100.0, -250.0)
    assert (drawdown.current, drawdown.maximum) == (1.0, 1.0)


def test_rising_equity_has_no_drawdown() -> None:
    drawdown = after(100.0, 1.0, 0.0, 2.0)
    assert (drawdown.current, drawdown.maximum) == (0.0, 0.0)


@pytest.mark.parametrize("capital", [0.0, -1.0, math.nan, math.inf])
def test_capital_is_positive_and_finite(capital: float) -> None:
    with pytest.raises(ValueError, match="capital is"):
        Drawdown(capital)


def test_a_number_that_cannot_be_used_is_named_and_nothing_is_added() -> None:
    drawdown = after(100.0, -5.0)
    before = drawdown.to_json()
    with pytest.raises(ValueError, match=r"pnl\[0\] is nan"):
        drawdown.update([math.nan])
    drawdown.update([])
    assert drawdown.to_json() == before


def test_a_later_stream_must_start_on_the_equity_of_the_earlier() -> None:
    with pytest.raises(ValueError, match=r"later starts with 100\.0: it must start with the equity 95\.0"):
        after(100.0, -5.0).merge(Drawdown(100.0))


def test_the_ratio_compares_maxima() -> None:
    flat, small, large = Drawdown(100.0), after(100.0, -5.0), after(100.0, -10.0)
    assert drawdown_ratio(small, large) == pytest.approx(0.5)
    assert drawdown_ratio(flat, small) == 0.0
    assert drawdown_ratio(small, flat) == math.inf
    assert drawdown_ratio(flat, flat) == 1.0


def test_a_state_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="expected Drawdown version 1"):
        Drawdown.from_json({**Drawdown(1.0).to_json(), "kind": "PairedMean"})
