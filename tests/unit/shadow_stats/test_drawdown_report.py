import math

import numpy as np
import pytest
from numpy.typing import NDArray

from shadow_stats.block_summaries import maximum_drawdown
from shadow_stats.drawdown_report import Contrast, _swapped, drawdown_test

Series = NDArray[np.float64]


def pair(rng: np.random.Generator, size: int = 500) -> tuple[Series, Series]:
    shared, first, second = rng.normal(size=(3, size))
    return math.sqrt(0.7) * shared + math.sqrt(0.3) * first, math.sqrt(0.7) * shared + math.sqrt(0.3) * second


@pytest.mark.parametrize("length", [1, 7, 20])
def test_swapped_drawdowns_are_those_of_the_streams_written_out(length: int) -> None:
    rng = np.random.default_rng(1)
    first, second = (np.round(10.0 * series) for series in pair(rng, 40))
    mine, other = _swapped(first, second, length, 30, np.random.default_rng(2))
    coins = np.random.default_rng(2)
    swaps = np.stack([coins.integers(2, size=30) for _ in range(math.ceil(40 / length))])
    for column in range(30):
        swap = np.repeat(swaps[:, column], length)[:40] == 1
        assert mine[column] == maximum_drawdown(np.where(swap, second, first))
        assert other[column] == maximum_drawdown(np.where(swap, first, second))


@pytest.mark.parametrize("contrast", ["difference", "ratio"])
def test_equal_models_are_told_apart_no_more_often_than_alpha(contrast: Contrast) -> None:
    rng = np.random.default_rng(3)
    pvalues = [
        drawdown_test(*pair(rng, 300), contrast=contrast, block_length=10, n_resamples=199, rng=rng).pvalue
        for _ in range(400)
    ]
    assert np.mean(np.array(pvalues) <= 0.05) == pytest.approx(0.05, abs=3.0 * math.sqrt(0.05 * 0.95 / 400))


@pytest.mark.parametrize("contrast", ["difference", "ratio"])
def test_a_deeper_drawdown_is_found_and_its_side_named(contrast: Contrast) -> None:
    first, second = pair(np.random.default_rng(4), 1000)
    deep, shallow = first - 0.3, second + 0.3
    for challenger, champion, side in ((deep, shallow, "greater"), (shallow, deep, "less")):
        report = drawdown_test(challenger, champion, contrast=contrast, n_resamples=999, rng=1)
        assert report.pvalue <= 0.01
        for alternative in ("less", "greater"):
            one_sided = drawdown_test(
                challenger, champion, contrast=contrast, alternative=alternative, n_resamples=999, rng=1
            )
            assert (one_sided.pvalue <= 0.01) == (alternative == side)


def test_contrasts_are_read_off_both_drawdowns() -> None:
    first, second = pair(np.random.default_rng(5))
    report = drawdown_test(first, second, n_resamples=9, rng=1)
    assert report.challenger == maximum_drawdown(first)
    assert report.statistic == report.challenger - report.champion
    ratio = drawdown_test(first, second, contrast="ratio", n_resamples=9, rng=1)
    assert ratio.statistic == report.challenger / report.champion
    assert ratio.null_distribution.shape == (9,)


def test_identical_streams_are_no_evidence() -> None:
    values = pair(np.random.default_rng(6))[0]
    for contrast in ("difference", "ratio"):
        assert drawdown_test(values, values, contrast=contrast, n_resamples=99).pvalue == 1.0
        assert drawdown_test(np.ones(20), np.ones(20), contrast=contrast, n_resamples=99).pvalue == 1.0


def test_a_champion_that_never_fell_makes_the_ratio_infinite() -> None:
    falling = np.tile([1.0, -1.0], 20)
    report = drawdown_test(falling, np.ones(40), contrast="ratio", n_resamples=199, block_length=1, rng=1)
    assert report.statistic == math.inf
    assert 0.0 < report.pvalue <= 1.0


def test_the_block_length_is_automatic_and_leaves_at_least_two_blocks() -> None:
    first, second = pair(np.random.default_rng(7), 12)
    assert 1 <= drawdown_test(first, second, n_resamples=9).block_length <= 6
    assert drawdown_test(np.cumsum(first), np.cumsum(second), n_resamples=9).block_length <= 6


def test_what_cannot_be_tested_is_refused() -> None:
    first, second = pair(np.random.default_rng(8), 40)
    with pytest.raises(ValueError, match="there are 9 pairs"):
        drawdown_test(first[:9], second[:9])
    with pytest.raises(ValueError, match="block_length is 21"):
        drawdown_test(first, second, block_length=21)
    with pytest.raises(ValueError, match="contrast is 'sum'"):
        drawdown_test(first, second, contrast="sum")  # type: ignore[arg-type] # that is what is tested
    with pytest.raises(ValueError, match="alternative is 'better'"):
        drawdown_test(first, second, alternative="better")  # type: ignore[arg-type] # that is what is tested
    with pytest.raises(TypeError, match="n_resamples"):
        drawdown_test(first, second, n_resamples=True)
