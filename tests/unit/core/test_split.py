import pytest

from shadow_operator.core.split import Split


@pytest.mark.parametrize(
    ("weights", "mirrors", "says"),
    [
        pytest.param({"a": 90}, {}, "sum to 90: they must sum to 100", id="too little"),
        pytest.param({"a": 60, "b": 60}, {}, "sum to 120: they must sum to 100", id="too much"),
        pytest.param({}, {}, "sum to 0: they must sum to 100", id="nobody"),
        pytest.param({"a": 100, "b": 0}, {}, "b has 0 percent", id="weight of nothing"),
        pytest.param({"a": 110, "b": -10}, {}, "percent: write more than 0", id="negative weight"),
        pytest.param({"a": 100}, {"b": 0}, "b has 0 percent", id="mirror of nothing"),
        pytest.param({"a": 100}, {"b": 101}, "b has 101 percent", id="mirror of too much"),
    ],
)
def test_shares_that_can_not_be_are_refused(weights: dict[str, int], mirrors: dict[str, int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Split(weights, mirrors)


def test_both_at_once() -> None:
    with pytest.raises(ValueError, match="b is both weighted and mirrored: a model that acts is not in shadow"):
        Split({"a": 90, "b": 10}, {"b": 100})


@pytest.mark.parametrize(
    ("before", "after", "raises"),
    [
        pytest.param(Split({"a": 100}), Split({"a": 95, "b": 5}), True, id="a challenger comes in"),
        pytest.param(Split({"a": 95, "b": 5}), Split({"a": 90, "b": 10}), True, id="a challenger gets more"),
        pytest.param(Split({"a": 95, "b": 5}), Split({"b": 100}), True, id="a promotion"),
        pytest.param(Split({"a": 90, "b": 10}), Split({"a": 95, "b": 5}), False, id="a challenger gets less"),
        pytest.param(Split({"a": 90, "b": 10}), Split({"a": 100}), False, id="a rollback"),
        pytest.param(Split({"a": 90, "b": 10}), Split({"a": 90, "c": 10}), True, id="another challenger"),
        pytest.param(Split({"a": 100}), Split({"a": 100}, {"b": 100}), False, id="a mirror"),
        pytest.param(None, Split({"a": 100}), False, id="nothing seen, the champion alone"),
        pytest.param(None, Split({"a": 95, "b": 5}), True, id="nothing seen, a challenger acts"),
    ],
)
def test_what_raises_the_risk(before: Split | None, after: Split, *, raises: bool) -> None:
    assert after.raises_risk_over(before, {"a"}) is raises
