"""A finished record played back as if it had been watched live."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np

from shadow_stats.report.csv_table import Values
from shadow_stats.verdict import ComparisonResult, Verdict


class OnlineTest(Protocol):
    """What every online comparison has."""

    @property
    def update(self) -> Callable[..., None]:
        """Add the next rows of each of its streams, then take one look."""

    def result(self) -> ComparisonResult:
        """Return what the looks so far say."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A look at which the verdict changed.

    Attributes:
        row: rows seen.
        verdict: from there on.

    """

    row: int
    verdict: Verdict


@dataclass(frozen=True, slots=True, eq=False)
class Watch:
    """What was seen at each look.

    Attributes:
        result: at the last look.
        turns: the changes of the verdict, the first from inconclusive.
        rows: rows seen at each look; shape (looks,).
        effect: estimate at each look; shape (looks,).
        low: lower end of the confidence sequence at each look; shape (looks,).
        high: upper end of the confidence sequence at each look; shape (looks,).

    """

    result: ComparisonResult
    turns: tuple[Turn, ...]
    rows: Values
    effect: Values
    low: Values
    high: Values

    @property
    def verdict_row(self) -> int | None:
        """Rows seen when the verdict of the last look first came; None while there is none."""
        verdict = self.result.verdict
        if verdict is Verdict.INCONCLUSIVE:
            return None
        # It may have been withheld for some looks since.
        return next(turn.row for turn in self.turns if turn.verdict is verdict)


def watched(test: OnlineTest, streams: tuple[Values, ...], look_every: int) -> Watch:
    """Feed `streams`, shape (n,) each, to `test` with a look every `look_every` rows, the last at the end; n > 0."""
    results = list(_looks(test, streams, look_every))
    return Watch(
        result=results[-1],
        turns=tuple(_turns(results)),
        rows=np.array([result.samples for result in results], dtype=np.float64),
        effect=np.array([result.effect for result in results]),
        low=np.array([result.low for result in results]),
        high=np.array([result.high for result in results]),
    )


def _looks(test: OnlineTest, streams: tuple[Values, ...], look_every: int) -> Iterator[ComparisonResult]:
    rows = streams[0].size
    ends = range(rows % look_every or look_every, rows + 1, look_every)
    for begin, end in pairwise((0, *ends)):
        test.update(*(stream[begin:end] for stream in streams))
        yield test.result()


def _turns(results: list[ComparisonResult]) -> Iterator[Turn]:
    before = Verdict.INCONCLUSIVE
    for result in results:
        if result.verdict is not before:
            yield Turn(result.samples, result.verdict)
        before = result.verdict
