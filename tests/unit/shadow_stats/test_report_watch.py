from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from shadow_stats.design import Design
from shadow_stats.mean import PairedMean
from shadow_stats.report.watch import Turn, watched
from shadow_stats.sharpe import SharpeDifference
from shadow_stats.verdict import Verdict

Series = NDArray[np.float64]
DESIGN = Design(0.05, 300)


def noise(size: int = 300, seed: int = 6) -> Series:
    return np.random.default_rng(seed).normal(size=size)


def test_there_is_a_look_every_so_many_rows_and_one_at_the_end() -> None:
    watch = watched(PairedMean(DESIGN), (noise(300),), 70)
    assert watch.rows.tolist() == [20.0, 90.0, 160.0, 230.0, 300.0]
    assert watch.result.samples == 300


def test_each_look_knows_only_the_rows_before_it() -> None:
    values = noise() + 0.3
    watch = watched(PairedMean(DESIGN), (values,), 50)
    for end, effect, low, high in zip(watch.rows, watch.effect, watch.low, watch.high, strict=True):
        live = watched(PairedMean(DESIGN), (values[: int(end)],), 50).result
        assert (live.effect, live.low, live.high) == (effect, low, high)


def test_two_streams_are_fed_side_by_side() -> None:
    champion, challenger = noise(seed=1), noise(seed=2) + 0.4
    test = SharpeDifference(DESIGN)
    for begin in range(0, 300, 50):
        test.update(challenger[begin : begin + 50], champion[begin : begin + 50])
    assert watched(SharpeDifference(DESIGN), (challenger, champion), 50).result == test.result()


def test_the_row_of_a_verdict_is_that_of_the_look_that_reached_it() -> None:
    values = noise() + 0.4
    watch = watched(PairedMean(DESIGN), (values,), 10)
    row = watch.verdict_row
    assert row is not None
    assert watch.turns == (Turn(row, Verdict.BETTER),)
    assert watched(PairedMean(DESIGN), (values[:row],), 10).result.verdict is Verdict.BETTER
    assert watched(PairedMean(DESIGN), (values[: row - 10],), 10).result.verdict is Verdict.INCONCLUSIVE


def test_without_a_verdict_there_is_no_row_of_it() -> None:
    watch = watched(PairedMean(DESIGN), (noise(90),), 10)
    assert (watch.verdict_row, watch.turns) == (None, ())


def test_a_verdict_that_fell_is_remembered_as_a_turn() -> None:
    watch = watched(PairedMean(DESIGN), (np.concatenate([noise(500) + 0.5, noise(2000, seed=7) - 0.5]),), 10)
    assert watch.turns[0].verdict is Verdict.BETTER
    assert watch.turns[-1].verdict is Verdict.INCONCLUSIVE
    assert watch.verdict_row is None


def test_a_verdict_that_was_withheld_for_a_while_counts_from_when_it_first_came() -> None:
    better = Turn(180, Verdict.BETTER)
    watch = watched(PairedMean(DESIGN), (noise() + 0.5,), 10)
    interrupted = replace(watch, turns=(better, Turn(190, Verdict.INCONCLUSIVE), Turn(200, Verdict.BETTER)))
    assert interrupted.verdict_row == 180
