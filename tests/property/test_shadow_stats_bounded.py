import json
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shadow_stats import Design, Guarantee, Sides
from shadow_stats.bounded_mean import BoundedMean

Series = NDArray[np.float64]
BOUND = 3.0

designs = st.builds(
    Design,
    alpha=st.floats(0.001, 0.3),
    planned_samples=st.integers(100, 5000),
    guarantee=st.just(Guarantee.BOUNDED),
    comparisons=st.integers(1, 20),
    margin=st.sampled_from([0.0, 0.1]),
    minimum_effect=st.sampled_from([0.0, 0.05]),
    sides=st.sampled_from(Sides),
    bound=st.just(BOUND),
)
cuts = st.lists(st.integers(1, 249), max_size=8, unique=True).map(sorted)


@st.composite
def streams(draw: st.DrawFn) -> Series:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    values = rng.uniform(-1.0, 1.0, 250) + draw(st.floats(-0.5, 0.5))
    crashes = rng.random(250) < draw(st.sampled_from([0.0, 0.02]))
    kept = rng.random(250) < draw(st.sampled_from([0.3, 1.0]))
    return np.where(crashes, draw(st.sampled_from([-BOUND, BOUND])), values) * kept


def fed(pieces: Sequence[Series], design: Design) -> BoundedMean:
    test = BoundedMean(design)
    for piece in pieces:
        test.update(piece)
    return test


@settings(max_examples=40, deadline=None)
@given(designs, streams(), cuts)
def test_sums_do_not_depend_on_the_batches(design: Design, values: Series, at: list[int]) -> None:
    whole, cut = fed([values], design), fed(np.split(values, at), design)
    for side in ("better", "worse"):
        for name in ("samples", "total", "capitals", "placed"):
            assert cut.to_json()[side][name] == whole.to_json()[side][name]
    assert cut.result().log_e_value == whole.result().log_e_value
    assert cut.result().statistic == whole.result().statistic
    assert cut.result().pvalue <= whole.result().pvalue


@settings(max_examples=40, deadline=None)
@given(designs, streams(), cuts, st.integers(0, 8))
def test_a_test_resumed_from_json_goes_on_bit_for_bit(
    design: Design, values: Series, at: list[int], restart: int
) -> None:
    pieces = np.split(values, at)
    resumed = BoundedMean.from_json(json.loads(json.dumps(fed(pieces[:restart], design).to_json(), allow_nan=False)))
    for piece in pieces[restart:]:
        resumed.update(piece)
    through = fed(pieces, design)
    assert resumed.to_json() == through.to_json()
    assert resumed.result() == through.result()
    assert len(json.dumps(through.to_json())) < 4096


@settings(max_examples=60, deadline=None)
@given(designs, streams(), cuts)
def test_the_p_value_reaches_the_level_exactly_when_the_interval_leaves_the_null(
    design: Design, values: Series, at: list[int]
) -> None:
    test = BoundedMean(design)
    for piece in np.split(values, at):
        test.update(piece)
        state = test.to_json()
        assert (state["better"]["pvalue"] <= design.side_level) == (state["better"]["low"] >= design.minimum_effect)
        assert (state["worse"]["pvalue"] <= design.side_level) == (state["worse"]["low"] >= 0.0)


@settings(max_examples=60, deadline=None)
@given(designs, streams())
def test_the_interval_ends_where_the_e_value_reaches_the_level(design: Design, values: Series) -> None:
    test = fed([values], design)
    low, target = test.to_json()["better"]["low"], -np.log(design.side_level)
    assert test._better.log_e(low) == pytest.approx(target, abs=1e-6) or low == -BOUND
    assert test._better.log_e(np.nextafter(low, -BOUND) - 1e-9) >= target - 1e-6
    assert test._better.log_e(low + 1e-6) < target


@settings(max_examples=40, deadline=None)
@given(streams(), cuts, st.integers(100, 5000), st.sampled_from([0.0, 0.1]))
def test_swapping_the_models_swaps_better_and_worse(values: Series, at: list[int], planned: int, margin: float) -> None:
    design = Design(0.05, planned, Guarantee.BOUNDED, bound=BOUND, margin=margin)
    pieces = np.split(values, at)
    there, back = fed(pieces, design).result(), fed([-piece for piece in pieces], design).result()
    verdicts = {"Better": "Worse", "Worse": "Better"}
    assert (back.pvalue, back.pvalue_better, back.log_e_worse) == (
        there.pvalue,
        there.pvalue_worse,
        there.log_e_better,
    )
    assert back.log_e_value == there.log_e_value
    assert back.effect == -there.effect
    assert np.array_equal((back.low, back.high), (-there.high, -there.low), equal_nan=True)
    assert (back.verdict, back.samples_needed) == (verdicts.get(there.verdict, there.verdict), there.samples_needed)


@settings(max_examples=30, deadline=None)
@given(streams(), cuts, st.integers(-40, 40))
def test_the_unit_of_differences_and_bound_does_not_matter(values: Series, at: list[int], power: int) -> None:
    scale, pieces = 2.0**power, np.split(values, at)
    plain, scaled = (
        fed([unit * piece for piece in pieces], Design(0.05, 300, Guarantee.BOUNDED, bound=unit * BOUND)).result()
        for unit in (1.0, scale)
    )
    assert (scaled.pvalue, scaled.log_e_value, scaled.verdict) == (plain.pvalue, plain.log_e_value, plain.verdict)
    assert scaled.effect == scale * plain.effect
    assert np.array_equal((scaled.low, scaled.high), (scale * plain.low, scale * plain.high), equal_nan=True)
