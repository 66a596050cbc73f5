import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow_operator.api.metrics import Queries
from shadow_operator.core.batch import Asked, batched, is_batchable, owned

_NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
_ASKED = st.builds(Asked, _NAMES, st.from_regex(r"[a-z]([a-z0-9.-]{0,20}[a-z0-9])?", fullmatch=True), st.tuples(_NAMES))


def test_one_query_asks_for_every_figure_of_many_rollouts() -> None:
    (asked,) = batched([Asked("trading", "momentum", ("v7", "v8")), Asked("risk", "carry", ("v7", "lstm"))])
    either = '{namespace=~"risk|trading",rollout=~"carry|momentum",model=~"lstm|v7|v8"}'
    assert asked.count(either) == 5
    assert asked.count(" or ") == 4
    assert "{{" not in asked


def test_a_dot_in_a_name_stands_for_itself() -> None:
    (asked,) = batched([Asked("trading", "v1.2", ("a",))])
    assert 'rollout=~"v1[.]2"' in asked


@given(st.lists(_ASKED, min_size=1, max_size=120))
def test_everybody_is_asked_for_in_queries_that_pass_a_proxy(those: list[Asked]) -> None:
    queries = batched(those)
    assert all(len(query) <= 6000 for query in queries)
    for asked in those:
        assert any(_names(query, asked) for query in queries)


def _names(query: str, asked: Asked) -> bool:
    names = {"namespace": asked.namespace, "rollout": asked.rollout, "model": asked.models[0]}
    return all(
        re.search(rf'{label}=~"([^"]*\|)?{re.escape(name.replace(".", "[.]"))}(\||")', query)
        for label, name in names.items()
    )


def test_nobody_is_asked_for_nothing() -> None:
    assert list(batched([])) == []


@pytest.mark.parametrize(
    ("own", "is_together"),
    [({}, True), ({"profit": 'gain{m="{{model}}"}'}, False), ({"turnover": 'volume{m="{{model}}"}'}, True)],
    ids=["the contract", "a figure that the guard reads", "a figure that it does not read"],
)
def test_promql_of_ones_own_is_asked_alone(own: dict[str, str], *, is_together: bool) -> None:
    assert is_batchable(Queries.model_validate(own)) is is_together


def test_a_sample_is_of_the_rollout_that_it_names() -> None:
    ours, theirs = {"namespace": "a", "rollout": "r"}, {"namespace": "b", "rollout": "r"}
    found = owned([(ours, 1.0), (theirs, 2.0), ({}, 3.0)])
    assert found["a", "r"] == [(ours, 1.0)]
    assert found["b", "r"] == [(theirs, 2.0)]
