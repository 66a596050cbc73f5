import math
from collections.abc import Callable
from dataclasses import replace
from itertools import chain, combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from shadow_stats import ComparisonResult, Correction, Design, PairedMean, Sides, Verdict, holm
from shadow_stats.family import closed_e_benjamini_hochberg, decide_family, e_benjamini_hochberg, e_holm

Values = NDArray[np.float64]
Procedure = Callable[[Values], Values]

ALPHA = 0.05
FROM_E_VALUES: list[Procedure] = [e_holm, e_benjamini_hochberg, closed_e_benjamini_hochberg]
FALSE_DISCOVERY_RATE: list[Procedure] = [e_benjamini_hochberg, closed_e_benjamini_hochberg]


def result(pvalue_better: float, log_e_better: float, withheld: str | None = None) -> ComparisonResult:
    return ComparisonResult(
        statistic=0.0,
        pvalue=min(2.0 * pvalue_better, 1.0),
        pvalue_better=pvalue_better,
        pvalue_worse=1.0,
        effect=0.0,
        low=-1.0,
        high=1.0,
        log_e_value=0.0,
        log_e_better=log_e_better,
        log_e_worse=0.0,
        samples=1000,
        nonzero_samples=1000,
        samples_needed=None,
        verdict=Verdict.INCONCLUSIVE,
        non_inferior=False,
        withheld=withheld,
    )


def family(size: int, **terms: object) -> Design:
    return replace(Design(ALPHA, 1000, comparisons=size), **terms)  # type: ignore[arg-type] # named by each test


def subsets(size: int) -> list[tuple[int, ...]]:
    """All but the empty one, the largest last."""
    return list(chain.from_iterable(combinations(range(size), count) for count in range(1, size + 1)))


@pytest.mark.parametrize(
    ("pvalues", "adjusted"),
    [
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.001, 0.2, 0.013, 0.02, 0.9, 0.02], [0.006, 0.4, 0.065, 0.08, 0.9, 0.08]),
        ([0.5, 0.6], [1.0, 1.0]),
        ([0.03], [0.03]),
        ([], []),
    ],
)
def test_adjusted_values_are_those_of_statsmodels(pvalues: list[float], adjusted: list[float]) -> None:
    assert holm(pvalues).tolist() == pytest.approx(adjusted)


def test_holm_is_that_of_statsmodels_on_any_p_values() -> None:
    multipletests = pytest.importorskip("statsmodels.stats.multitest").multipletests
    rng = np.random.default_rng(1)
    for size in range(1, 60):
        pvalues = np.round(rng.random(size) ** 4, 3)
        rejected, adjusted, *_ = multipletests(pvalues, ALPHA, method="holm")
        assert holm(pvalues) == pytest.approx(adjusted, rel=1e-12)
        assert ((holm(pvalues) <= ALPHA) == rejected).all()


@pytest.mark.parametrize("bad", [-0.1, 1.1, float("nan")])
def test_what_is_no_p_value_is_named(bad: float) -> None:
    with pytest.raises(ValueError, match=r"pvalues\[1\] is"):
        holm([0.1, bad])


def test_p_values_are_one_dimensional() -> None:
    with pytest.raises(ValueError, match="one-dimensional"):
        holm([[0.1, 0.2]])


@pytest.mark.parametrize(
    ("procedure", "e_values", "adjusted"),
    [
        # k/(r e): 4/100 alone, 4/(2*30) for two; 4/(3*4) would be lower than neither.
        (e_benjamini_hochberg, [4.0, 100.0, 0.5, 30.0], [1 / 3, 0.04, 1.0, 1 / 15]),
        # A weaker one is carried by a stronger set only: two of 40 give 2/(2*40), not 2/40.
        (e_benjamini_hochberg, [40.0, 40.0], [0.025, 0.025]),
        # One of 40 beside nothing: the set of both has a mean of 20.
        (e_holm, [40.0, 0.0], [0.05, 1.0]),
        # With all of them the mean is 134.5/4, with the two smallest others 104.5/3.
        (e_holm, [4.0, 100.0, 0.5, 30.0], [1 / 2.25, 1 / 33.625, 1.0, 3 / 34.5]),
        # The largest alone is held back by its mean with all others, 4/134.5. Both of the largest need a mean of at
        # least 1/(2 alpha) from one of them with both others, 3/34.5 / 2, and of 1/alpha from both with both, 4/134.5;
        # the last one's own evidence, 1/30, counts for less.
        (closed_e_benjamini_hochberg, [4.0, 100.0, 0.5, 30.0], [0.25, 4 / 134.5, 1.0, 3 / 34.5 / 2]),
        (closed_e_benjamini_hochberg, [40.0], [0.025]),
    ],
)
def test_e_values_are_adjusted_as_by_hand(procedure: Procedure, e_values: list[float], adjusted: list[float]) -> None:
    with np.errstate(divide="ignore"):
        assert procedure(np.log(e_values)).tolist() == pytest.approx(adjusted)


