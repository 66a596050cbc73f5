"""A short check that error rates and power are what is claimed, with seeds fixed and Monte-Carlo error allowed for."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter

from shadow_stats import ComparisonResult, Design, PairedMean, SharpeDifference

Series = NDArray[np.float64]
REPLICATIONS = 300
ROWS = 1500
ALPHA = 0.05
DESIGN = Design(ALPHA, 1200)
# Standardised effect that a two-sided 5 % test on a fixed sample of n finds with 80 % power: this over sqrt(n).
EIGHTY_PERCENT = 2.8016


def independent(rng: np.random.Generator) -> Series:
    return rng.normal(size=ROWS)


def autoregressive(rng: np.random.Generator) -> Series:
    return np.asarray(lfilter([1.0], [1.0, -0.5], rng.normal(size=ROWS + 100))[100:])


def mostly_zero(rng: np.random.Generator) -> Series:
    return rng.normal(size=ROWS) * (rng.random(ROWS) < 0.1)


def looked_at(values: Series, design: Design, batch: int) -> ComparisonResult:
    test = PairedMean(design)
    for start in range(0, values.size, batch):
        test.update(values[start : start + batch])
    return test.result()


def at_most(probability: float) -> float:
    return probability + 3.0 * math.sqrt(probability * (1.0 - probability) / REPLICATIONS)


@pytest.mark.parametrize("model", [independent, autoregressive, mostly_zero])
def test_equal_models_are_told_apart_no_more_often_than_alpha(model: Callable[[np.random.Generator], Series]) -> None:
    rng = np.random.default_rng(20_26)
    results = [looked_at(model(rng), DESIGN, batch=15) for _ in range(REPLICATIONS)]
    promoted, rejected = (
        np.mean([p <= ALPHA / 2 for p in side])
        for side in zip(*((r.pvalue_better, r.pvalue_worse) for r in results), strict=True)
    )
    assert promoted <= at_most(ALPHA / 2)
    assert rejected <= at_most(ALPHA / 2)
    assert np.mean([r.pvalue <= ALPHA for r in results]) <= at_most(ALPHA)


def test_equal_sharpe_ratios_are_told_apart_no_more_often_than_alpha() -> None:
    rng = np.random.default_rng(7)
    found = 0
    for _ in range(REPLICATIONS):
        shared, first, second = rng.standard_t(6, size=(3, 600))
        test = SharpeDifference(Design(ALPHA, 500))
        for start in range(0, 600, 20):
            batch = slice(start, start + 20)
            test.update(shared[batch] + first[batch], shared[batch] + second[batch])
        found += test.result().pvalue <= ALPHA
    assert found / REPLICATIONS <= at_most(ALPHA)


def test_eighty_percent_power_costs_at_most_thirty_percent_more_than_a_single_look() -> None:
    rng = np.random.default_rng(8)
    single_look = 500
    values = rng.normal(size=(REPLICATIONS, int(1.3 * single_look))) + EIGHTY_PERCENT / math.sqrt(single_look)
    results = [looked_at(row, Design(ALPHA, single_look), batch=5) for row in values]
    power = np.mean([r.verdict == "Better" for r in results])
    assert power >= 0.8 - 3.0 * math.sqrt(0.8 * 0.2 / REPLICATIONS)
