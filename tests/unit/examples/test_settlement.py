import pytest

from examples.models.shadow_models.book import Book, BookKey
from examples.models.shadow_models.settlement import Settlement
from tests.unit.examples.predictions import bars, logged

NOTIONAL = 1000.0
GRACE = 0.5


def settlement() -> Settlement:
    market = {"sp500": bars(100.0, 110.0, 99.0, 99.0, 108.9), "nasdaq": bars(10.0, 9.0, 9.9, symbol="nasdaq")}
    return Settlement(market, notional=NOTIONAL, grace=GRACE)


def book(scorer: Settlement, model: str, name: str = "live") -> Book:
    return scorer.books[BookKey("trading", "momentum", model, name)]


def test_a_bar_waits_for_a_later_one_of_its_own_symbol() -> None:
    scorer = settlement()
    scorer.receive([logged("a", 0), logged("a", 1, symbol="nasdaq")], now=0.0)
    assert scorer.settle(now=100.0) == 0
    scorer.receive([logged("a", 1)], now=100.0)
    assert scorer.settle(now=100.0 + GRACE) == 1
    assert book(scorer, "a").profit == pytest.approx(100.0)
    assert scorer.pending == 2


def test_profit_and_loss_are_two_counters() -> None:
    scorer = settlement()
    scorer.receive([logged("a", bar) for bar in range(4)], now=0.0)
    scorer.settle(now=1.0)
    found = book(scorer, "a")
    assert [found.profit, found.loss] == pytest.approx([100.0, 100.0])
    assert (found.outcomes["win"], found.outcomes["loss"], found.outcomes["flat"], found.decisions) == (1, 1, 1, 3)


def test_the_position_scales_and_turns_the_result() -> None:
    scorer = settlement()
    scorer.receive([logged("a", 0, -0.5), logged("a", 1, 0.0), logged("a", 2)], now=0.0)
    scorer.settle(now=1.0)
    found = book(scorer, "a")
    assert [found.profit, found.loss] == pytest.approx([0.0, 50.0])
    assert found.turnover == pytest.approx(1000.0)
    assert (found.actions["sell"], found.actions["hold"], found.outcomes["flat"]) == (1, 1, 1)


def test_what_is_acted_on_and_what_is_not_are_two_books() -> None:
    scorer = settlement()
    scorer.receive([logged("a", 0), logged("a", 1, shadow=True), logged("a", 2)], now=0.0)
    scorer.settle(now=1.0)
    assert book(scorer, "a", "live").profit == pytest.approx(100.0)
    assert book(scorer, "a", "shadow").loss == pytest.approx(100.0)


def test_both_books_start_at_zero_before_anything_is_settled() -> None:
    scorer = settlement()
    scorer.receive([logged("a", 0)], now=0.0)
    assert {key.book: found.decisions for key, found in scorer.books.items()} == {"live": 0, "shadow": 0}


def test_all_models_of_a_bar_are_settled_in_one_step() -> None:
    scorer = settlement()
    scorer.receive([logged("a", 0), logged("a", 1)], now=0.0)
    # The mirrored ones come a little later, but within the grace.
    scorer.receive([logged("b", 0, shadow=True), logged("b", 1, shadow=True)], now=0.3)
    assert scorer.settle(now=0.4) == 0
    assert scorer.settle(now=0.5) == 2
    assert book(scorer, "b", "shadow").decisions == book(scorer, "a").decisions == 1
    assert scorer.late == 0


def test_the_same_prediction_counts_once_before_and_after_it_is_settled() -> None:
    scorer = settlement()
    scorer.receive([logged("a", 0), logged("a", 0), logged("a", 1)], now=0.0)
    scorer.settle(now=1.0)
    scorer.receive([logged("a", 0)], now=1.1)
    scorer.settle(now=2.0)
    assert (book(scorer, "a").decisions, scorer.duplicates) == (1, 2)


def test_a_late_prediction_is_real_money_and_counts_at_the_next_step() -> None:
    scorer = settlement()
    scorer.receive([logged("a", 0), logged("a", 1)], now=0.0)
    scorer.settle(now=1.0)
    scorer.receive([logged("b", 0)], now=1.2)
    assert scorer.settle(now=1.3) == 1
    assert book(scorer, "b").profit == pytest.approx(100.0)
    assert scorer.late == 1


def test_the_next_pass_is_later_than_the_last_bar_of_this_one() -> None:
    scorer = settlement()
    scorer.receive([logged("a", 3), logged("a", 0, replay=1)], now=0.0)
    assert scorer.settle(now=1.0) == 1
    assert book(scorer, "a").profit == pytest.approx(100.0)
    scorer.receive([logged("a", 3, replay=1)], now=2.0)
    assert scorer.settle(now=3.0) == 1
    assert scorer.duplicates == 0


def test_bars_are_settled_in_order_whatever_order_they_came_in() -> None:
    scorer = settlement()
    scorer.receive([logged("a", 3), logged("a", 1, -1.0), logged("a", 0), logged("a", 2, -1.0)], now=0.0)
    scorer.settle(now=1.0)
    assert book(scorer, "a").turnover == pytest.approx(1000.0 + 2000.0)
    assert book(scorer, "a").sessions == 3


def test_rollouts_do_not_wait_for_each_other_nor_mix() -> None:
    scorer = settlement()
    other = logged("a", 1).model_copy(update={"rollout": "trading/other"})
    scorer.receive([logged("a", 0), other], now=0.0)
    assert scorer.settle(now=1.0) == 0
    assert {key.rollout for key in scorer.books} == {"momentum", "other"}


def test_what_is_not_on_the_tape_is_counted_and_left_out() -> None:
    scorer = settlement()
    scorer.receive([logged("a", 4), logged("a", -1), logged("a", 0, symbol="dax")], now=0.0)
    assert (scorer.unknown, scorer.pending) == (3, 0)


def test_agreement_with_the_live_prediction_of_the_same_bar() -> None:
    scorer = settlement()
    for bar in range(3):
        scorer.receive([logged("a", bar, 0.5), logged("b", bar, 0.1 if bar else -0.1, shadow=True)], now=0.0)
    scorer.settle(now=1.0)
    assert book(scorer, "b", "shadow").agreement == {"false": 1, "true": 1}
    assert not book(scorer, "a").agreement


def test_calibration_counts_hits_by_tenth_of_confidence() -> None:
    scorer = settlement()
    confidences = (0.55, 0.72, 1.0)
    scorer.receive([logged("a", bar, confidence=value) for bar, value in enumerate(confidences)], now=0.0)
    scorer.receive([logged("a", 3)], now=0.0)
    scorer.settle(now=1.0)
    assert book(scorer, "a").calibration == {("0.5", "win"): 1, ("0.7", "loss"): 1}
