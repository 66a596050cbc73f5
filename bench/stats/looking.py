"""How often equal models are told apart while everyone watches."""

from collections.abc import Iterator

import numpy as np

from bench.row import Goal, Row
from bench.stats.nulls import NULLS, Floats, Null
from bench.stats.panel import looked_at
from bench.stats.seeds import generator
from shadow_stats import Design

GROUP = "looking"
ALPHA = 0.05
ROWS = 2_100
# From the end of the burn-in on, beyond the horizon of the boundary, which is 1.25 times the plan.
LOOKS = np.arange(100, ROWS + 1, 2)
DESIGN = Design(ALPHA, 1_500)
GOAL = Goal(high=5.0, highest_bound=5.5)
_CHUNK = 200


def rows(name: str, replications: int) -> list[Row]:
    """Return the share of replications of the null called `name` with a verdict at any look."""
    return [verdict_row(name, *least_pvalues(NULLS[name], generator(GROUP, name), replications), GOAL)]


def verdict_row(name: str, better: Floats, worse: Floats, goal: Goal | None, remark: str = "") -> Row:
    """Return the share of replications whose p-values, shape (replications,), say better or worse.

    Args:
        name: of the null.
        better: the least at any look.
        worse: the same of the other direction.
        goal: of the share, if any.
        remark: what a reader needs besides.

    """
    promoted = 100.0 * float(np.mean(better <= DESIGN.side_level))
    detail = f"{LOOKS.size:,} looks; false promotions {promoted:.1f} %{remark}"
    false = np.minimum(better, worse) <= DESIGN.side_level
    return Row.share(GROUP, f"{name}: false verdicts", false, goal, detail=detail)


def least_pvalues(null: Null, rng: np.random.Generator, replications: int) -> tuple[Floats, Floats]:
    """Return the least p-value of each direction at any look of `PairedMean`; shape (replications,) each."""
    parts = []
    for count in chunks(replications):
        looks = looked_at(null(rng, count, ROWS), DESIGN, LOOKS)
        parts.append((looks.pvalue_better.min(axis=1), looks.pvalue_worse.min(axis=1)))
    better, worse = (np.concatenate(side) for side in zip(*parts, strict=True))
    return better, worse


def chunks(replications: int, size: int = _CHUNK) -> Iterator[int]:
    """Give numbers of replications that bound the memory and add up to `replications`."""
    for done in range(0, replications, size):
        yield min(size, replications - done)
