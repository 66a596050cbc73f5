import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shadow_stats import Design
from shadow_stats.block_length import optimal_block_length
from shadow_stats.block_summaries import BlockSummaries, Walks, maximum_drawdown
from shadow_stats.drawdown_report import drawdown_test
from shadow_stats.paired_sign import PairedSign
from shadow_stats.pnl_bootstrap import bootstrap

Series = NDArray[np.float64]

seeds = st.integers(0, 2**32)
units = st.sampled_from([1e-6, 0.25, 1.0, 1e5])


def stream(seed: int, size: int = 60) -> Series:
    return np.random.default_rng(seed).standard_t(4, size=size)


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(-50, 50), min_size=1, max_size=9), min_size=1, max_size=9))
def test_a_walk_through_blocks_is_the_walk_through_their_samples(blocks: list[list[int]]) -> None:
    walks = Walks(1)
    for block in blocks:
        walks.extend(BlockSummaries.of_columns(np.array(block, dtype=np.float64)[:, None]))
    flat = np.concatenate([np.array(block, dtype=np.float64) for block in blocks])
    assert walks.total[0] == flat.sum()
    assert walks.drawdown[0] == maximum_drawdown(flat)


@settings(max_examples=20, deadline=None)
@given(seeds, units, st.integers(1, 60))
def test_the_unit_of_a_stream_is_the_unit_of_its_bootstrap(seed: int, unit: float, length: int) -> None:
    series = stream(seed)
    here, there = (bootstrap(x, block_length=length, n_resamples=50, rng=1) for x in (series, unit * series))
    for name, scale in (("mean", unit), ("sharpe", 1.0), ("maximum_drawdown", unit)):
        one, other = (getattr(report, name).bootstrap_distribution for report in (here, there))
        assert other == pytest.approx(scale * one, rel=1e-6, abs=1e-9 * scale * float(np.abs(one).max()))


@settings(max_examples=20, deadline=None)
@given(seeds, st.floats(0.5, 0.98))
def test_a_higher_level_gives_a_wider_interval(seed: int, level: float) -> None:
    report = bootstrap(stream(seed), n_resamples=200, studentised=True, rng=1)
    for result, method in ((report.mean, "studentised"), (report.sharpe, "studentised"), (report.mean, "percentile")):
        inner = result.confidence_interval(level, method=method)  # type: ignore[arg-type] # one of the two
        outer = result.confidence_interval(level + 0.01, method=method)  # type: ignore[arg-type] # one of the two
        assert outer.low <= inner.low <= inner.high <= outer.high


@settings(max_examples=20, deadline=None)
@given(seeds, units)
def test_block_lengths_have_no_unit_and_a_range(seed: int, unit: float) -> None:
    series = np.cumsum(stream(seed)) * 0.1 + stream(seed + 1)
    lengths = optimal_block_length(unit * series)
    assert lengths == pytest.approx(optimal_block_length(series))
    assert 1.0 <= lengths.stationary <= lengths.circular <= 20.0


@settings(max_examples=20, deadline=None)
@given(seeds, st.integers(1, 30), st.sampled_from(["difference", "ratio"]))
def test_sides_of_a_drawdown_test_mirror(seed: int, length: int, contrast: str) -> None:
    first, second = stream(seed), stream(seed + 1)
    there, back = (
        drawdown_test(*pair, contrast=contrast, block_length=length, n_resamples=400, rng=1)  # type: ignore[arg-type] # one of the two
        for pair in ((first, second), (second, first))
    )
    assert 0.0 < there.pvalue <= 1.0
    assert back.pvalue == pytest.approx(there.pvalue, abs=1e-12)
    assert (there.challenger, there.champion) == (back.champion, back.challenger)
    assert there.expected_challenger == pytest.approx(back.expected_champion)


@settings(max_examples=20, deadline=None)
@given(seeds, units, st.integers(1, 30), st.sampled_from(["two-sided", "less", "greater"]))
def test_a_drawdown_test_has_no_unit_and_pays_at_most_twice_for_two_views(
    seed: int, unit: float, length: int, side: str
) -> None:
    first, second = stream(seed), stream(seed + 1)
    here, there = (
        drawdown_test(x, y, alternative=side, block_length=length, n_resamples=99, rng=1)  # type: ignore[arg-type] # one of the three
        for x, y in ((first, second), (unit * first, unit * second))
    )
    smaller = min(here.seen_pvalue, here.expected_pvalue)
    assert 0.01 <= smaller <= here.pvalue <= min(1.0, 2.0 * smaller) + 1e-12
    assert there.pvalue == pytest.approx(here.pvalue)
    assert there.expected_challenger == pytest.approx(unit * here.expected_challenger)


@settings(max_examples=20, deadline=None)
@given(seeds, st.lists(st.integers(1, 59), max_size=4, unique=True).map(sorted))
def test_a_sign_test_mirrors_and_counts_the_same_however_it_is_cut(seed: int, cuts: list[int]) -> None:
    values = stream(seed) + 0.3
    tests = [PairedSign(Design(0.05, 100)) for _ in range(3)]
    tests[0].update(values)
    for piece in np.split(values, cuts):
        tests[1].update(piece)
        tests[2].update(-piece)
    whole, cut, mirror = (test.result() for test in tests)
    assert (whole.effect, whole.log_e_value) == (cut.effect, cut.log_e_value)
    assert cut.pvalue <= whole.pvalue
    assert (cut.pvalue_better, cut.low) == (mirror.pvalue_worse, -mirror.high)
    assert mirror.effect == pytest.approx(-cut.effect)
