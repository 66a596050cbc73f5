import sys

import pytest

from examples.models.shadow_models.bars import load_bars, load_market
from examples.models.shadow_models.tape import one_pass, questions
from tests.unit.examples.predictions import bars


def test_both_indices_are_whole_and_in_order() -> None:
    for symbol, loaded in load_market().items():
        assert loaded.symbol == symbol
        assert len(loaded.closes) == len(loaded.dates) == 5031
        assert list(loaded.dates) == sorted(loaded.dates)


def test_reading_the_bars_imports_no_pandas() -> None:
    load_bars.cache_clear()
    before = set(sys.modules)
    load_bars("sp500")
    assert not {"arch", "pandas"} & (set(sys.modules) - before)


def test_the_next_return_is_that_of_holding_one_unit() -> None:
    assert bars(100.0, 110.0, 99.0).next_return(1) == pytest.approx(-0.1)


def test_the_last_bar_has_no_next_return() -> None:
    with pytest.raises(LookupError, match="ask for 0 to 1"):
        bars(100.0, 110.0, 99.0).next_return(2)


def test_an_unknown_symbol_is_refused_by_name() -> None:
    with pytest.raises(LookupError, match="'dax': it must be one of sp500, nasdaq"):
        load_bars("dax")


def test_the_tape_is_in_order_of_dates_with_the_symbols_interleaved() -> None:
    market = {"a": bars(1.0, 2.0, 3.0), "b": bars(1.0, 2.0, 3.0)}
    assert one_pass(market) == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]


def test_the_tape_starts_again_with_the_next_pass() -> None:
    tape = questions({"a": bars(1.0, 2.0, 3.0)}, first_pass=7)
    assert [(q.replay, q.bar) for q in (next(tape) for _ in range(5))] == [(7, 0), (7, 1), (8, 0), (8, 1), (9, 0)]
