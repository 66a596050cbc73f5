"""What is known about one challenger against the champion."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from shadow_operator.api.gates import Gate
from shadow_operator.core.dataset_check import DatasetCheck
from shadow_stats import ComparisonResult


class UnmeasuredError(Exception):
    """A figure that a gate needs is not there. The message says which; it is neither good nor bad."""


@dataclass(frozen=True, slots=True)
class Point:
    """One series at one moment: its labels and its value."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Measured:
    """The answers to one gate's queries, by query.

    Attributes:
        own: the challenger's series; none where there is no such series.
        champion: the champion's, for queries that are asked of both.
        blind: why nothing could be read, None when it could.

    """

    own: Mapping[str, tuple[Point, ...]] = field(default_factory=dict)
    champion: Mapping[str, tuple[Point, ...]] = field(default_factory=dict)
    blind: str | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers to the queries of gates that measure.

    Attributes:
        measured: by the gate's name.
        rival: whom the model is compared with, for sentences.

    """

    measured: Mapping[str, Measured]
    rival: str = "the champion"

    def own(self, gate: Gate, query: str) -> tuple[Point, ...]:
        """The challenger's series for one of the gate's queries. Raises UnmeasuredError where there is none."""
        return _points(self._of(gate).own, gate, query, "the challenger")

    def champions(self, gate: Gate, query: str) -> tuple[Point, ...]:
        """The champion's series for one of the gate's queries. Raises UnmeasuredError where there is none."""
        return _points(self._of(gate).champion, gate, query, self.rival)

    def _of(self, gate: Gate) -> Measured:
        found = self.measured.get(gate.name, Measured(blind=f"{gate.name} was not measured yet"))
        if found.blind is not None:
            raise UnmeasuredError(found.blind)
        return found


class Measures(Protocol):
    """What a gate that measures needs: the evidence has it, and so have the answers to a guardrail's queries."""

    def own(self, gate: Gate, query: str) -> tuple[Point, ...]:
        """The challenger's series for one of the gate's queries. Raises UnmeasuredError where there is none."""

    def champions(self, gate: Gate, query: str) -> tuple[Point, ...]:
        """The champion's series for one of the gate's queries. Raises UnmeasuredError where there is none."""


@dataclass(frozen=True, slots=True)
class Tested:
    """What one gate's test says.

    Attributes:
        result: the comparison, alone.
        pvalue: always-valid p-value of "better", for two sides, adjusted over all challengers (Holm).
        missing: which figure the newest interval lacks, None when it has all.

    """

    result: ComparisonResult
    pvalue: float
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """The comparison of one challenger with the champion, or with the benchmark, so far.

    Attributes:
        mean: paired difference of profit per decision, in account currency; one sample an interval.
        pvalue_mean: always-valid p-value of "better", for two sides, adjusted over all challengers (Holm).
        tests: the same for each gate that tests, by the gate's name.
        drawdown: the challenger's deepest drawdown while compared, as a fraction of its equity.
        champion_drawdown: the champion's over the same intervals.
        trades: trades settled while compared.
        profit_factor: the challenger's gains over its losses while compared; infinite without a loss, None while it has
            neither.
        champion_profit_factor: the champion's over the same intervals.
        sharpe_ratio: the challenger's own, mean over standard deviation of its profit per decision, an interval; None
            while there is none.
        intervals_a_year: how many intervals a year holds.
        sessions: that ended while compared, None while no interval told.
        days: days (UTC) of which an interval was compared.
        span: from the first compared interval to the last.
        dataset: what its pods reported of their data; None where it names none.
        measured: the answers to the queries of gates that measure, by the gate's name.
        blind: why the newest interval could not be read, None when it could.
        rival: whom it is compared with, for sentences; where that is the benchmark, read "champion" as that throughout.
        benchmark: the comparison with the rollout's benchmark, None where it has none.

    """

    mean: ComparisonResult
    pvalue_mean: float
    tests: Mapping[str, Tested]
    drawdown: float
    champion_drawdown: float
    trades: int
    profit_factor: float | None
    champion_profit_factor: float | None
    sharpe_ratio: float | None = None
    intervals_a_year: float = 525_960.0
    sessions: int | None = None
    days: int = 0
    span: timedelta = timedelta(0)
    dataset: DatasetCheck | None = None
    measured: Mapping[str, Measured] = field(default_factory=dict)
    blind: str | None = None
    rival: str = "the champion"
    benchmark: "Evidence | None" = None

    def test(self, gate: Gate) -> Tested:
        """What the gate's test says. Raises UnmeasuredError where there is nothing, or its newest interval is blind."""
        found = self.tests.get(gate.name)
        if found is None:
            raise UnmeasuredError(f"nothing was compared for {gate.name} yet")
        if found.missing is not None:
            raise UnmeasuredError(found.missing)
        return found

    def own(self, gate: Gate, query: str) -> tuple[Point, ...]:
        """The challenger's series for one of the gate's queries. Raises UnmeasuredError where there is none."""
        return Answers(self.measured, self.rival).own(gate, query)

    def champions(self, gate: Gate, query: str) -> tuple[Point, ...]:
        """The champion's series for one of the gate's queries. Raises UnmeasuredError where there is none."""
        return Answers(self.measured, self.rival).champions(gate, query)


def _points(answers: Mapping[str, tuple[Point, ...]], gate: Gate, query: str, whose: str) -> tuple[Point, ...]:
    points = answers.get(query, ())
    if not points:
        raise UnmeasuredError(f"there is no series {query} of {whose} for {gate.test}")
    return points
