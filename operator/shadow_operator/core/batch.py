"""The figures of many rollouts in one query, for rollouts that ask for the series of the metrics contract."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shadow_operator.api.metrics import Queries
from shadow_operator.core.contract import (
    ALWAYS,
    FIGURE_LABEL,
    LONGEST_QUERY,
    MODEL_LABEL,
    Figure,
    joined,
    plain,
    template_of,
)

_CONTRACT = Queries()


@dataclass(frozen=True, slots=True, order=True)
class Asked:
    """The models of one rollout whose figures are needed."""

    namespace: str
    rollout: str
    models: tuple[str, ...]


def is_batchable(templates: Queries) -> bool:
    """Whether the rollout asks for the contract's own series. PromQL of its own might fail, and would fail for all."""
    return all(template_of(figure, templates) == template_of(figure, _CONTRACT) for figure in ALWAYS)


def batched(those: Sequence[Asked]) -> Sequence[str]:
    """As few queries as possible for the figures of all of them; those of one rollout are never in two answers.

    The answer may hold more than was asked for: a model of one rollout that has the name of another rollout's.
    """
    queries: list[str] = []
    group: list[Asked] = []
    for asked in those:
        if group and len(_query([*group, asked])) > LONGEST_QUERY:
            queries.append(_query(group))
            group = []
        group.append(asked)
    return [*queries, _query(group)] if group else queries


def owned(
    samples: Iterable[tuple[Mapping[str, str], float]],
) -> Mapping[tuple[str, str], Sequence[tuple[Mapping[str, str], float]]]:
    """The samples by the namespace and the name of the rollout that they say they are of."""
    found: dict[tuple[str, str], list[tuple[Mapping[str, str], float]]] = {}
    for labels, value in samples:
        owner = labels.get("namespace", ""), labels.get("rollout", "")
        found.setdefault(owner, []).append((labels, value))
    return found


def _query(those: Sequence[Asked]) -> str:
    names = {
        "namespace": {asked.namespace for asked in those},
        "rollout": {asked.rollout for asked in those},
        "model": {model for asked in those for model in asked.models},
    }
    return joined([_term(figure, names) for figure in ALWAYS])


def _term(figure: Figure, names: Mapping[str, set[str]]) -> str:
    term = template_of(figure, _CONTRACT)
    for label, those in names.items():
        # A name may hold a dot, which in a regular expression is anything; it holds nothing else that means something.
        either = "|".join(sorted(plain(each) for each in those)).replace(".", "[.]")
        term = term.replace(f'="{{{{{label}}}}}"', f'=~"{either}"')
    owned_by = f'label_replace({term}, "{MODEL_LABEL}", "$1", "model", "(.+)")'
    return f'label_replace({owned_by}, "{FIGURE_LABEL}", "{figure}", "", "")'
