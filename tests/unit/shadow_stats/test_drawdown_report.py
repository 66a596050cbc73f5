import math

import numpy as np
import pytest
from numpy.typing import NDArray

from shadow_stats.block_summaries import maximum_drawdown
from shadow_stats.drawdown_report import Contrast, _Expected, _labelled, drawdown_test
from shadow_stats.pnl_bootstrap import bootstrap

Series = NDArray[np.float64]


def pair(rng: np.random.Generator, size: int = 500) -> tuple[Series, Series]:
    shared, first, second = rng.normal(size=(3, size))
    return math.sqrt(0.7) * shared + math.sqrt(0.3) * first, math.sqrt(0.7) * shared + math.sqrt(0.3) * second


def told_apart_by_percentiles(challenger: Series, champion: Series) -> bool:
    mine, other = (
        bootstrap(series, block_length=10, n_resamples=199, rng=1).maximum_drawdown.bootstrap_distribution
        for series in (challenger, champion)
    )
    low, high = np.quantile(mine - other, [0.025, 0.975])
    return bool(low > 0.0 or high < 0.0)


@pytest.mark.parametrize("length", [1, 7, 20])
def test_labellings_are_those_of_the_streams_written_out(length: int) -> None:
    rng = np.random.default_rng(1)
    first, second = (np.round(10.0 * series) for series in pair(rng, 40))
    labellings = _labelled(first, second, length, 30, np.random.default_rng(2))
    coins = np.random.default_rng(2)
    begins = np.arange(0, 40, length)
    swaps = np.stack([np.concatenate([[0], coins.integers(2, size=30)]) for _ in begins])
    for column in range(31):
        swap = np.repeat(swaps[:, column], length)[:40] == 1
        streams = np.where(swap, second, first), np.where(swap, first, second)
        sums = np.stack([np.add.reduceat(stream, begins) for stream in streams])
        assert labellings.drawdown[:, column].tolist() == [maximum_drawdown(stream) for stream in streams]
        assert labellings.total[:, column] == pytest.approx(sums.sum(axis=1))
        assert labellings.variance[:, column] == pytest.approx(begins.size * sums.var(axis=1))
        assert labellings.correlation[column] == pytest.approx(np.corrcoef(sums)[0, 1])


@pytest.mark.parametrize(
    ("drift", "expected"),
    [
        (-50.0, 50.0 + 1.0 / 50.0),
        (-6.0, 6.0 + 1.0 / 6.0),
        (0.0, math.sqrt(math.pi / 2.0)),
        (30.0, (0.5 * math.log(30.0**2 / 2.0) + 2.0 * 0.49088) / 30.0),
        (1e4, (0.5 * math.log(1e8 / 2.0) + 2.0 * 0.49088) / 1e4),
    ],
)
def test_expected_drawdowns_have_the_published_limits(drift: float, expected: float) -> None:
    """Magdon-Ismail and others (2004): x + 1/x for steep falls, sqrt(pi/2) without drift, a logarithm for gains."""
    found = _Expected.of(np.array([3.0 * drift]), np.array([9.0]))
    assert math.exp(found.logarithm[0]) == pytest.approx(3.0 * expected, rel=0.02)


@pytest.mark.parametrize("drift", [-2.0, -0.7, 0.0, 0.7, 2.0, 6.0])
def test_expected_drawdowns_are_those_of_long_walks(drift: float) -> None:
    steps = np.random.default_rng(9).normal(drift / 2000.0, 1.0 / math.sqrt(2000.0), (2000, 1000))
    paths = np.concatenate([np.zeros((1, 1000)), steps.cumsum(axis=0)])
    found = (np.maximum.accumulate(paths) - paths).max(axis=0).mean()
    # A walk misses 0.58 of a step at the peak and at the trough of the motion.
    motion = found + 2.0 * 0.5826 / math.sqrt(2000.0)
    assert math.exp(_Expected.of(np.array([drift]), np.ones(1)).logarithm[0]) == pytest.approx(motion, rel=0.03)


def test_slopes_of_expected_drawdowns_are_differences() -> None:
    drift = np.linspace(-6.0, 6.0, 25)
    found = _Expected.of(drift, np.ones(25))
    rise = _Expected.of(drift + 0.3, np.ones(25)).logarithm - _Expected.of(drift - 0.3, np.ones(25)).logarithm
    assert found.by_drift == pytest.approx(rise / 0.6, abs=0.02)
    wider, narrower = (_Expected.of(drift, np.full(25, math.exp(2.0 * step))).logarithm for step in (0.2, -0.2))
    assert found.by_volatility == pytest.approx((wider - narrower) / 0.4, abs=0.1)


@pytest.mark.parametrize("contrast", ["difference", "ratio"])
def test_equal_models_are_told_apart_no_more_often_than_alpha(contrast: Contrast) -> None:
    rng = np.random.default_rng(3)
    pvalues = [
        drawdown_test(*pair(rng, 300), contrast=contrast, block_length=10, n_resamples=199, rng=rng).pvalue
        for _ in range(400)
    ]
    assert np.mean(np.array(pvalues) <= 0.05) == pytest.approx(0.05, abs=3.0 * math.sqrt(0.05 * 0.95 / 400))


@pytest.mark.parametrize(
    ("scale", "gain"), [(1.0, 0.1), (1.0, -0.1), (1.5, 0.0), (2.0, 0.0), (0.5, 0.0)], ids=lambda value: f"{value:g}"
)
def test_unlike_models_are_told_apart_more_often_than_by_percentiles(scale: float, gain: float) -> None:
    rng = np.random.default_rng(10)
    pairs = [(scale * challenger + gain, champion) for challenger, champion in (pair(rng) for _ in range(150))]
    ours = [drawdown_test(*each, block_length=10, n_resamples=199, rng=1).pvalue <= 0.05 for each in pairs]
    usual = [told_apart_by_percentiles(*each) for each in pairs]
    assert np.mean(ours) > np.mean(usual)


def test_each_view_finds_what_the_other_does_not_see() -> None:
    first, second = pair(np.random.default_rng(11), 1000)
    lost_and_regained = first + np.repeat([-0.3, 0.3], 500)
    order = drawdown_test(lost_and_regained, second, block_length=10, n_resamples=999, rng=1)
    assert order.seen_pvalue <= 0.01
    assert order.expected_pvalue > 0.1
    assert order.pvalue <= 0.02
    volatility = drawdown_test(2.0 * first, second, block_length=10, n_resamples=999, rng=1)
    assert volatility.expected_pvalue <= 0.001
    assert volatility.seen_pvalue > 0.02
    assert volatility.pvalue <= 0.01


def test_the_contrast_does_not_change_what_is_expected() -> None:
    first, second = pair(np.random.default_rng(12))
    difference, ratio = (
        drawdown_test(first, 2.0 * second, contrast=contrast, n_resamples=99, rng=1)
        for contrast in ("difference", "ratio")
    )
    assert difference.expected_pvalue == ratio.expected_pvalue
    assert difference.expected_challenger == ratio.expected_challenger
    twice = drawdown_test(second, 2.0 * second, n_resamples=99, rng=1)
    assert twice.expected_champion == pytest.approx(2.0 * twice.expected_challenger)


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
        assert drawdown_test(np.zeros(20), np.zeros(20), contrast=contrast, n_resamples=99).pvalue == 1.0


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
