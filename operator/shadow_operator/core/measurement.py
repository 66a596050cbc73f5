"""What gates measure by queries of their own: whom they ask what, and whose answer is whose."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shadow_operator.api.gates import Gate, GateTest, Rival
from shadow_operator.api.rollout import ShadowRollout, Spec
from shadow_operator.api.status import Status
from shadow_operator.core import gates, roles
from shadow_operator.core.contract import FIGURE_LABEL, MODEL_LABEL, filled, joined, labelled, packed
from shadow_operator.core.evidence import Evidence, Measured, Point


@dataclass(frozen=True, slots=True)
class Ask:
    """One query of one gate about one model.

    Attributes:
        gate: the gate's name.
        query: tells the queries of one gate apart.
        model: whom it is about.
        promql: with all names filled in.
        is_own: somebody wrote the query for this rollout, so a fault of it must not take others along.

    """

    gate: str
    query: str
    model: str
    promql: str
    is_own: bool

    @property
    def term(self) -> str:
        """The query, its answer labelled with whose it is."""
        return labelled(self.promql, self.model, self.label)

    @property
    def label(self) -> str:
        """What tells its answer from those to other queries about the model."""
        return f"{self.gate}/{self.query}"


@dataclass(frozen=True, slots=True)
class Batch:
    """Some asks in one query."""

    query: str
    asks: tuple[Ask, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to a batch; `failed` says why it was not, None where it was."""

    asks: tuple[Ask, ...]
    points: tuple[Point, ...]
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """All answers of one moment of the time grid."""

    at: datetime
    asks: tuple[Ask, ...]
    answers: tuple[Answer, ...]


def asks(rollout: ShadowRollout, challengers: Iterable[str]) -> tuple[Ask, ...]:
    """Every query of every gate that measures, about each challenger, and about its rival where it is compared."""
    spec, where = rollout.spec, rollout.metadata
    named = list(challengers)
    found = []
    for gate in spec.gates:
        models = [*named, rival_of(gate, spec, rollout.status)] if gates.asks_the_rival(gate) else named
        for query, template in gates.queries(gate, spec.metrics.queries).items():
            is_own = gate.test is GateTest.PROMQL
            found += [
                Ask(gate.name, query, model, filled(template, where.namespace, where.name, model), is_own)
                for model in models
            ]
    return tuple(found)


def rival_of(gate: Gate, spec: Spec, status: Status) -> str:
    """The model that the gate compares with."""
    if gate.rival is Rival.BENCHMARK and spec.benchmark is not None:
        return spec.benchmark.name
    return roles.champion_of(spec, status)


def batches(asked: Sequence[Ask]) -> tuple[Batch, ...]:
    """As few queries as ask for everything; those that somebody wrote for this rollout alone."""
    alone = tuple(Batch(ask.term, (ask,)) for ask in asked if ask.is_own)
    common = [ask for ask in asked if not ask.is_own]
    together = []
    for group in packed([ask.term for ask in common]):
        together.append(Batch(joined(group), tuple(common[: len(group)])))
        common = common[len(group) :]
    return (*together, *alone)


def added(rollout: ShadowRollout, evidence: Mapping[str, Evidence], found: Measurement) -> Mapping[str, Evidence]:
    """The evidence of each challenger with what its gates measured."""
    points: dict[tuple[str, str], tuple[Point, ...]] = {}
    for point in (point for answer in found.answers for point in answer.points):
        owner = point.labels.get(MODEL_LABEL, ""), point.labels.get(FIGURE_LABEL, "")
        points[owner] = (*points.get(owner, ()), _bare(point))
    rivals = {gate.name: rival_of(gate, rollout.spec, rollout.status) for gate in rollout.spec.gates}
    return {name: _measured(known, _of(name, rivals, found, points)) for name, known in evidence.items()}


def _measured(known: Evidence, measured: Mapping[str, Measured]) -> Evidence:
    benchmark = None if known.benchmark is None else replace(known.benchmark, measured=measured)
    return replace(known, measured=measured, benchmark=benchmark)


def _of(
    challenger: str, rivals: Mapping[str, str], found: Measurement, points: Mapping[tuple[str, str], tuple[Point, ...]]
) -> Mapping[str, Measured]:
    failed = {ask: answer.failed for answer in found.answers for ask in answer.asks if answer.failed is not None}
    measured: dict[str, Measured] = {}
    for ask in found.asks:
        if ask.model not in {challenger, rivals[ask.gate]}:
            continue
        known = measured.get(ask.gate, Measured())
        answered = {ask.query: points.get((ask.model, ask.label), ())}
        if ask in failed:
            known = replace(known, blind=failed[ask])
        elif ask.model == challenger:
            known = replace(known, own={**known.own, **answered})
        else:
            known = replace(known, champion={**known.champion, **answered})
        measured[ask.gate] = known
    return measured


def _bare(point: Point) -> Point:
    labels = {name: value for name, value in point.labels.items() if name not in {MODEL_LABEL, FIGURE_LABEL}}
    return Point(labels, point.value)
