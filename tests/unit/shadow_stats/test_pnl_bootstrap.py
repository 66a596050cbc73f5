import importlib
import math
import time

import numpy as np
import pytest
from numpy.typing import NDArray

from shadow_stats.block_length import optimal_block_length
from shadow_stats.block_summaries import maximum_drawdown
from shadow_stats.pnl_bootstrap import (
    BootstrapResult,
    PnlBootstrap,
    Resampling,
    _chained,
    _folded,
    _random_blocks,
    bootstrap,
)

arch = importlib.import_module("arch.bootstrap")

Series = NDArray[np.float64]


def noise(size: int, seed: int = 3) -> Series:
    return np.random.default_rng(seed).normal(0.1, 1.0, size)


def results(report: PnlBootstrap) -> list[BootstrapResult]:
    return [report.mean, report.sharpe, report.maximum_drawdown]


@pytest.mark.parametrize(("size", "length"), [(60, 1), (60, 6), (61, 7), (60, 60), (64, 63)])
def test_block_summaries_give_exactly_what_the_written_out_resamples_give(size: int, length: int) -> None:
    series = np.round(8.0 * noise(size))
    starts = np.random.default_rng(1).integers(size, size=(math.ceil(size / length), 50))
    folded = _folded(series, length, 50, iter(starts))
    offsets = np.arange(length)
    for column in range(50):
        resample = series[((starts[:, column, None] + offsets) % size).ravel()[:size]]
        # Whole numbers, so that equal means equal to the last bit.
        assert folded.total[column] == resample.sum()
        assert folded.drawdown[column] == maximum_drawdown(resample)
        assert folded.square[column] == pytest.approx(((resample - series.mean()) ** 2).sum(), rel=1e-12)


@pytest.mark.parametrize("resampling", ["iid", "circular", "stationary"])
def test_the_original_is_what_an_unshuffled_resample_gives(resampling: Resampling) -> None:
    series = noise(200)
    report = bootstrap(series, resampling=resampling, n_resamples=50, rng=1)
    unshuffled = _folded(series, 10, 1, iter(np.arange(0, 200, 10)[:, None]))
    assert report.mean.estimate == pytest.approx(series.mean())
    assert report.sharpe.estimate == pytest.approx(series.mean() / series.std())
    assert report.maximum_drawdown.estimate == pytest.approx(unshuffled.drawdown[0])


@pytest.mark.parametrize(("size", "length"), [(60, 1.0), (60, 2.5), (61, 7.0), (61, 61.0)])
def test_blocks_of_random_length_give_exactly_what_the_written_out_resamples_give(size: int, length: float) -> None:
    series = np.round(8.0 * noise(size))
    chained = _chained(series, length, 50, np.random.default_rng(4))
    longest = min(size, math.ceil(3.0 * length))
    blocks = list(_random_blocks(size, length, longest, 50, np.random.default_rng(4)))
    for column in range(50):
        places = [(starts[column] + np.arange(lengths[column])) % size for lengths, starts in blocks]
        resample = series[np.concatenate(places)]
        assert resample.size == size
        assert chained.total[column] == resample.sum()
        assert chained.drawdown[column] == maximum_drawdown(resample)
        assert chained.square[column] == pytest.approx(((resample - series.mean()) ** 2).sum(), rel=1e-12)


@pytest.mark.parametrize("longest", [1, 4, 100])
def test_blocks_of_random_length_run_on_and_break_at_the_mean_length(longest: int) -> None:
    blocks = list(_random_blocks(100, 5.0, longest, 1000, np.random.default_rng(2)))
    columns = [
        np.concatenate([(starts[column] + np.arange(lengths[column])) % 100 for lengths, starts in blocks])
        for column in range(1000)
    ]
    positions = np.stack(columns)
    assert positions.shape == (1000, 100)
    follows = positions[:, 1:] == (positions[:, :-1] + 1) % 100
    # A break lands on the next position by chance one time in a hundred.
    assert 1.0 - follows.mean() == pytest.approx(0.2 * 0.99, abs=0.005)
    # Whether a block ends does not depend on how long it has been.
    assert follows[:, 1:][follows[:, :-1]].mean() == pytest.approx(follows.mean(), abs=0.005)
    assert np.bincount(positions.ravel(), minlength=100).min() > 800


def test_blocks_of_random_length_are_several_times_faster_than_arch() -> None:
    series = noise(500)

    def statistics(values: Series) -> Series:
        path = np.cumsum(values)
        fall = (np.maximum.accumulate(np.maximum(path, 0.0)) - path).max()
        return np.array([values.mean(), values.mean() / values.std(), fall])

    begun = time.process_time()
    bootstrap(series, resampling="stationary", block_length=10, n_resamples=10_000, rng=1)
    ours = time.process_time() - begun
    begun = time.process_time()
    arch.StationaryBootstrap(10, series, seed=1).apply(statistics, 500)
    theirs = 20.0 * (time.process_time() - begun)
    # Fifteen to thirty times as measured; the slack is for busy machines.
    assert theirs > 5.0 * ours


