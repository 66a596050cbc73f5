import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow_operator.api.metrics import Queries
from shadow_operator.core.batch import Asked, batched
from shadow_operator.core.contract import queries

_MODELS = [f"model-{number}" for number in range(17)]


def test_one_query_asks_for_everything_of_a_few_models() -> None:
    (asked,) = queries(Queries(), "trading", "momentum", ["a", "b"])
    assert asked.count(" or ") == 2 * 5 - 1
    for figure in ("profit", "loss", "decisions", "trades", "sampled_at"):
        assert asked.count(f'"shadow_figure", "{figure}"') == 2


def test_names_are_filled_in() -> None:
    (asked,) = queries(Queries(), "trading", "momentum", ["a"])
    assert 'model_profit_total{namespace="trading",rollout="momentum",model="a"}' in asked
    assert "{{" not in asked


def test_many_models_are_asked_in_as_few_queries_as_pass_a_proxy() -> None:
    asked = queries(Queries(), "trading", "momentum", _MODELS)
    assert 1 < len(asked) < len(_MODELS)
    assert max(len(query) for query in asked) < 6500
    assert sum(query.count('"shadow_model"') for query in asked) == 5 * len(_MODELS)


def test_a_query_of_ones_own_is_used_in_its_place() -> None:
    own = Queries.model_validate({"profit": 'sum(book_gain{strategy="{{model}}"})'})
    (asked,) = queries(own, "trading", "momentum", ["a"])
    assert 'sum(book_gain{strategy="a"})' in asked
    assert "model_profit_total" not in asked


@given(st.text(max_size=40) | st.text("abz09-.", max_size=12))
def test_no_name_breaks_out_of_a_query(name: str) -> None:
    """A query about it is the query about any other name but for the name itself, or it is refused."""
    if not re.fullmatch(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", name):
        with pytest.raises(ValueError, match="can't be asked about in PromQL"):
            queries(Queries(), "trading", "momentum", [name])
        with pytest.raises(ValueError, match="can't be asked about in PromQL"):
            batched([Asked("trading", "momentum", (name,))])
        return
    (alone,) = queries(Queries(), "trading", "momentum", [name])
    (together,) = batched([Asked("trading", "momentum", (name,))])
    assert alone.replace(f'"{name}"', '"x"') == queries(Queries(), "trading", "momentum", ["x"])[0]
    assert (
        together.replace(f'"{name.replace(".", "[.]")}"', '"x"') == batched([Asked("trading", "momentum", ("x",))])[0]
    )


@pytest.mark.parametrize("name", ['a"} or vector(1) #', "a\\", "a|b", ".*", "A", "", "a\nb", "-a", "{{rollout}}"])
def test_a_name_that_means_something_in_promql_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r'lower-case letters, digits, "-" and "\."'):
        queries(Queries(), "trading", "momentum", [name])
