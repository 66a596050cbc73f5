"""The p-values that Ledoit and Wolf (2008) printed in table 3 for two hedge funds.

The returns are not ours to hand on: the rows are absent where the file is not there.
"""

import os
from pathlib import Path

import numpy as np

from bench.row import Goal, Row
from bench.stats.nulls import Floats
from shadow_stats.sharpe_bootstrap import ledoit_wolf_bootstrap
from shadow_stats.sharpe_report import jobson_korkie_memmel, ledoit_wolf_hac

GROUP = "Ledoit-Wolf's hedge funds"
_UNIT = "points from print"
RETURNS = "SHADOW_STATS_LW2008"
_REPOSITORY = Path(__file__).parents[2]
_ANALYTIC = Goal(high=0.05)
_RESAMPLED = Goal(high=1.5)
_PRINTED: dict[str, tuple[float, Goal]] = {
    "Jobson-Korkie-Memmel": (1.0, _ANALYTIC),
    "HAC": (14.7, _ANALYTIC),
    "HAC, prewhitened": (25.4, _ANALYTIC),
    "bootstrap, i.i.d.": (5.8, _RESAMPLED),
    "bootstrap, blocks of 4": (29.4, _RESAMPLED),
}


def rows(resamples: int) -> list[Row]:
    """Return how far each p-value lies from the printed one."""
    path = Path(os.environ.get(RETURNS, _REPOSITORY / "../shared/data/lw2008_hedge_funds.csv"))
    if not path.exists():
        absent = f"name the file of returns in {RETURNS}"
        return [Row(GROUP, name, None, _UNIT, goal, detail=absent) for name, (_, goal) in _PRINTED.items()]
    found = _percentages(np.loadtxt(path, delimiter=",", skiprows=1), resamples)
    return [
        Row(
            GROUP,
            name,
            round(abs(percent - printed), 4),
            _UNIT,
            goal,
            detail=f"p = {percent:.2f} %, printed {printed} %",
        )
        for percent, (name, (printed, goal)) in zip(found, _PRINTED.items(), strict=True)
    ]


def _percentages(returns: Floats, resamples: int) -> list[float]:
    pair = returns[:, 0], returns[:, 1]
    reports = (
        jobson_korkie_memmel(*pair),
        ledoit_wolf_hac(*pair),
        ledoit_wolf_hac(*pair, prewhiten=True),
        ledoit_wolf_bootstrap(*pair, block_length=1, n_resamples=resamples, rng=1),
        ledoit_wolf_bootstrap(*pair, block_length=4, n_resamples=resamples, rng=1),
    )
    return [100.0 * report.pvalue for report in reports]
