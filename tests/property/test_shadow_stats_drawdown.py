import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow_stats import Drawdown

pnl = st.lists(st.floats(-50.0, 50.0, allow_subnormal=False), max_size=40)
STATE = ("profit", "equity", "high_water_mark", "current", "maximum", "samples")


def after(capital: float, *batches: list[float]) -> Drawdown:
    drawdown = Drawdown(capital)
    for batch in batches:
        drawdown.update(batch)
    return drawdown


def reading(drawdown: Drawdown) -> list[float]:
    return [getattr(drawdown, name) for name in STATE]


@given(pnl)
def test_the_maximum_is_the_deepest_point_of_the_whole_path(values: list[float]) -> None:
    equity = 1000.0 + np.concatenate([[0.0], np.cumsum(values)])
    marks = np.maximum.accumulate(equity)
    deepest = min(((marks - equity) / marks).max(), 1.0)
    assert after(1000.0, values).maximum == pytest.approx(deepest, abs=1e-12)


@given(pnl, pnl)
def test_batches_do_not_matter(first: list[float], second: list[float]) -> None:
    assert after(100.0, first, second).to_json() == after(100.0, first + second).to_json()


@given(pnl, pnl)
def test_a_state_resumed_from_json_goes_on_bit_for_bit(first: list[float], second: list[float]) -> None:
    resumed = Drawdown.from_json(json.loads(json.dumps(after(100.0, first).to_json())))
    resumed.update(second)
    assert resumed.to_json() == after(100.0, first, second).to_json()


@given(pnl, pnl)
def test_merging_two_streams_is_reading_both_in_a_row(first: list[float], second: list[float]) -> None:
    earlier = after(2500.0, first)
    merged = earlier.merge(after(earlier.equity, second))
    assert reading(merged) == pytest.approx(reading(after(2500.0, first, second)), abs=1e-9)
    assert Drawdown.from_json(merged.to_json()).to_json() == merged.to_json()
