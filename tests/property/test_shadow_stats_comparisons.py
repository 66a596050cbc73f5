import json
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shadow_stats import ComparisonResult, Dependence, Design, PairedMean, SharpeDifference, Sides

Series = NDArray[np.float64]

designs = st.builds(
    Design,
    alpha=st.floats(0.001, 0.3),
    planned_samples=st.integers(100, 5000),
    comparisons=st.integers(1, 20),
    margin=st.sampled_from([0.0, 0.05]),
    dependence=st.sampled_from(Dependence),
)
one_sided = st.builds(
    Design,
    alpha=st.floats(0.001, 0.3),
    planned_samples=st.integers(100, 5000),
    minimum_effect=st.sampled_from([0.0, 0.1]),
    sides=st.sampled_from(Sides),
)
cuts = st.lists(st.integers(1, 499), max_size=8, unique=True).map(sorted)


@st.composite
def streams(draw: st.DrawFn, rows: int = 1) -> Series:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    kept = rng.random((rows, 500)) < draw(st.sampled_from([0.3, 1.0]))
    return (rng.standard_t(4, size=(rows, 500)) + draw(st.floats(-0.5, 0.5))) * kept


def mean_of(pieces: Sequence[Series], design: Design) -> PairedMean:
    test = PairedMean(design)
    for piece in pieces:
        test.update(piece[0])
    return test


def sharpe_of(pieces: Sequence[Series], design: Design) -> SharpeDifference:
    test = SharpeDifference(design)
    for piece in pieces:
        test.update(piece[0], piece[1])
    return test


def is_mirrored(there: ComparisonResult, back: ComparisonResult) -> bool:
    verdicts = {"Better": "Worse", "Worse": "Better"}
    return (
        back.pvalue == there.pvalue
        and back.pvalue_better == there.pvalue_worse
        and back.log_e_worse == there.log_e_better
        and back.effect == -there.effect
        and (back.low, back.high) == (-there.high, -there.low)
        and back.verdict == verdicts.get(there.verdict, there.verdict)
    )


@settings(max_examples=40, deadline=None)
@given(designs, streams(), cuts)
def test_sums_of_a_mean_do_not_depend_on_the_batches(design: Design, values: Series, at: list[int]) -> None:
    whole, cut = mean_of([values], design), mean_of(np.split(values, at, axis=1), design)
    assert whole.to_json()["series"] == cut.to_json()["series"]
    assert whole.to_json()["memory"]["scales"] == cut.to_json()["memory"]["scales"]
    assert cut.result().effect == whole.result().effect


@settings(max_examples=15, deadline=None)
@given(designs, streams(rows=2), cuts)
def test_sums_of_a_sharpe_difference_do_not_depend_on_the_batches(
    design: Design, values: Series, at: list[int]
) -> None:
    whole, cut = sharpe_of([values], design), sharpe_of(np.split(values, at, axis=1), design)
    assert whole.to_json()["series"] == cut.to_json()["series"]
    assert cut.result().effect == whole.result().effect


@settings(max_examples=40, deadline=None)
@given(designs, streams(), cuts, st.integers(0, 8))
def test_a_mean_resumed_from_json_goes_on_bit_for_bit(
    design: Design, values: Series, at: list[int], restart: int
) -> None:
    pieces = np.split(values, at, axis=1)
    resumed = PairedMean.from_json(json.loads(json.dumps(mean_of(pieces[:restart], design).to_json())))
    for piece in pieces[restart:]:
        resumed.update(piece[0])
    through = mean_of(pieces, design)
    assert resumed.to_json() == through.to_json()
    assert resumed.result() == through.result()


@settings(max_examples=15, deadline=None)
@given(designs, streams(rows=2), cuts, st.integers(0, 8))
def test_a_sharpe_difference_resumed_from_json_goes_on_bit_for_bit(
    design: Design, values: Series, at: list[int], restart: int
) -> None:
    pieces = np.split(values, at, axis=1)
    resumed = SharpeDifference.from_json(json.loads(json.dumps(sharpe_of(pieces[:restart], design).to_json())))
    for piece in pieces[restart:]:
        resumed.update(piece[0], piece[1])
    through = sharpe_of(pieces, design)
    assert resumed.to_json() == through.to_json()
    assert resumed.result() == through.result()


