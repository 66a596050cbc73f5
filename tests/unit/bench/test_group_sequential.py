import math

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from bench.stats.group_sequential import boundaries, power, spent_cubed

TIMES = [np.array([0.5, 1.0]), np.array([0.2, 0.5, 1.0]), np.array([0.25, 0.5, 0.75, 1.0])]


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("drift", [0.0, 3.0])
def test_the_power_is_that_of_the_joint_normal_law_of_the_looks(times: np.ndarray, drift: float) -> None:
    levels = boundaries(spent_cubed(0.05), times)
    inside = multivariate_normal(drift * times, np.minimum.outer(times, times)).cdf(levels)
    assert power(levels, times, drift) == pytest.approx(1.0 - inside, abs=1e-4)


@pytest.mark.parametrize("looks", [1, 14, 56, 500])
def test_the_error_spent_is_what_was_to_be_spent(looks: int) -> None:
    times = np.arange(1, looks + 1) / looks
    assert power(boundaries(spent_cubed(0.05), times), times, 0.0) == pytest.approx(0.05, abs=1e-6)


def test_one_look_is_the_ordinary_test() -> None:
    assert boundaries(spent_cubed(0.05), np.ones(1))[0] == pytest.approx(1.6448536, abs=1e-6)


def test_a_finer_grid_changes_nothing_that_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    times, drift = np.arange(1, 57) / 56, 0.2 * math.sqrt(250.0)
    coarse = power(boundaries(spent_cubed(0.05), times), times, drift)
    monkeypatch.setattr("bench.stats.group_sequential._POINTS", 15)
    assert power(boundaries(spent_cubed(0.05), times), times, drift) == pytest.approx(coarse, abs=5e-5)
