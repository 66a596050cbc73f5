import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow_stats.timeline import Timeline, out_of_order, paired

HOURS = np.arange("2026-01-05T00", "2026-01-05T06", dtype="datetime64[h]")
distinct_times = st.lists(st.integers(-(2**40), 2**40), unique=True, max_size=30).map(sorted)


def test_values_are_paired_where_both_have_the_time_and_the_rest_is_reported() -> None:
    series = paired([1, 2, 4, 5], [10.0, 20.0, 40.0, 50.0], [2, 3, 5], [-2.0, -3.0, -5.0])
    assert series.times.tolist() == [2.0, 5.0]
    assert series.challenger.tolist() == [20.0, 50.0]
    assert series.champion.tolist() == [-2.0, -5.0]
    assert series.only_challenger.tolist() == [1.0, 4.0]
    assert series.only_champion.tolist() == [3.0]


def test_streams_without_a_common_time_give_no_pair() -> None:
    series = paired([1], [10.0], [2], [20.0])
    assert (series.times.size, series.only_challenger.size, series.only_champion.size) == (0, 1, 1)


def test_times_may_be_of_numpy_and_of_different_units() -> None:
    series = paired(HOURS[:4], [0.0, 1.0, 2.0, 3.0], HOURS[2:].astype("datetime64[ns]"), [2.5, 3.5, 4.5, 5.5])
    assert (series.times == HOURS[2:4]).all()
    assert series.challenger.tolist() == [2.0, 3.0]
    assert series.champion.tolist() == [2.5, 3.5]


@given(distinct_times, distinct_times)
def test_every_row_is_paired_or_reported_and_carries_its_own_value(first: list[int], second: list[int]) -> None:
    series = paired(first, np.multiply(first, 2.0), second, np.multiply(second, 3.0))
    assert set(series.times.tolist()) == set(first) & set(second)
    assert series.challenger.tolist() == (np.asarray(series.times, dtype=float) * 2.0).tolist()
    assert series.champion.tolist() == (np.asarray(series.times, dtype=float) * 3.0).tolist()
    assert series.times.size + series.only_challenger.size == len(first)
    assert series.times.size + series.only_champion.size == len(second)


@pytest.mark.parametrize(
    ("times", "values", "sentence"),
    [
        ([1, 2, 2], [0.0] * 3, r"challenger_times\[2\] is 2.0: it must be after 2.0"),
        ([1, 3, 2], [0.0] * 3, r"challenger_times\[2\] is 2.0: it must be after 3.0"),
        ([1, math.nan], [0.0] * 2, r"challenger_times\[1\] is nan"),
        ([1, math.inf], [0.0] * 2, r"challenger_times\[1\] is inf"),
        ([0, 2**53 + 2], [0.0] * 2, r"challenger_times\[1\] is 9007199254740994.0: times are at most 2\^53"),
        ([[1.0]], [0.0], "challenger_times has 2 dimensions"),
        (["2026-01-05"], [0.0], "challenger_times has entries of type <U10: they must be numbers or numpy.datetime64"),
        ([1, 2], [0.0], "challenger_times has 2 entries and challenger 1"),
        ([1, 2], [0.0, math.nan], r"challenger\[1\] is nan"),
        (HOURS[[1, 0]], [0.0] * 2, r"challenger_times\[1\] is 2026-01-05T00: it must be after 2026-01-05T01"),
        (HOURS[[1, 1]], [0.0] * 2, r"challenger_times\[1\] is 2026-01-05T01: it must be after"),
        (np.array(["2026", "NaT"], "datetime64[h]"), [0.0] * 2, r"challenger_times\[1\] is NaT"),
        (HOURS[:1, None], [0.0], "challenger_times has 2 dimensions"),
        (HOURS[:2], [0.0] * 2, "challenger_times are datetime64.* and champion_times float64"),
    ],
)
def test_a_stream_that_cannot_be_joined_is_refused(times: object, values: list[float], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        paired(np.asarray(times), values, [1.0, 2.0], [0.0, 0.0])


def test_the_champion_is_named_where_it_is_at_fault() -> None:
    with pytest.raises(ValueError, match=r"champion_times\[1\] is 1.0: it must be after 1.0"):
        paired([1], [0.0], [1, 1], [0.0, 0.0])


@pytest.mark.parametrize(("times", "index"), [([], None), ([1.0], None), ([1.0, 2.0], None), ([1.0, 2.0, 2.0], 2)])
def test_the_first_time_out_of_order_is_found(times: list[float], index: int | None) -> None:
    assert out_of_order(np.array(times)) == index


def test_a_timeline_remembers_the_last_time() -> None:
    timeline = Timeline()
    assert timeline.last is None
    timeline.advance([1.0, 2.5])
    timeline.advance([])
    timeline.advance([3.0])
    assert timeline.last == 3.0


@pytest.mark.parametrize(
    ("times", "sentence"),
    [
        ([3.0], r"times\[0\] is 3.0: it must be after 3.0"),
        ([2.0], r"times\[0\] is 2.0: it must be after 3.0"),
        ([4.0, 4.0], r"times\[1\] is 4.0: it must be after 4.0"),
        ([4.0, 6.0, 5.0], r"times\[2\] is 5.0: it must be after 6.0"),
        ([4.0, math.nan], r"times\[1\] is nan"),
        ([2.0**54], r"times\[0\] is .*: times are at most 2\^53"),
    ],
)
def test_a_timeline_never_goes_back_and_takes_nothing_of_what_it_refuses(times: list[float], sentence: str) -> None:
    timeline = Timeline()
    timeline.advance([3.0])
    with pytest.raises(ValueError, match=sentence):
        timeline.advance(times)
    assert timeline.last == 3.0


@pytest.mark.parametrize("times", [[], [1.5, 2.5]])
def test_a_timeline_resumes_from_its_json(times: list[float]) -> None:
    timeline = Timeline()
    timeline.advance(times)
    resumed = Timeline.from_json(json.loads(json.dumps(timeline.to_json(), allow_nan=False)))
    assert resumed.last == timeline.last
    assert resumed.to_json() == timeline.to_json()


def test_a_timeline_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="expected Timeline version"):
        Timeline.from_json({"kind": "PairedMean", "version": 1, "last": 1.0})
