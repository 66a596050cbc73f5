"""All that the bench measures, and how often."""

from collections.abc import Callable
from itertools import product
from typing import Any, NamedTuple

from bench.row import Row
from bench.stats import (
    bounded,
    challengers,
    cost_of_looking,
    dependence,
    drawdown,
    drift,
    hedge_funds,
    looking,
    published_setup,
    sharpe,
    speed,
)
from bench.stats.nulls import REAL, SYNTHETIC
from shadow_stats import Dependence


class Task(NamedTuple):
    """One piece of work that a process of its own can do.

    Attributes:
        measure: called with `arguments` and the number of replications.
        arguments: what is measured.
        full: replications of the bench.
        smoke: replications of a run of seconds; 0 to leave it out there.

    """

    measure: Callable[..., list[Row]]
    arguments: tuple[Any, ...]
    full: int
    smoke: int

    def rows(self, replications: int) -> list[Row]:
        """Do it."""
        return self.measure(*self.arguments, replications)


# In the order in which a reader wants them.
GROUPS = (
    looking.GROUP,
    dependence.GROUP,
    cost_of_looking.GROUP,
    published_setup.GROUP,
    challengers.GROUP,
    sharpe.GROUP,
    hedge_funds.GROUP,
    drawdown.GROUP,
    drift.GROUP,
    speed.GROUP,
)

# What stands in the table for comparison.
_COMPARED = [case for case in product(dependence.NULLS, Dependence) if case not in dependence.GOALS]

# The heaviest first, so that the processes end together.
TASKS = (
    Task(bounded.rows, (), 300, 3),
    *(Task(sharpe.rows, (coefficient,), 500, 10) for coefficient in (0.0, 0.2, 0.4)),
    Task(challengers.rows, (20,), 600, 8),
    Task(challengers.rows, (50,), 300, 3),
    Task(dependence.withheld_rows, (), 800, 0),
    Task(drawdown.power_rows, (), 800, 0),
    Task(drawdown.dependent_size_rows, (), 2_500, 60),
    Task(drawdown.size_rows, (), 2_000, 60),
    *(Task(dependence.null_rows, case, 1_500, 15) for case in dependence.GOALS),
    *(Task(dependence.null_rows, case, 500, 0) for case in _COMPARED),
    *(Task(dependence.beyond_rows, case, 1_000, 0) for case in product(dependence.BEYOND, Dependence)),
    Task(dependence.cost_rows, (), 1_000, 0),
    *(Task(drift.run_rows, (run,), replications, 20) for run, replications in ((1_000, 300), (200, 500), (50, 1_000))),
    *(Task(drift.stability_rows, (window,), 20_000, 400) for window in drift.WINDOWS),
    *(Task(looking.rows, (name,), 4_000, 60) for name in SYNTHETIC),
    *(Task(looking.rows, (name,), 2_500, 60) for name in REAL),
    Task(bounded.unbounded_rows, (), 4_000, 60),
    Task(cost_of_looking.rows, (), 2_000, 50),
    Task(published_setup.rows, (500,), 10_000, 150),
    Task(published_setup.rows, (56,), 40_000, 500),
    *(Task(drift.kolmogorov_smirnov_rows, (window,), 40_000, 2_000) for window in drift.WINDOWS),
    *(Task(drift.delay_rows, (shift,), 2_000, 100) for shift in drift.SHIFTS),
    Task(hedge_funds.rows, (), 20_000, 2_000),
    Task(speed.brute_force_rows, (), 1_000, 200),
)

# One after the other with nothing beside them.
TIMED = (
    *(Task(speed.resampling_rows, (samples,), 7, 0) for samples in speed.SAMPLES),
    Task(speed.update_rows, (), 7, 0),
)
