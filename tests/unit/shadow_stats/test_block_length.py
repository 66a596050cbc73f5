import importlib

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter

from shadow_stats.block_length import BlockLength, optimal_block_length

arch = importlib.import_module("arch.bootstrap")

Series = NDArray[np.float64]


def autoregression(coefficient: float, size: int, seed: int = 0) -> Series:
    return np.asarray(
        lfilter([1.0], [1.0, -coefficient], np.random.RandomState(seed).standard_normal(size + 100))[100:]
    )


def test_the_reference_series_has_the_reference_lengths() -> None:
    lengths = optimal_block_length(autoregression(0.3, 10_000))
    assert lengths.stationary == pytest.approx(13.635665, abs=5e-7)
    assert lengths.circular == pytest.approx(15.60894, abs=5e-6)


@pytest.mark.parametrize("coefficient", [-0.5, 0.0, 0.4, 0.9])
@pytest.mark.parametrize("size", [60, 250, 2000])
def test_lengths_of_at_least_one_are_those_of_arch(coefficient: float, size: int) -> None:
    series = autoregression(coefficient, size, seed=5)
    expected = np.maximum(arch.optimal_block_length(series).to_numpy().ravel(), 1.0)
    assert optimal_block_length(series) == pytest.approx(expected.tolist())


def test_neither_shift_nor_unit_matters() -> None:
    series = autoregression(0.5, 500)
    assert optimal_block_length(1e-5 * series + 3e-5) == pytest.approx(optimal_block_length(series))


def test_what_does_not_vary_has_no_dependence() -> None:
    assert optimal_block_length(np.full(100, 0.1)) == BlockLength(1.0, 1.0)


def test_lengths_stay_within_their_limits() -> None:
    waves = np.sign(np.sin(np.arange(400) / 3.3))
    assert optimal_block_length(waves).circular == 60.0
    assert all(1.0 <= length <= 4.0 for length in optimal_block_length(np.arange(10.0)))


def test_a_short_series_is_refused() -> None:
    with pytest.raises(ValueError, match="series has 9 entries"):
        optimal_block_length(np.arange(9.0))
