from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from shadow_stats.design import Design, Sides
from shadow_stats.report.comparison import Comparison, Terms, compare
from shadow_stats.report.pairing import PairedRows, Source
from shadow_stats.report.summary import summary
from shadow_stats.verdict import Verdict

Series = NDArray[np.float64]


def compared(differences: Series, design: Design) -> Comparison:
    champion = np.random.default_rng(1).integers(-3, 4, size=differences.size).astype(np.float64)
    rows = PairedRows(Source("a.csv", "pnl"), Source("b.csv", "pnl"), champion, champion + differences)
    return compare(rows, Terms(replace(design, look_every=20), plan_given=True, capital=None, seed=1))


def noise(size: int = 600, seed: int = 3) -> Series:
    return np.random.default_rng(seed).normal(size=size)


TWO_SIDED = Design(0.05, 500)


@pytest.mark.parametrize(
    ("differences", "design", "sentence"),
    [
        (noise() + 0.3, TWO_SIDED, "The challenger is better, by 0."),
        (noise() - 0.3, TWO_SIDED, "The challenger is worse, by 0."),
        (0.01 * noise(), replace(TWO_SIDED, margin=0.1), "The challenger is equivalent, within 0.1 per row (95 % "),
        (0.1 * noise(), TWO_SIDED, "No verdict yet: the challenger is ahead by 0."),
        (-0.1 * noise(), TWO_SIDED, "No verdict yet: the challenger is behind by 0."),
        (np.tile([1.0, -1.0], 300), TWO_SIDED, "No verdict yet: the challenger is level with the champion, and "),
        (
            noise(50),
            TWO_SIDED,
            "No verdict yet: looks count from 100 rows on, 60 of them with a difference that is not 0, and these",
        ),
        (noise() + 0.3, replace(TWO_SIDED, sides=Sides.GREATER), "The challenger is better, by 0."),
    ],
)
def test_the_summary_says_the_verdict_in_plain_words(differences: Series, design: Design, sentence: str) -> None:
    assert summary(compared(differences, design)).startswith(sentence)


def test_a_verdict_comes_with_its_interval_and_row() -> None:
    comparison = compared(noise() + 0.3, TWO_SIDED)
    result = comparison.mean.result
    assert summary(comparison).endswith(
        f"(95 % confidence sequence {result.low:.4g} to {result.high:.4g}); "
        f"the verdict came at row {comparison.mean.verdict_row} of 600."
    )


def test_no_verdict_comes_with_the_rows_still_needed() -> None:
    comparison = compared(0.1 * noise(), TWO_SIDED)
    needed = comparison.mean.result.samples_needed
    assert needed
    assert summary(comparison).endswith(f"if it goes on like this, about {needed:,} more rows are needed.")


def test_rows_that_cannot_be_estimated_are_not_promised() -> None:
    comparison = compared(np.tile([1.0, -1.0], 300), TWO_SIDED)
    assert comparison.mean.result.samples_needed is None
    assert summary(comparison).endswith("; how many more rows it takes cannot be said.")


def test_a_difference_that_turned_round_is_no_verdict_and_the_first_one_is_told() -> None:
    comparison = compared(np.concatenate([noise() + 0.6, noise(2000, seed=4) - 0.6]), TWO_SIDED)
    first = comparison.mean.turns[0]
    assert summary(comparison).startswith("No verdict: ")
    assert summary(comparison).endswith(f" The first verdict was Better, at row {first.row}.")


def test_why_a_verdict_is_withheld_is_told() -> None:
    comparison = compared(noise() + 0.3, TWO_SIDED)
    result = replace(comparison.mean.result, verdict=Verdict.INCONCLUSIVE, withheld="Evidence changes with the regime.")
    withheld = replace(comparison, mean=replace(comparison.mean, result=result, turns=()))
    assert summary(withheld) == "No verdict: it is withheld. Evidence changes with the regime."
