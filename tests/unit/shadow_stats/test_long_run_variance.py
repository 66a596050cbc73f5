import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter

from shadow_stats.long_run_variance import MAX_LAG, LagProducts, spectral_variance

Series = NDArray[np.float64]


def observed(values: Series) -> LagProducts:
    products = LagProducts()
    products.extend(values.tolist())
    return products


def noise(size: int, seed: int = 11) -> Series:
    return np.random.default_rng(seed).normal(size=size)


@pytest.mark.parametrize("size", [2, 5, 9, 10, 300])
def test_autocovariances_are_those_of_the_whole_series(size: int) -> None:
    values = noise(size) + 3.0
    centred = values - values.mean()
    expected = [centred[lag:] @ centred[: size - lag] / size for lag in range(min(MAX_LAG, size - 1) + 1)]
    assert observed(values).autocovariances() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("coefficient", [-0.5, -0.2, 0.3, 0.5, 0.8])
def test_the_variance_of_sums_of_an_autoregression_is_found(coefficient: float) -> None:
    values = lfilter([1.0], [1.0, -coefficient], noise(50_000))
    assert observed(values).long_run_variance() == pytest.approx(1.0 / (1.0 - coefficient) ** 2, rel=0.1)


def test_the_variance_of_sums_of_overlapping_returns_is_found() -> None:
    values = lfilter(np.ones(5), [1.0], noise(50_000))
    assert observed(values).long_run_variance() == pytest.approx(25.0, rel=0.15)


def test_an_autoregression_with_known_autocovariances_is_solved_exactly() -> None:
    samples = 10**9
    covariances = [0.6**lag / (1.0 - 0.36) for lag in range(MAX_LAG + 1)]
    assert spectral_variance(covariances, samples) == pytest.approx(1.0 / 0.4**2, rel=1e-6)


def test_small_samples_are_corrected_for_lost_freedom_and_for_persistence_biased_downwards() -> None:
    covariances = [0.5**lag for lag in range(MAX_LAG + 1)]
    persistence = 0.5 + (1.0 + 3.0 * 0.5) / 100
    assert spectral_variance(covariances, 100) == pytest.approx(0.75 * 100 / 98 / (1.0 - persistence) ** 2)


def test_strong_negative_dependence_never_claims_certainty() -> None:
    values = np.tile([1.0, -1.0], 200)
    assert observed(values).long_run_variance() == pytest.approx(0.05 * values.var())


def test_a_random_walk_has_a_large_finite_variance() -> None:
    walk = np.cumsum(noise(2000))
    estimate = observed(walk).long_run_variance()
    assert 50.0 * walk.var() < estimate < 10_000.0 * walk.var()


@pytest.mark.parametrize("value", [0.0, 0.1, -1e6, 1e-9])
def test_constant_data_have_no_variance(value: float) -> None:
    assert observed(np.full(1000, value)).long_run_variance() == 0.0


def test_a_cut_off_state_is_refused() -> None:
    state = observed(noise(50)).to_json()
    with pytest.raises(ValueError, match="wrong length"):
        LagProducts.from_json({**state, "products": state["products"][:4]})