def largest(sets: list[tuple[int, ...]]) -> set[int]:
    return set(sets[-1]) if sets else set()


def by_closed_tests(e_values: Values, alpha: float) -> set[int]:
    """What is in no set whose mean says nothing."""
    quiet = [group for group in subsets(e_values.size) if e_values[list(group)].mean() < 1.0 / alpha]
    return set(range(e_values.size)) - set(chain.from_iterable(quiet))


def by_self_consistent_sets(e_values: Values, alpha: float) -> set[int]:
    """The largest set in which everything has k/(alpha size)."""
    size = e_values.size
    sets = [chosen for chosen in subsets(size) if e_values[list(chosen)].min() >= size / (alpha * len(chosen))]
    return largest(sets)


def by_mean_consistent_sets(e_values: Values, alpha: float) -> set[int]:
    """The largest set whose false share is vouched for whatever the true nulls, of members with their own evidence."""
    groups = subsets(e_values.size)

    def is_vouched_for(chosen: tuple[int, ...]) -> bool:
        return e_values[list(chosen)].min() >= 1.0 / alpha and all(
            e_values[list(nulls)].mean() >= len({*nulls} & {*chosen}) / (alpha * len(chosen)) for nulls in groups
        )

    return largest([chosen for chosen in groups if is_vouched_for(chosen)])


@pytest.mark.parametrize(
    ("procedure", "definition"),
    [
        (e_holm, by_closed_tests),
        (e_benjamini_hochberg, by_self_consistent_sets),
        (closed_e_benjamini_hochberg, by_mean_consistent_sets),
    ],
)
@pytest.mark.parametrize("alpha", [0.05, 0.3])
def test_rejections_are_those_of_the_definition_over_all_sets(
    procedure: Procedure, definition: Callable[[Values, float], set[int]], alpha: float
) -> None:
    rng = np.random.default_rng(2)
    sizes = set()
    for _ in range(150):
        e_values = np.exp(rng.normal(1.0 - math.log(alpha), 1.5, size=rng.integers(1, 6)))
        expected = definition(e_values, alpha)
        sizes.add(len(expected))
        assert set(np.flatnonzero(procedure(np.log(e_values)) <= alpha)) == expected
    assert sizes == set(range(6))


def test_closed_procedures_reject_all_that_the_simple_ones_do_and_more() -> None:
    rng = np.random.default_rng(3)
    gained = {e_holm: 0, closed_e_benjamini_hochberg: 0}
    for _ in range(300):
        logs = rng.normal(3.0, 2.0, size=12)
        simple = {e_holm: holm(np.exp(-np.maximum(logs, 0.0))), closed_e_benjamini_hochberg: e_benjamini_hochberg(logs)}
        for closed, adjusted in simple.items():
            ours = closed(logs)
            assert (ours <= adjusted * (1.0 + 1e-12)).all()
            gained[closed] += int(np.count_nonzero((ours <= ALPHA) & (adjusted > ALPHA)))
    assert min(gained.values()) > 100


def test_nothing_is_rejected_without_evidence_of_its_own() -> None:
    # One false among fifty would still be a share of two percent.
    adjusted = closed_e_benjamini_hochberg([50.0] * 49 + [0.0])
    assert (adjusted[:49] <= ALPHA).all()
    assert adjusted[49] == 1.0


