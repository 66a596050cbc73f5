"""What the comparison of means comes to, in plain words."""

import math

from shadow_stats.design import Design
from shadow_stats.report.comparison import Comparison
from shadow_stats.report.watch import Watch
from shadow_stats.verdict import ComparisonResult, Verdict


def summary(comparison: Comparison) -> str:
    """Return what a reader should take away, in a few sentences."""
    watch, design = comparison.mean, comparison.terms.design
    decided = watch.result.verdict is not Verdict.INCONCLUSIVE
    sentence = _decision(watch, design) if decided else _indecision(watch.result, design)
    if not watch.turns or watch.turns[0].verdict is watch.result.verdict:
        return sentence
    first = watch.turns[0]
    return f"{sentence} The first verdict was {first.verdict}, at row {first.row:,}."


def _decision(watch: Watch, design: Design) -> str:
    result = watch.result
    verdicts = {
        Verdict.BETTER: f"The challenger is better, by {result.effect:.4g} per row",
        Verdict.WORSE: f"The challenger is worse, by {-result.effect:.4g} per row",
        Verdict.EQUIVALENT: f"The challenger is equivalent, within {design.margin:.4g} per row",
    }
    return (
        f"{verdicts[result.verdict]} ({level(design)} confidence sequence {_interval(result)}); "
        f"the verdict came at row {watch.verdict_row:,} of {result.samples:,}."
    )


def _indecision(result: ComparisonResult, design: Design) -> str:
    if result.withheld is not None:
        return f"No verdict: it is withheld. {result.withheld}"
    if math.isnan(result.low):
        return "No verdict: the looks contradict each other, so no constant difference fits the rows."
    if math.isinf(result.low) and math.isinf(result.high):
        return (
            f"No verdict yet: looks count from {design.burn_in:,} rows on, {design.minimum_nonzero:,} of them "
            f"with a difference that is not 0, and these must vary; there are {result.samples:,} and "
            f"{result.nonzero_samples:,}."
        )
    return (
        f"No verdict yet: the challenger is {_ahead(result.effect)}, and {_interval(result)} is still possible "
        f"({level(design)} confidence sequence); {_needed(result)}."
    )


def _ahead(effect: float) -> str:
    if effect == 0.0:
        return "level with the champion"
    return f"{'ahead' if effect > 0.0 else 'behind'} by {abs(effect):.4g} per row"


def _needed(result: ComparisonResult) -> str:
    if result.samples_needed is None:
        return "how many more rows it takes cannot be said"
    return f"if it goes on like this, about {result.samples_needed:,} more rows are needed"


def level(design: Design) -> str:
    """Return the level of every interval of the report."""
    return f"{100.0 * (1.0 - design.alpha):.4g} %"


def _interval(result: ComparisonResult) -> str:
    return f"{result.low:.4g} to {result.high:.4g}"
