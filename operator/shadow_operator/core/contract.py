"""The metrics contract: which figure of which model is asked for, in as few queries as possible."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from shadow_operator.api.metrics import Queries

MODEL_LABEL = "shadow_model"
FIGURE_LABEL = "shadow_figure"

# A query longer than this is cut in two: proxies in front of Prometheus limit what they pass on.
_LONGEST_QUERY = 6000


class Figure(StrEnum):
    """What is known of each model. All are counters but the last."""

    PROFIT = "profit"
    LOSS = "loss"
    DECISIONS = "decisions"
    TRADES = "trades"
    SAMPLED_AT = "sampled_at"
    """Unix seconds of the newest sample: without it a series that ended looks alive for five minutes."""


def queries(templates: Queries, namespace: str, rollout: str, models: Iterable[str]) -> Sequence[str]:
    """PromQL that returns every figure of every model, each series labelled with whose it is and what it is.

    One answer holds all models at one moment, which is what makes their samples pairs.
    """
    terms = [
        _labelled(_filled(template, namespace, rollout, model), model, figure)
        for model in models
        for figure, template in _templates(templates)
    ]
    return _packed(terms)


def _templates(templates: Queries) -> Sequence[tuple[Figure, str]]:
    return (
        (Figure.PROFIT, templates.profit),
        (Figure.LOSS, templates.loss),
        (Figure.DECISIONS, templates.decisions),
        (Figure.TRADES, templates.trades),
        (Figure.SAMPLED_AT, f"timestamp({templates.decisions})"),
    )


def _filled(template: str, namespace: str, rollout: str, model: str) -> str:
    # The three are DNS labels, checked by the API server, so none of them can end a string in PromQL.
    filled = template.replace("{{model}}", model).replace("{{rollout}}", rollout)
    return filled.replace("{{namespace}}", namespace)


def _labelled(query: str, model: str, figure: Figure) -> str:
    named = f'label_replace({query}, "{MODEL_LABEL}", "{model}", "", "")'
    return f'label_replace({named}, "{FIGURE_LABEL}", "{figure}", "", "")'


def _packed(terms: Sequence[str]) -> Sequence[str]:
    packed: list[str] = []
    for term in terms:
        if packed and len(packed[-1]) + len(term) < _LONGEST_QUERY:
            packed[-1] += f" or {term}"
        else:
            packed.append(term)
    return packed