def test_equal_evidence_is_equally_adjusted() -> None:
    # Either of the two might be rejected at 5 % with the first two, but not both.
    adjusted = closed_e_benjamini_hochberg(np.log([1e4, 33.4, 20.0, 20.0, 1e-9, 1e-9]))
    assert adjusted[2] == adjusted[3]
    assert adjusted[1] <= ALPHA < adjusted[2]


@pytest.mark.parametrize("procedure", FROM_E_VALUES)
def test_e_values_beyond_all_floats_are_taken(procedure: Procedure) -> None:
    with np.errstate(all="raise", under="ignore"):
        adjusted = procedure(np.array([5000.0, -5000.0, math.inf, -math.inf]))
    assert adjusted.tolist() == [0.0, 1.0, 0.0, 1.0]
    assert procedure(np.array([800.0] * 3)).tolist() == pytest.approx([0.0] * 3, abs=1e-300)
    assert procedure(np.array([-math.inf] * 3)).tolist() == [1.0] * 3
    assert procedure(np.array([])).tolist() == []


@pytest.mark.parametrize("procedure", FROM_E_VALUES)
def test_what_is_no_logarithm_of_an_e_value_is_named(procedure: Procedure) -> None:
    with pytest.raises(ValueError, match=r"log_e_values\[1\] is nan"):
        procedure(np.array([0.0, math.nan]))
    with pytest.raises(ValueError, match="one-dimensional"):
        procedure(np.zeros((2, 2)))


def all_at_once(rng: np.random.Generator) -> Values:
    return np.full(20, math.log(1.0 / ALPHA) if rng.random() < ALPHA else -math.inf)


def one_at_a_time(rng: np.random.Generator) -> Values:
    logs = np.full(20, -math.inf)
    if rng.random() < ALPHA:
        logs[rng.integers(20)] = math.log(20.0 / ALPHA)
    return logs


def with_shared_noise(rng: np.random.Generator) -> Values:
    scores = math.sqrt(0.7) * rng.normal() + math.sqrt(0.3) * rng.normal(size=20)
    return 2.0 * scores - 2.0


@pytest.mark.parametrize("procedure", FROM_E_VALUES)
@pytest.mark.parametrize(("model", "tight"), [(all_at_once, True), (one_at_a_time, True), (with_shared_noise, False)])
def test_nothing_true_is_rejected_more_often_than_alpha(
    procedure: Procedure, model: Callable[[np.random.Generator], Values], *, tight: bool
) -> None:
    rng, replications = np.random.default_rng(4), 3000
    # These e-values stand at the threshold but for rounding.
    rate = np.mean([(procedure(model(rng)) <= ALPHA * (1.0 + 1e-9)).any() for _ in range(replications)])
    error = 3.0 * math.sqrt(ALPHA * (1.0 - ALPHA) / replications)
    assert rate <= ALPHA + error
    assert rate >= ALPHA - error or not tight


@pytest.mark.parametrize("procedure", FALSE_DISCOVERY_RATE)
@pytest.mark.parametrize("true_ones", [5, 15])
def test_the_false_share_among_many_found_is_at_most_alpha(procedure: Procedure, true_ones: int) -> None:
    rng, shares, found = np.random.default_rng(5), [], 0
    for _ in range(1000):
        logs = with_shared_noise(rng)
        logs[:true_ones] += 6.0
        # The nulls are e-values of the worst kind: seldom, but then together and just large enough.
        if rng.random() < ALPHA:
            logs[true_ones:] = math.log(1.0 / ALPHA)
        else:
            logs[true_ones:] = -math.inf
        rejected = procedure(logs) <= ALPHA * (1.0 + 1e-9)
        shares.append(rejected[true_ones:].sum() / max(rejected.sum(), 1))
        found += int(rejected[:true_ones].sum())
    assert np.mean(shares) <= ALPHA
    assert found > 200 * true_ones