@pytest.mark.parametrize(
    ("resampling", "name", "length"),
    [("iid", "IIDBootstrap", 1), ("circular", "CircularBlockBootstrap", 8), ("stationary", "StationaryBootstrap", 8)],
)
def test_distributions_are_those_of_arch(resampling: Resampling, name: str, length: int) -> None:
    series = noise(205)
    ours = results(bootstrap(series, resampling=resampling, block_length=length, n_resamples=20_000, rng=1))
    sizes = [] if resampling == "iid" else [length]

    def statistics(values: Series) -> Series:
        return np.array([values.mean(), values.mean() / values.std(), maximum_drawdown(values)])

    theirs = getattr(arch, name)(*sizes, series, seed=2).apply(statistics, 2000)
    for result, column in zip(ours, theirs.T, strict=True):
        spread = column.std()
        assert result.bootstrap_distribution.mean() == pytest.approx(column.mean(), abs=0.1 * spread)
        assert result.standard_error == pytest.approx(spread, rel=0.08)
        ends = np.quantile(column, [0.025, 0.975])
        assert result.confidence_interval() == pytest.approx(ends.tolist(), abs=0.25 * spread)


@pytest.mark.parametrize("length", [1, 7])
def test_errors_of_a_resample_are_those_of_its_own_blocks(length: int) -> None:
    series = noise(64)
    starts = np.random.default_rng(1).integers(64, size=(math.ceil(64 / length), 20))
    folded = _folded(series, length, 20, iter(starts), studentised=True)
    assert folded.errors is not None
    whole = 64 // length
    for column in range(20):
        resample = series[((starts[:, column, None] + np.arange(length)) % 64).ravel()[:64]]
        standard = (resample - resample.mean()) / resample.std()
        ratio = resample.mean() / resample.std()
        sharpe_influence = standard - 0.5 * ratio * (standard**2 - 1.0)
        for errors, influence in zip(folded.errors, (resample, sharpe_influence), strict=True):
            blocks = influence[: whole * length].reshape(whole, length).sum(axis=1)
            assert errors[column] == pytest.approx(blocks.std(ddof=1) / math.sqrt(length * 64), rel=1e-9)


def test_studentised_intervals_cover_small_skewed_samples_better() -> None:
    rng = np.random.default_rng(6)
    hits = np.zeros(2)
    for _ in range(400):
        report = bootstrap(rng.exponential(size=20), resampling="iid", n_resamples=400, studentised=True, rng=rng)
        intervals = report.mean.confidence_interval(), report.mean.confidence_interval(method="studentised")
        hits += [low <= 1.0 <= high for low, high in intervals]
    percentile, studentised = hits / 400
    assert studentised == pytest.approx(0.95, abs=0.03)
    assert percentile < studentised


def test_a_seed_gives_the_same_bits_again() -> None:
    series = noise(100)
    first, second = (bootstrap(series, n_resamples=100, rng=5) for _ in range(2))
    for one, other in zip(results(first), results(second), strict=True):
        assert np.array_equal(one.bootstrap_distribution, other.bootstrap_distribution)


def test_lengths_are_automatic_whole_and_one_without_dependence() -> None:
    series = np.cumsum(noise(200))
    assert bootstrap(series, n_resamples=2).block_length == math.ceil(optimal_block_length(series).circular)
    assert bootstrap(series, n_resamples=2, block_length=2.5).block_length == 3.0
    assert bootstrap(series, n_resamples=2, block_length=2.5, resampling="stationary").block_length == 2.5
    assert bootstrap(series, n_resamples=2, resampling="iid").block_length == 1.0


def test_a_resample_without_a_ratio_is_reported_as_nan() -> None:
    series = np.zeros(20)
    series[7] = 1.0
    report = bootstrap(series, n_resamples=500, resampling="iid", rng=1)
    assert np.isnan(report.sharpe.bootstrap_distribution).any()
    assert math.isnan(report.sharpe.confidence_interval().low)
    assert math.isfinite(report.mean.confidence_interval().high)


def test_what_cannot_be_done_is_refused() -> None:
    series = noise(40)
    with pytest.raises(ValueError, match="pnl has 9 entries"):
        bootstrap(series[:9])
    with pytest.raises(ValueError, match="pnl is constant"):
        bootstrap(np.ones(40))
    with pytest.raises(ValueError, match=r"pnl\[1\] is nan"):
        bootstrap([1.0, math.nan])
    with pytest.raises(ValueError, match=r"block_length is 0\.5"):
        bootstrap(series, block_length=0.5)
    with pytest.raises(ValueError, match="resampling is 'moving'"):
        bootstrap(series, resampling="moving")  # type: ignore[arg-type] # that is what is tested
    with pytest.raises(ValueError, match="n_resamples is 1"):
        bootstrap(series, n_resamples=1)
    with pytest.raises(TypeError, match="whole number"):
        bootstrap(series, n_resamples=10.0)  # type: ignore[arg-type] # that is what is tested
    with pytest.raises(ValueError, match="blocks of one length"):
        bootstrap(series, resampling="stationary", studentised=True)
    with pytest.raises(ValueError, match="two whole blocks"):
        bootstrap(series, block_length=21, studentised=True)


def test_an_interval_that_does_not_exist_is_refused() -> None:
    report = bootstrap(noise(40), n_resamples=50, studentised=True)
    with pytest.raises(ValueError, match="never has one"):
        report.maximum_drawdown.confidence_interval(method="studentised")
    with pytest.raises(ValueError, match="method is 'bca'"):
        report.mean.confidence_interval(method="bca")  # type: ignore[arg-type] # that is what is tested
    with pytest.raises(ValueError, match="confidence_level is 0"):
        report.mean.confidence_interval(0.0)
