import json

import numpy as np
import pytest
from numpy.typing import NDArray

from shadow_stats.scale_variances import ScaleVariances

Series = NDArray[np.float64]


def observed(values: Series) -> ScaleVariances:
    scales = ScaleVariances()
    scales.extend(values.tolist())
    return scales


def noise(size: int, seed: int = 3) -> Series:
    return np.random.default_rng(seed).normal(size=size)


@pytest.mark.parametrize("size", [0, 7, 15, 16, 31, 32, 100, 1000])
def test_each_scale_holds_the_squared_differences_of_neighbouring_blocks(size: int) -> None:
    values, scales = noise(size), observed(noise(size))
    for level, pairs in enumerate(scales.pairs):
        length = 8 * 2**level
        whole = values[: size // (2 * length) * 2 * length].reshape(-1, 2, length).sum(axis=2)
        assert pairs == len(whole)
        expected = ((whole[:, 0] - whole[:, 1]) ** 2).sum() / (2 * length)
        assert scales.squares[level] == pytest.approx(expected, rel=1e-12)


def test_independent_numbers_vary_alike_at_every_scale() -> None:
    assert observed(noise(200_000)).mean_squares()[:6] == pytest.approx([1.0] * 6, rel=0.15)


def test_a_constant_does_not_matter() -> None:
    values = noise(640)
    assert observed(values + 100.0).squares == pytest.approx(observed(values).squares, rel=1e-9)


def test_a_series_gives_the_same_bits_however_it_is_cut() -> None:
    values, cut = noise(500), ScaleVariances()
    for piece in np.array_split(values, 13):
        cut.extend(piece.tolist())
    assert cut == observed(values)


def test_merged_scales_are_those_of_both_parts() -> None:
    first, later = observed(noise(640)), observed(noise(100, seed=4))
    for merged in (first.merge(later), later.merge(first)):
        assert merged.pairs[:6] == [40 + 6, 20 + 3, 10 + 1, 5, 2, 1]
        parts = [a + b for a, b in zip(first.squares, later.squares + [0.0] * 2, strict=False)][:6]
        assert merged.squares[:6] == pytest.approx(parts, rel=1e-12)


def test_a_merged_series_goes_on_after_the_later_part() -> None:
    merged = observed(noise(32)).merge(observed(noise(20, seed=4)))
    merged.extend([0.0] * 4)
    assert merged.pairs[0] == 2 + 1
    assert merged.open_count == 0


def test_a_whole_stream_is_covered_and_one_of_short_pieces_is_not() -> None:
    for size in (63, 64, 100, 1000, 4097):
        assert observed(noise(size)).coverage(size) >= 0.8
    pieces = ScaleVariances()
    for _ in range(10):
        pieces = pieces.merge(observed(noise(20)))
    assert pieces.coverage(200) == 0.0


def test_a_state_survives_json() -> None:
    scales = observed(noise(333))
    assert ScaleVariances.from_json(json.loads(json.dumps(scales.to_json()))) == scales


def test_a_cut_off_state_is_refused() -> None:
    state = observed(noise(100)).to_json()
    with pytest.raises(ValueError, match="lists of different lengths"):
        ScaleVariances.from_json({**state, "pairs": []})
    with pytest.raises(ValueError, match="ScaleVariances has no open_sum"):
        ScaleVariances.from_json({name: part for name, part in state.items() if name != "open_sum"})
