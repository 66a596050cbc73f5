from shadow_operator.api.metrics import Queries
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