@pytest.mark.parametrize(
    ("sides", "expected"),
    [(Sides.TWO_SIDED, [0.06, 0.18, 0.18, 1.0]), (Sides.GREATER, [0.03, 0.09, 0.09, 0.9])],
)
def test_holm_is_over_the_p_values_of_better_at_what_the_sides_leave(sides: Sides, expected: list[float]) -> None:
    pvalues = [0.0075, 0.04, 0.03, 0.9]
    decision = decide_family(family(4, sides=sides), [result(p, -9.0) for p in pvalues])
    assert decision.adjusted == pytest.approx(expected)
    assert decision.better == (sides is Sides.GREATER, False, False, False)
    if sides is Sides.TWO_SIDED:
        assert decision.adjusted == tuple(holm([min(1.0, 2.0 * p) for p in pvalues]))


@pytest.mark.parametrize("sides", list(Sides))
def test_false_discoveries_are_controlled_by_the_e_values_of_now(sides: Sides) -> None:
    design = family(3, sides=sides, correction=Correction.E_BENJAMINI_HOCHBERG)
    logs = [math.log(50.0), math.log(45.0), 0.0]
    # P-values are running: what was small once does not count.
    decision = decide_family(design, [result(1e-9, log_e) for log_e in logs])
    scale = 1.0 if sides is Sides.GREATER else 2.0
    assert decision.adjusted == pytest.approx(np.minimum(scale * closed_e_benjamini_hochberg(logs), 1.0).tolist())
    assert decision.better == ((True, True, False) if sides is Sides.GREATER else (False, False, False))


@pytest.mark.parametrize("correction", list(Correction))
def test_a_comparison_without_a_result_counts_as_one_without_evidence(correction: Correction) -> None:
    design = family(5, correction=correction)
    results = [result(0.004, 5.0), result(0.02, 3.0)]
    nothing = result(1.0, -math.inf)
    few, whole = decide_family(design, results), decide_family(design, [*results, *[nothing] * 3])
    assert few.adjusted == whole.adjusted[:2]
    assert few.better == whole.better[:2]
    assert decide_family(design, []).better == ()


@pytest.mark.parametrize("correction", list(Correction))
def test_a_withheld_result_is_no_evidence(correction: Correction) -> None:
    strong = result(1e-9, 20.0)
    decision = decide_family(family(2, correction=correction), [strong, replace(strong, withheld="Too few regimes.")])
    assert decision.better == (True, False)
    assert decision.adjusted[1] == 1.0


def test_there_are_no_more_results_than_comparisons() -> None:
    with pytest.raises(ValueError, match=r"results has 3 entries: .* among 2 comparisons"):
        decide_family(family(2), [result(0.5, 0.0)] * 3)


@pytest.mark.parametrize("sides", list(Sides))
def test_alone_a_family_decides_what_the_comparison_says(sides: Sides) -> None:
    rng, design = np.random.default_rng(6), Design(ALPHA, 500, sides=sides)
    verdicts = set()
    for _ in range(60):
        test = PairedMean(design)
        for batch in np.split(rng.normal(0.1, 1.0, size=500), 10):
            test.update(batch)
        verdict = test.result().verdict
        verdicts.add(verdict)
        assert decide_family(design, [test.result()]).better == (verdict is Verdict.BETTER,)
    assert len(verdicts) > 1


@pytest.mark.parametrize("correction", list(Correction))
def test_the_better_ones_among_many_are_found_and_the_others_left(correction: Correction) -> None:
    rng, size, better = np.random.default_rng(7), 10, 3
    design = family(size, planned_samples=600, correction=correction)
    found, false, families = 0, 0.0, 30
    for _ in range(families):
        gains = np.where(np.arange(size) < better, 0.25, 0.0)[:, None] + rng.normal(size=(size, 600))
        # All are compared with one champion.
        differences = gains - 0.5 * rng.normal(size=600)
        tests = [PairedMean(design) for _ in range(size)]
        for batch in np.split(differences, 6, axis=1):
            for test, values in zip(tests, batch, strict=True):
                test.update(values)
        decided = decide_family(design, [test.result() for test in tests]).better
        found += sum(decided[:better])
        wrong = sum(decided[better:])
        false += wrong > 0 if correction is Correction.HOLM else wrong / max(sum(decided), 1)
    assert found >= 0.8 * better * families
    assert false / families <= ALPHA + 3.0 * math.sqrt(ALPHA / families)
