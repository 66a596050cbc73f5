import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shadow_stats import Correction, Design, Sides, holm
from shadow_stats.best_of_many import RealityCheck, reality_check
from shadow_stats.family import closed_e_benjamini_hochberg, decide_family, e_benjamini_hochberg, e_holm
from tests.world.evidence import comparison

Values = NDArray[np.float64]
Procedure = Callable[[Values], Values]

# The whole numbers are there for their ties.
evidence = st.one_of(st.floats(-20.0, 20.0), st.integers(-2, 12).map(float), st.sampled_from([-math.inf, 900.0]))
families = st.lists(evidence, min_size=1, max_size=9).map(np.array)
procedures: st.SearchStrategy[Procedure] = st.sampled_from([e_holm, e_benjamini_hochberg, closed_e_benjamini_hochberg])
seeds = st.integers(0, 2**32)
# Sums of the same e-values in another order.
ROUNDING = 1.0 + 1e-9


@given(procedures, families, seeds)
def test_the_order_of_challengers_does_not_matter(procedure: Procedure, logs: Values, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(logs.size)
    assert procedure(logs[order]).tolist() == procedure(logs)[order].tolist()


@given(procedures, families, st.integers(0, 8), st.floats(0.0, 30.0))
def test_more_evidence_is_never_held_against_a_challenger(
    procedure: Procedure, logs: Values, index: int, gain: float
) -> None:
    stronger = logs.copy()
    stronger[index % logs.size] += gain
    before, after = procedure(logs), procedure(stronger)
    assert after[index % logs.size] <= before[index % logs.size] * ROUNDING
    if procedure is not closed_e_benjamini_hochberg:
        assert (after <= before * ROUNDING).all()


@given(procedures, families)
def test_more_evidence_is_a_smaller_adjusted_value(procedure: Procedure, logs: Values) -> None:
    adjusted = procedure(logs)[np.argsort(-logs)]
    assert (adjusted[:-1] <= adjusted[1:]).all()
    # None is below what it would be alone.
    assert (procedure(logs) * ROUNDING >= np.exp(-np.maximum(logs, 0.0))).all()


@given(families)
def test_closing_a_procedure_never_loses_a_rejection(logs: Values) -> None:
    assert (e_holm(logs) <= holm(np.exp(-np.maximum(logs, 0.0))) * ROUNDING).all()
    assert (closed_e_benjamini_hochberg(logs) <= e_benjamini_hochberg(logs) * ROUNDING).all()
    # Any false one is worse than a share of false ones.
    assert (closed_e_benjamini_hochberg(logs) <= e_holm(logs) * ROUNDING).all()


@given(families, st.floats(0.001, 0.9))
def test_adjusted_values_say_what_is_rejected_at_every_alpha(logs: Values, alpha: float) -> None:
    adjusted = e_benjamini_hochberg(logs)
    assume(np.abs(np.log(np.maximum(adjusted, 1e-300) / alpha)).min() > 1e-9)
    ranked = -np.sort(-logs)
    enough = np.flatnonzero(ranked >= math.log(logs.size / alpha) - np.log(np.arange(1, logs.size + 1)))
    least = ranked[enough[-1]] if enough.size else math.inf
    assert ((adjusted <= alpha) == (logs >= least)).all()


@given(families, st.floats(0.001, 0.9))
def test_the_false_share_of_what_is_rejected_is_vouched_for_whatever_the_truth(logs: Values, alpha: float) -> None:
    adjusted = closed_e_benjamini_hochberg(logs)
    rejected = adjusted <= alpha
    assume(rejected.any())
    assert logs[rejected].min() >= -math.log(alpha * ROUNDING)
    for truth in range(1, 1 << logs.size):
        nulls = (truth >> np.arange(logs.size)) & 1 == 1
        share = np.count_nonzero(nulls & rejected) / np.count_nonzero(rejected)
        mean = np.logaddexp.reduce(logs[nulls]) - math.log(np.count_nonzero(nulls))
        assert share == 0.0 or mean >= math.log(share / (alpha * ROUNDING))


@given(
    st.lists(st.tuples(st.floats(0.0, 1.0), evidence), min_size=1, max_size=6),
    st.integers(0, 5),
    st.sampled_from(list(Sides)),
    st.sampled_from(list(Correction)),
)
def test_a_larger_family_needs_more_evidence(
    said: list[tuple[float, float]], further: int, sides: Sides, correction: Correction
) -> None:
    results = [replace(comparison(pvalue, 1.0, effect=0.0), log_e_better=log_e) for pvalue, log_e in said]
    design = Design(0.05, 1000, comparisons=len(said), sides=sides, correction=correction)
    small, large = (
        decide_family(replace(design, comparisons=size), results) for size in (len(said), len(said) + further)
    )
    assert small.better == tuple(level <= 0.05 for level in small.adjusted)
    assert all(one <= other * ROUNDING for one, other in zip(small.adjusted, large.adjusted, strict=True))
    one_sided = decide_family(replace(design, sides=Sides.GREATER), results).adjusted
    both = 1.0 if sides is Sides.GREATER else 2.0
    assert small.adjusted == tuple(min(both * level, 1.0) for level in one_sided)


def report(challengers: Values, champion: Values, length: int) -> RealityCheck:
    return reality_check(challengers, champion, block_length=length, n_resamples=200, rng=1)


@st.composite
def streams(draw: st.DrawFn) -> tuple[Values, Values]:
    rng = np.random.default_rng(draw(seeds))
    count = draw(st.integers(1, 6))
    gains = rng.normal(0.0, 0.3, size=count)
    return rng.standard_t(4, size=(60, count)) + gains, rng.standard_t(4, size=60)


@settings(max_examples=50, deadline=None)
@given(streams(), st.integers(1, 30))
def test_p_values_of_a_family_are_ordered(data: tuple[Values, Values], length: int) -> None:
    found = report(*data, length)
    assert 1.0 / 201.0 <= found.pvalue_lower <= found.pvalue <= found.pvalue_upper <= 1.0
    assert found.adjusted_pvalues.min() == found.pvalue
    scores = found.effects / found.standard_errors
    assert (np.diff(found.adjusted_pvalues[np.argsort(-scores)]) >= 0.0).all()
    assert (found.adjusted_pvalues[scores <= 0.0] == 1.0).all()


@settings(max_examples=50, deadline=None)
@given(streams(), seeds, st.sampled_from([1e-6, 0.25, 1e5]), st.floats(-5.0, 5.0))
def test_neither_order_nor_unit_nor_a_common_gain_matters(
    data: tuple[Values, Values], seed: int, unit: float, common: float
) -> None:
    challengers, champion = data
    order = np.random.default_rng(seed).permutation(challengers.shape[1])
    here = report(challengers, champion, 5)
    there = report(unit * (challengers[:, order] + common), unit * (champion + common), 5)
    assert there.adjusted_pvalues == pytest.approx(here.adjusted_pvalues[order], abs=2.0 / 201.0)
    assert there.pvalue_white == pytest.approx(here.pvalue_white, abs=2.0 / 201.0)
    assert there.effects == pytest.approx(unit * here.effects[order], rel=1e-6, abs=1e-9 * unit)


@settings(max_examples=50, deadline=None)
@given(streams(), st.floats(0.0, 1.0))
def test_a_gain_of_its_own_is_never_held_against_a_challenger(data: tuple[Values, Values], gain: float) -> None:
    challengers, champion = data
    better = challengers.copy()
    better[:, 0] += gain
    before, after = (report(one, champion, 5).adjusted_pvalues[0] for one in (challengers, better))
    assert after <= before + 2.0 / 201.0
