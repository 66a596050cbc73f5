"""The metrics contract: which figure of which model is asked for, in as few queries as possible."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum

from shadow_operator.api.metrics import Queries

MODEL_LABEL = "shadow_model"
FIGURE_LABEL = "shadow_figure"

# A query longer than this is cut in two: proxies in front of Prometheus limit what they pass on.
LONGEST_QUERY = 6000
_OR = " or "
# RFC 1123, as the API server checks it of namespaces, of rollouts and of models.
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


class Figure(StrEnum):
    """What is known of each model. All are counters but the last."""

    PROFIT = "profit"
    LOSS = "loss"
    DECISIONS = "decisions"
    TRADES = "trades"
    SESSIONS = "sessions"
    ERROR_ABSOLUTE = "error_absolute"
    ERROR_SQUARED = "error_squared"
    ERROR_PERCENTAGE = "error_percentage"
    WRONG_DIRECTION = "wrong_direction"
    SAMPLED_AT = "sampled_at"
    """Unix seconds of the newest sample: without it a series that ended looks alive for five minutes."""


# What is asked of every model; nothing can be said of one without the first three.
ALWAYS = (Figure.PROFIT, Figure.LOSS, Figure.DECISIONS, Figure.TRADES, Figure.SAMPLED_AT)


def queries(
    templates: Queries, namespace: str, rollout: str, models: Iterable[str], more: Iterable[Figure] = ()
) -> Sequence[str]:
    """PromQL that returns the figures of every model, each series labelled with whose it is and what it is.

    One answer holds all models at one moment, which is what makes their samples pairs. `more` figures are asked beside
    those that every rollout needs.
    """
    figures = (*ALWAYS, *more)
    terms = [
        labelled(filled(template_of(figure, templates), namespace, rollout, model), model, figure)
        for model in models
        for figure in figures
    ]
    return [joined(group) for group in packed(terms)]


_TEMPLATES: Mapping[Figure, Callable[[Queries], str]] = {
    Figure.PROFIT: lambda templates: templates.profit,
    Figure.LOSS: lambda templates: templates.loss,
    Figure.DECISIONS: lambda templates: templates.decisions,
    Figure.TRADES: lambda templates: templates.trades,
    Figure.SESSIONS: lambda templates: templates.sessions,
    Figure.ERROR_ABSOLUTE: lambda templates: templates.error_absolute,
    Figure.ERROR_SQUARED: lambda templates: templates.error_squared,
    Figure.ERROR_PERCENTAGE: lambda templates: templates.error_percentage,
    Figure.WRONG_DIRECTION: lambda templates: templates.direction,
    Figure.SAMPLED_AT: lambda templates: f"timestamp({templates.decisions})",
}


def template_of(figure: Figure, templates: Queries) -> str:
    """The PromQL of one figure, with places for the names."""
    return _TEMPLATES[figure](templates)


def filled(template: str, namespace: str, rollout: str, model: str) -> str:
    """The template with the names in their places."""
    filled = template.replace("{{model}}", plain(model)).replace("{{rollout}}", plain(rollout))
    return filled.replace("{{namespace}}", plain(namespace))


def plain(name: str) -> str:
    """The name, which is one that the API server accepts: nothing in it ends a string in PromQL or means anything.

    Raises:
        ValueError: it is no such name.

    """
    if _NAME.fullmatch(name) is None:
        raise ValueError(
            f'"{name[:80]}" can\'t be asked about in PromQL: write a name of lower-case letters, digits, "-" and "."'
        )
    return name


def labelled(query: str, model: str, figure: str) -> str:
    """The query, its answer labelled with whose it is and what it is."""
    named = f'label_replace({query}, "{MODEL_LABEL}", "{model}", "", "")'
    return f'label_replace({named}, "{FIGURE_LABEL}", "{figure}", "", "")'


def packed(terms: Sequence[str]) -> Sequence[Sequence[str]]:
    """The labelled terms in as few groups as make queries that are not too long, in their order."""
    groups: list[list[str]] = []
    length = 0
    for term in terms:
        length += len(term) + len(_OR)
        if not groups or length > LONGEST_QUERY:
            groups.append([])
            length = len(term)
        groups[-1].append(term)
    return groups


def joined(terms: Sequence[str]) -> str:
    """One query whose answer holds those to all of the labelled terms."""
    return _OR.join(terms)
