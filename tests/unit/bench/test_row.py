import json
import math

import numpy as np
import pytest
from scipy.stats import binomtest

from bench.row import Goal, Row, to_json


def row(value: float | None, goal: Goal | None, *, bound: float | None = None) -> Row:
    return Row("group", "name", value, "%", goal, 100, None, bound)


@pytest.mark.parametrize(
    ("goal", "text"),
    [
        (Goal(high=5.0), "at most 5"),
        (Goal(high=5.0, highest_bound=5.5), "at most 5, upper bound 5.5"),
        (Goal(low=97.0), "at least 97"),
        (Goal(3.5, 6.5), "3.5 to 6.5"),
    ],
)
def test_a_goal_says_what_it_asks_for(goal: Goal, text: str) -> None:
    assert str(goal) == text


@pytest.mark.parametrize(
    ("value", "bound", "goal", "ok"),
    [
        (5.0, None, Goal(high=5.0), True),
        (5.1, None, Goal(high=5.0), False),
        (4.9, 5.5, Goal(high=5.0, highest_bound=5.5), True),
        (4.9, 5.6, Goal(high=5.0, highest_bound=5.5), False),
        (4.9, 5.6, Goal(high=5.0), True),
        (97.0, None, Goal(low=97.0), True),
        (96.9, None, Goal(low=97.0), False),
        (3.4, None, Goal(3.5, 6.5), False),
        (math.inf, None, Goal(high=1.2), False),
        (5.0, None, None, None),
        (None, None, Goal(high=5.0), None),
    ],
)
def test_a_figure_meets_its_goal_or_does_not(
    value: float | None, bound: float | None, goal: Goal | None, *, ok: bool | None
) -> None:
    assert row(value, goal, bound=bound).ok is ok


@pytest.mark.parametrize(
    ("hits", "goal", "plausible"),
    [
        (0, Goal(low=3.0, high=20.0), True),
        (11, Goal(high=5.0, highest_bound=5.5), True),
        (25, Goal(high=5.0), False),
        (90, Goal(low=97.0), True),
        (80, Goal(low=97.0), False),
    ],
)
def test_a_short_run_contradicts_a_goal_only_beyond_three_standard_errors(
    hits: int, goal: Goal, *, plausible: bool
) -> None:
    found = Row.share("group", "name", np.arange(100) < hits, goal)
    assert (found.ok, found.plausible) == (False, plausible)


def test_what_was_not_simulated_is_held_to_its_goal() -> None:
    assert row(5.0, Goal(high=5.0)).plausible
    assert not row(5.1, Goal(high=5.0)).plausible
    assert row(None, Goal(high=5.0)).plausible


@pytest.mark.parametrize(("hits", "count"), [(0, 40), (3, 200), (199, 4000), (40, 40)])
def test_the_bound_of_a_share_is_that_of_clopper_and_pearson(hits: int, count: int) -> None:
    found = Row.share("group", "name", np.arange(count) < hits)
    assert found.value == pytest.approx(100.0 * hits / count)
    interval = binomtest(hits, count, alternative="less").proportion_ci(0.95, method="exact")
    assert found.bound == pytest.approx(100.0 * interval.high)


def test_a_quantile_is_a_value_that_was_seen_and_never_where_too_few_were() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0, np.inf])
    assert Row.quantile("group", "name", values, 0.5, "n_z").value == 3.0
    assert Row.quantile("group", "name", values, 0.9, "n_z").value == math.inf


def test_a_quantile_contradicts_its_goal_only_if_far_smaller_ones_do() -> None:
    values = np.arange(1.0, 101.0)
    values[-30:] = np.inf
    # Three standard errors of a share of 80 % among 100 are 12 %: the 68th value decides.
    for high, plausible in ((68.0, True), (67.0, False)):
        found = Row.quantile("group", "name", values, 0.8, "n_z", Goal(high=high))
        assert (found.value, found.ok, found.plausible) == (math.inf, False, plausible)


def test_a_mean_comes_with_three_standard_errors() -> None:
    found = Row.average("group", "name", [1.0, 3.0], "rows")
    assert (found.value, found.replications) == (2.0, 2)
    assert found.likely == pytest.approx((2.0 - 3.0 * math.sqrt(0.5), 2.0 + 3.0 * math.sqrt(0.5)))


def test_rows_are_standard_json_with_the_five_fields_asked_for() -> None:
    rows = json.loads(to_json([row(4.0, Goal(high=5.0)), row(None, None), row(math.inf, Goal(high=1.2))]))
    assert [{key: found[key] for key in ("name", "value", "unit", "goal", "ok")} for found in rows] == [
        {"name": "name", "value": 4.0, "unit": "%", "goal": "at most 5", "ok": True},
        {"name": "name", "value": None, "unit": "%", "goal": None, "ok": None},
        {"name": "name", "value": None, "unit": "%", "goal": "at most 1.2", "ok": False},
    ]
