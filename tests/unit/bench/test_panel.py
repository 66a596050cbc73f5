"""What the bench measures is what users run: the vectorised panel says at each look what `PairedMean` says."""

import numpy as np
import pytest

from bench.stats.dependence import switching
from bench.stats.nulls import REAL, SYNTHETIC, Floats
from bench.stats.panel import looked_at
from bench.stats.seeds import generator
from shadow_stats import ComparisonResult, Dependence, Design, PairedMean

ROWS = 900
LOOKS = np.arange(100, ROWS + 1, 8)
DESIGNS = {
    "one": Design(0.05, 600),
    "shared": Design(0.05, 600, comparisons=20),
    "seldom": Design(0.05, 600, look_every=8),
    "regimes": Design(0.05, 600, dependence=Dependence.REGIMES),
}
SERIES = {
    name: null(generator("panel", name), 3, ROWS)
    for name, null in {
        "normal": SYNTHETIC["i.i.d. normal"],
        "autoregressive": SYNTHETIC["AR(0.5)"],
        "mostly zero": SYNTHETIC["90 % zeros"],
        "real": REAL["Nasdaq, crossovers 10/50 and 20/100"],
    }.items()
}
SERIES["regimes"] = switching(0.01, generator("panel", "regimes"), 3, ROWS)
SERIES["better"] = SERIES["normal"] + 0.15


def read(series: Floats, design: Design) -> list[ComparisonResult]:
    test, results = PairedMean(design), []
    for batch in np.split(series, LOOKS[:-1]):
        test.update(batch)
        results.append(test.result())
    return results


@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS)
@pytest.mark.parametrize("differences", SERIES.values(), ids=SERIES)
def test_the_panel_says_what_the_comparison_says(differences: Floats, design: Design) -> None:
    looks = looked_at(differences, design, LOOKS)
    for row, series in enumerate(differences):
        results = read(series, design)
        assert looks.withheld[row].tolist() == [result.withheld is not None for result in results]
        for mine, name in (
            (looks.pvalue_better, "pvalue_better"),
            (looks.pvalue_worse, "pvalue_worse"),
            (looks.log_e_better, "log_e_better"),
        ):
            assert mine[row] == pytest.approx([getattr(result, name) for result in results], rel=1e-8, abs=1e-9)
