import json

import numpy as np
import pytest
from numpy.typing import NDArray

from shadow_stats import Dependence, Design, PairedMean, SharpeDifference, Verdict
from shadow_stats.memory import Memory

Series = NDArray[np.float64]


def noise(rows: int, seed: int = 7) -> Series:
    return np.random.default_rng(seed).normal(size=rows)


def switching(regime: int, rows: int, seed: int = 7) -> Series:
    """Rows whose mean is +.5 in every second regime and -.5 in the others."""
    return noise(rows, seed) + np.where(np.arange(rows) // regime % 2 == 0, 0.5, -0.5)


def fed(values: Series, design: Design, batch: int = 50) -> PairedMean:
    test = PairedMean(design)
    for start in range(0, values.size, batch):
        test.update(values[start : start + batch])
    return test


def test_a_memory_is_read_anew_after_each_hundredth() -> None:
    memory = Memory()
    assert memory.is_due(100)
    memory.read([1.0] + [0.0] * 8, 1000)
    assert not memory.is_due(1009)
    assert memory.is_due(1010)


def test_short_memory_withholds_looks_at_evidence_that_changes_with_the_regime() -> None:
    result = fed(switching(200, 8000), Design(0.05, 4000)).result()
    assert result.withheld is not None
    assert result.withheld.startswith("Evidence changes with the regime: ")
    assert "A design with dependence Regimes can judge new rows, from about 40 regimes on." in result.withheld
    assert (result.pvalue, result.log_e_value, result.verdict) == (1.0, 0.0, Verdict.INCONCLUSIVE)


def test_a_design_for_regimes_says_how_many_were_seen_and_are_needed() -> None:
    result = fed(switching(200, 1600), Design(0.05, 4000, dependence=Dependence.REGIMES)).result()
    assert result.withheld is not None
    assert result.withheld.endswith("about 40 needed.")


def test_a_design_for_regimes_sees_a_gain_in_each_of_them() -> None:
    design = Design(0.05, 8000, dependence=Dependence.REGIMES)
    assert fed(switching(100, 12_000) + 0.4, design).result().verdict is Verdict.BETTER
    assert fed(switching(100, 12_000), design).result().verdict is Verdict.INCONCLUSIVE


def test_a_design_for_regimes_is_wider_where_there_are_some() -> None:
    short, regimes = (
        fed(noise(4000), Design(0.05, 3000, dependence=dependence)).result().confidence_interval()
        for dependence in Dependence
    )
    assert regimes.high - regimes.low < 1.3 * (short.high - short.low)
    seen = fed(switching(50, 4000), Design(0.05, 3000, dependence=Dependence.REGIMES)).result().confidence_interval()
    assert seen.high - seen.low > 2.0 * (regimes.high - regimes.low)


def test_the_burn_in_of_a_design_for_regimes_is_forty_sessions() -> None:
    design = Design(0.05, 4000, dependence=Dependence.REGIMES, session_samples=50)
    assert fed(noise(1999) + 1.0, design, batch=9).result().pvalue == 1.0
    assert fed(noise(2000) + 1.0, design, batch=10).result().verdict is Verdict.BETTER


def test_a_first_batch_tells_regimes_of_sharpe_ratios_as_small_ones_do() -> None:
    challenger, champion = switching(200, 8000), noise(8000, seed=9)
    readings = []
    for batch in (50, 8000):
        test = SharpeDifference(Design(0.05, 4000))
        for start in range(0, 8000, batch):
            test.update(challenger[start : start + batch], champion[start : start + batch])
        readings.append(test.to_json()["memory"]["reading"])
    assert readings[1]["regimes"] == pytest.approx(readings[0]["regimes"], rel=0.1)
    assert readings[1]["regime_rows"] == pytest.approx(readings[0]["regime_rows"], rel=0.1)


def test_pieces_too_short_to_tell_regimes_give_no_verdict() -> None:
    design = Design(0.05, 1000)
    merged = PairedMean(design)
    for piece in np.split(noise(1500) + 1.0, 100):
        merged = merged.merge(fed(piece, design))
    withheld = merged.result().withheld
    assert withheld is not None
    assert withheld.startswith("What is known of regimes covers 0% of the rows")
    halves = fed(noise(1500) + 1.0, design).merge(fed(noise(1500) + 1.0, design))
    assert halves.result().withheld is None


def test_a_ratio_of_sharpe_ratios_that_changes_with_the_regime_is_withheld_too() -> None:
    challenger, champion = switching(200, 8000), noise(8000, seed=9)
    test = SharpeDifference(Design(0.05, 4000))
    for start in range(0, 8000, 50):
        test.update(challenger[start : start + 50], champion[start : start + 50])
    withheld = test.result().withheld
    assert withheld is not None
    assert withheld.startswith("Evidence changes with the regime: ")


def test_a_memory_survives_json() -> None:
    memory = Memory()
    memory.extend(switching(30, 3000).tolist())
    memory.read([1.25] + [0.25] * 8, 3000)
    resumed = Memory.from_json(json.loads(json.dumps(memory.to_json())))
    assert resumed.reading == memory.reading
    assert resumed.to_json() == memory.to_json()


def test_a_cut_off_memory_is_refused() -> None:
    state = Memory().to_json()
    with pytest.raises(ValueError, match="state of Reading has no regimes"):
        Memory.from_json({**state, "reading": {"samples": 0, "inflation": 1.0, "regime_rows": 0.0}})
