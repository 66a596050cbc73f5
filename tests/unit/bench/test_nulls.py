from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import skew

from bench.stats.nulls import (
    CRASH_BOUND,
    NULLS,
    REAL,
    SYNTHETIC,
    Null,
    _difference,
    autoregressive,
    crashing,
    resampled,
)
from bench.stats.seeds import generator

BOTH = {**NULLS, "crashes": crashing}


@pytest.mark.parametrize("null", BOTH.values(), ids=BOTH)
def test_no_null_has_a_drift(null: Null) -> None:
    means = null(generator("drift"), 400, 1_000).mean(axis=1)
    assert abs(means.mean()) <= 4.0 * means.std() / np.sqrt(means.size)


def test_there_are_nine_synthetic_and_six_real_ones() -> None:
    assert (len(SYNTHETIC), len(REAL)) == (9, 6)


@pytest.mark.parametrize("coefficient", [-0.3, 0.8])
def test_an_autoregression_has_its_coefficient(coefficient: float) -> None:
    rows = autoregressive(coefficient, generator("ar"), 50, 2_000)
    assert (rows[:, 1:] * rows[:, :-1]).mean() / (rows**2).mean() == pytest.approx(coefficient, abs=0.02)


def test_crashes_are_rare_skewed_and_within_the_bound() -> None:
    rows = crashing(generator("crash"), 200, 2_000)
    assert skew(rows.ravel()) == pytest.approx(-5.0, abs=0.2)
    assert np.abs(rows).max() <= CRASH_BOUND


def test_real_days_without_a_difference_stay_exactly_zero() -> None:
    rows = resampled("S&P 500", (10, 50), (12, 60), generator("zeros"), 20, 2_000)
    assert (rows == 0.0).mean() == pytest.approx(0.94, abs=0.02)


def test_resampled_blocks_last_twenty_days() -> None:
    series = _difference("Nasdaq", (5, 20), (50, 200))
    follower = dict(zip(series, np.roll(series, -1), strict=True))
    rows = resampled("Nasdaq", (5, 20), (50, 200), generator("blocks"), 1, 40_000)[0]
    follows = [follower[now] == later for now, later in pairwise(rows) if now != 0.0]
    # A new block begins with the next day by chance one time in five thousand.
    assert np.mean(follows) == pytest.approx(0.95, abs=0.01)


def test_a_purpose_has_its_own_numbers_and_always_the_same() -> None:
    first, again, other = (generator("looking", name).random() for name in ("a", "a", "b"))
    assert first == again
    assert first != other