@settings(max_examples=30, deadline=None)
@given(st.integers(100, 5000), streams(), st.integers(-40, 40))
def test_the_unit_of_the_differences_does_not_matter(planned: int, values: Series, power: int) -> None:
    design, scale = Design(0.05, planned), 2.0**power
    plain, scaled = mean_of([values], design).result(), mean_of([scale * values], design).result()
    assert (scaled.pvalue, scaled.log_e_value) == pytest.approx((plain.pvalue, plain.log_e_value), rel=1e-9)
    assert (scaled.low, scaled.high) == pytest.approx((scale * plain.low, scale * plain.high), rel=1e-9)
    assert scaled.verdict == plain.verdict


@settings(max_examples=15, deadline=None)
@given(streams(rows=2), st.integers(-20, 20), st.integers(-20, 20))
def test_neither_stream_s_unit_matters_to_a_sharpe_difference(values: Series, one: int, other: int) -> None:
    design = Design(0.05, 500)
    plain = sharpe_of([values], design).result()
    scaled = sharpe_of([values * [[2.0**one], [2.0**other]]], design).result()
    assert scaled.pvalue == pytest.approx(plain.pvalue, rel=1e-7)
    assert scaled.effect == pytest.approx(plain.effect, rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(designs, streams(), cuts)
def test_swapping_the_sides_of_a_mean_swaps_better_and_worse(design: Design, values: Series, at: list[int]) -> None:
    pieces = np.split(values, at, axis=1)
    there, back = mean_of(pieces, design).result(), mean_of([-piece for piece in pieces], design).result()
    assert is_mirrored(there, back)


@settings(max_examples=15, deadline=None)
@given(designs, streams(rows=2))
def test_swapping_the_sides_of_a_sharpe_difference_swaps_better_and_worse(design: Design, values: Series) -> None:
    there, back = sharpe_of([values], design).result(), sharpe_of([values[::-1]], design).result()
    assert back.pvalue_worse == pytest.approx(there.pvalue_better, rel=1e-9)
    assert back.effect == pytest.approx(-there.effect, rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(designs, streams(), st.integers(1, 499))
def test_a_merged_mean_has_the_sums_of_the_whole_stream(design: Design, values: Series, at: int) -> None:
    first, later = (mean_of([piece], design) for piece in np.split(values, [at], axis=1))
    merged, whole = first.merge(later), mean_of([values], design)
    assert merged.to_json()["series"]["samples"] == 500
    for name in ("total", "products", "first", "recent"):
        assert merged.to_json()["series"][name] == pytest.approx(whole.to_json()["series"][name], rel=1e-9, abs=1e-9)
    assert merged.result().effect == pytest.approx(whole.result().effect, rel=1e-9, abs=1e-12)


@settings(max_examples=15, deadline=None)
@given(designs, streams(rows=2), st.integers(1, 499))
def test_a_merged_sharpe_difference_has_the_sums_of_the_whole_stream(design: Design, values: Series, at: int) -> None:
    first, later = (sharpe_of([piece], design) for piece in np.split(values, [at], axis=1))
    merged, whole = first.merge(later).result(), sharpe_of([values], design).result()
    assert merged.samples == whole.samples
    assert merged.effect == pytest.approx(whole.effect, rel=1e-9, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(one_sided, streams(), cuts)
def test_the_p_value_reaches_the_level_exactly_when_the_interval_leaves_the_null(
    design: Design, values: Series, at: list[int]
) -> None:
    result = mean_of(np.split(values, at, axis=1), design).result()
    assert (result.pvalue_better <= design.side_level) == (result.low >= design.minimum_effect)
    assert (result.pvalue_worse <= design.side_level) == (result.high <= 0.0)
