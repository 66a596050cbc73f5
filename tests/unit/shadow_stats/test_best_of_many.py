import math
import tracemalloc
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter

from shadow_stats import paired_mean_report
from shadow_stats.best_of_many import (
    BlockResampling,
    _block_begins,
    _deviations,
    _exceedances,
    _spreads,
    reality_check,
)
from shadow_stats.block_length import optimal_block_length

Values = NDArray[np.float64]

RESAMPLINGS: list[BlockResampling] = ["stationary", "circular"]
ALPHA = 0.05


def market(seed: int, size: int, gains: list[float], persistence: float = 0.0) -> tuple[Values, Values]:
    """Challengers with these mean gains and different volatilities, and a champion, all moved by one market."""
    rng = np.random.default_rng(seed)
    shocks = rng.normal(size=(size + 50, len(gains) + 2)) * np.linspace(0.5, 1.5, len(gains) + 2)
    streams = np.asarray(lfilter([1.0], [1.0, -persistence], shocks, axis=0))[50:]
    shared = streams + rng.normal(size=(size, 1))
    return shared[:, 1:-1] + np.array(gains), shared[:, 0]


MARKETS = [
    market(1, 200, [0.1, 0.0, -0.3, 0.25]),
    market(2, 150, [0.0, 0.05, 0.0, -0.3, -0.1, -1.0], 0.4),
    market(3, 333, [-0.2, -0.05, 0.02]),
    market(4, 250, [0.4, 0.3, 0.0, 0.35, -0.4, 0.0, 0.1], -0.2),
]


def written_out(begins: NDArray[np.bool_], starts: NDArray[np.intp]) -> NDArray[np.intp]:
    """The samples that one resample takes."""
    chosen: list[int] = []
    draws = iter(starts.tolist())
    for begin in begins:
        chosen.append(next(draws) if begin else (chosen[-1] + 1) % begins.size)
    return np.array(chosen)


@pytest.mark.parametrize(("resampling", "length"), [("circular", 1.0), ("circular", 7.0), ("stationary", 4.5)])
def test_resamples_are_those_written_out(resampling: BlockResampling, length: float) -> None:
    differences = np.round(8.0 * np.random.default_rng(1).normal(size=(40, 3)))
    centred = differences - differences.mean(axis=0)
    deviations = np.concatenate(list(_deviations(centred, length, resampling, 50, np.random.default_rng(2))))
    same = np.random.default_rng(2)
    begins = _block_begins((50, 40), length, resampling, same)
    starts = np.split(same.integers(40, size=np.count_nonzero(begins)), np.cumsum(begins.sum(axis=1))[:-1])
    resamples = [centred[written_out(*blocks)].mean(axis=0) for blocks in zip(begins, starts, strict=True)]
    assert deviations == pytest.approx(np.array(resamples), abs=1e-12)


def test_stationary_blocks_have_the_mean_length() -> None:
    begins = _block_begins((500, 400), 5.0, "stationary", np.random.default_rng(1))
    assert begins[:, 0].all()
    assert begins[:, 1:].mean() == pytest.approx(0.2, abs=0.005)
    assert np.flatnonzero(_block_begins((1, 11), 4.0, "circular", np.random.default_rng(1))).tolist() == [0, 4, 8]


@pytest.mark.parametrize(("size", "length"), [(60, 6), (61, 7), (62, 31), (60, 1)])
def test_circular_spreads_are_those_of_blocks_drawn_from_the_circle(size: int, length: int) -> None:
    centred = MARKETS[1][0][:size] - MARKETS[1][0][:size].mean(axis=0)
    circle = np.concatenate([centred, centred])
    variance = np.zeros(centred.shape[1])
    for block in [length] * (size // length) + [size % length]:
        variance += np.mean([circle[start : start + block].sum(axis=0) ** 2 for start in range(size)], axis=0)
    assert _spreads(centred, float(length), "circular") == pytest.approx(np.sqrt(variance) / size)


@pytest.mark.parametrize("length", [1, 6, 40])
def test_stationary_spreads_are_those_of_arch(length: int) -> None:
    arch = pytest.importorskip("arch.bootstrap")
    challengers, champion = MARKETS[1]
    oracle = arch.SPA(-champion, -challengers, block_size=length, reps=2, seed=1)
    oracle.compute()
    differences = challengers - champion[:, None]
    spreads = _spreads(differences - differences.mean(axis=0), float(length), "stationary")
    assert spreads == pytest.approx(np.sqrt(oracle._loss_diff_var / champion.size))


@pytest.mark.parametrize("resampling", RESAMPLINGS)
def test_spreads_are_the_standard_deviations_of_the_resamples(resampling: BlockResampling) -> None:
    centred = MARKETS[1][0] - MARKETS[1][0].mean(axis=0)
    deviations = np.concatenate(list(_deviations(centred, 8.0, resampling, 20_000, np.random.default_rng(1))))
    spreads = _spreads(centred, 8.0, resampling)
    assert deviations.std(axis=0) == pytest.approx(spreads, rel=0.025)
    assert deviations.mean(axis=0) == pytest.approx(np.zeros(spreads.size), abs=0.03 * spreads.max())


class Oracle:
    """The tests of arch on the same data.

    It compares means without studentising them. So each series is given to it in units in which a resampled mean has
    the spread 1, and an observed one is as many of its standard errors.
    """

    def __init__(self, challengers: Values, champion: Values, resampling: BlockResampling, length: int) -> None:
        self.arch: Any = pytest.importorskip("arch.bootstrap")
        self.differences = challengers - champion[:, None]
        self.effects = self.differences.mean(axis=0)
        centred = self.differences - self.effects
        self.errors = np.array([paired_mean_report(one, champion).standard_error for one in challengers.T])
        self.spreads = _spreads(centred, float(length), resampling)
        self.studentised = centred / self.spreads + self.effects / self.errors
        self.terms: dict[str, Any] = {"block_size": length, "bootstrap": resampling, "seed": 5}

    def white(self, reps: int) -> float:
        return self._spa(self.differences, reps)[2]

    def hansen(self, reps: int) -> list[float]:
        return self._spa(self.studentised, reps)

    def step_m(self, reps: int) -> list[int]:
        nothing = np.zeros(len(self.studentised))
        test = self.arch.StepM(nothing, -self.studentised, size=ALPHA, reps=reps, **self.terms)
        test.compute()
        return list(test.superior_models)

    def deviations(self, reps: int) -> Values:
        """What the very resamples of arch give."""
        name = "StationaryBootstrap" if self.terms["bootstrap"] == "stationary" else "CircularBlockBootstrap"
        bootstrap = getattr(self.arch, name)(self.terms["block_size"], self.differences, seed=self.terms["seed"])
        means = np.array([resampled[0].mean(axis=0) for resampled, _ in bootstrap.bootstrap(reps)])
        deviations: Values = means - self.effects
        return deviations

    def _spa(self, gains: Values, reps: int) -> list[float]:
        test = self.arch.SPA(np.zeros(len(gains)), -gains, reps=reps, **self.terms)
        test.compute()
        return list(test.pvalues)


@pytest.mark.parametrize("resampling", RESAMPLINGS)
@pytest.mark.parametrize("data", MARKETS)
def test_on_the_same_resamples_the_counts_are_those_of_arch(
    data: tuple[Values, Values], resampling: BlockResampling
) -> None:
    reps, oracle = 300, Oracle(*data, resampling, 6)
    order = np.argsort(-oracle.effects / oracle.errors)
    spreads, effects, errors = (part[order] for part in (oracle.spreads, oracle.effects, oracle.errors))
    counts = _exceedances(oracle.deviations(reps)[:, order], spreads, effects, errors, len(oracle.differences))
    white, lower, upper, *stepped = counts.tolist()
    assert white == round(reps * oracle.white(reps))
    assert [lower, stepped[0], upper] == [round(reps * pvalue) for pvalue in oracle.hansen(reps)]
    adjusted = np.maximum.accumulate((1 + np.array(stepped)) / (1 + reps))
    assert sorted(order[adjusted <= ALPHA]) == oracle.step_m(reps)


@pytest.mark.parametrize("resampling", RESAMPLINGS)
@pytest.mark.parametrize("data", MARKETS)
def test_p_values_are_those_of_arch(data: tuple[Values, Values], resampling: BlockResampling) -> None:
    reps = 1500
    oracle = Oracle(*data, resampling, 6)
    report = reality_check(*data, resampling=resampling, block_length=6, rng=1)
    ours = [report.pvalue_white, report.pvalue_lower, report.pvalue, report.pvalue_upper]
    assert ours == pytest.approx([oracle.white(reps), *oracle.hansen(reps)], abs=4.0 * math.sqrt(0.25 / reps))
    assert report.standard_errors == pytest.approx(oracle.errors)
    assert np.flatnonzero(report.better(ALPHA)).tolist() == oracle.step_m(reps)


def test_figures_of_each_challenger_are_in_the_order_given() -> None:
    challengers, champion = MARKETS[3]
    report = reality_check(challengers, champion, rng=1)
    assert report.effects == pytest.approx(challengers.mean(axis=0) - champion.mean())
    assert report.statistic == pytest.approx((report.effects / report.standard_errors).max())
    assert report.adjusted_pvalues[np.argmax(report.effects / report.standard_errors)] == report.pvalue
    assert report.samples == 250
    for index in range(7):
        alone = reality_check(challengers[:, [index]], champion, block_length=report.block_length, rng=1)
        assert alone.effects[0] == pytest.approx(report.effects[index])
        assert alone.standard_errors[0] == pytest.approx(report.standard_errors[index])
        # Alone it has no choice among many to pay for.
        assert alone.pvalue <= report.adjusted_pvalues[index] + 0.01


@pytest.mark.parametrize("resampling", RESAMPLINGS)
def test_blocks_are_automatic_and_as_long_as_the_longest_asks_for(resampling: BlockResampling) -> None:
    challengers, champion = MARKETS[1]
    report = reality_check(challengers, champion, resampling=resampling, n_resamples=10, rng=1)
    longest = max(getattr(optimal_block_length(column - champion), resampling) for column in challengers.T)
    assert report.block_length == (longest if resampling == "stationary" else math.ceil(longest))
    assert reality_check(challengers[:20], champion[:20], n_resamples=10, rng=1).block_length <= 10.0


def test_where_nobody_gains_nobody_is_better() -> None:
    report = reality_check(*market(8, 100, [-0.8, -0.9]), n_resamples=99, rng=1)
    assert (report.statistic, report.pvalue_lower, report.pvalue, report.pvalue_upper) == (0.0, 1.0, 1.0, 1.0)
    assert report.adjusted_pvalues.tolist() == [1.0, 1.0]


def test_the_same_challenger_again_costs_nothing() -> None:
    challengers, champion = MARKETS[3]
    once = reality_check(challengers, champion, rng=1)
    thrice = reality_check(np.tile(challengers, 3), champion, rng=1)
    assert thrice.pvalue == pytest.approx(once.pvalue, abs=1e-3)
    assert thrice.pvalue_white == pytest.approx(once.pvalue_white, abs=1e-3)


def test_poor_challengers_dilute_only_what_takes_them_for_equals() -> None:
    challengers, champion = market(9, 400, [0.2, *[-3.0] * 30])
    alone = reality_check(challengers[:, :1], champion, block_length=1, rng=1)
    among = reality_check(challengers, champion, block_length=1, rng=1)
    assert among.pvalue == pytest.approx(alone.pvalue, abs=0.01)
    assert among.pvalue_lower == among.pvalue
    assert among.pvalue_upper > 5.0 * alone.pvalue
    assert among.pvalue_white > 5.0 * alone.pvalue


@pytest.mark.parametrize(("persistence", "resampling"), [(0.0, "stationary"), (0.5, "stationary"), (0.5, "circular")])
def test_equal_models_are_told_apart_no_more_often_than_alpha(persistence: float, resampling: BlockResampling) -> None:
    replications, found = 300, np.zeros(4)
    for seed in range(replications):
        data = market(seed, 400, [0.0] * 10, persistence)
        length = 1.0 + 20.0 * persistence
        report = reality_check(*data, resampling=resampling, block_length=length, n_resamples=199, rng=1)
        pvalues = [report.pvalue_lower, report.pvalue, report.pvalue_upper, report.adjusted_pvalues.min()]
        found += np.array(pvalues) <= ALPHA
    error = 3.0 * math.sqrt(ALPHA * (1.0 - ALPHA) / replications)
    assert found / replications == pytest.approx(np.full(4, ALPHA), abs=error)


def test_stepping_finds_the_better_ones_and_leaves_the_rest() -> None:
    replications, found, false = 100, 0, 0
    for seed in range(replications):
        report = reality_check(
            *market(seed, 500, [0.3, 0.25, 0.3, *[0.0] * 6, -0.5]), block_length=1, n_resamples=199, rng=1
        )
        found += int(np.count_nonzero(report.better()[:3]))
        false += bool(report.better()[3:].any())
    assert found >= 0.8 * 3 * replications
    assert false / replications <= ALPHA + 3.0 * math.sqrt(ALPHA * (1.0 - ALPHA) / replications)


def test_memory_does_not_grow_with_the_resamples() -> None:
    challengers, champion = market(10, 2000, [0.0] * 20)
    tracemalloc.start()
    reality_check(challengers, champion, block_length=20, n_resamples=4000, rng=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # One entry for each sample of each resample would be 64 MB.
    assert peak < 16e6


@pytest.mark.parametrize(
    ("challengers", "champion", "terms", "said"),
    [
        (np.ones((20, 2)), np.ones(19), {}, r"challengers has shape \(20, 2\): it must have 19 rows"),
        (np.ones(20), np.ones(20), {}, r"challengers has shape \(20,\)"),
        (np.ones((20, 0)), np.ones(20), {}, r"a column for each challenger"),
        (np.ones((19, 1)), np.ones(19), {}, "champion has 19 entries: at least 20"),
        (np.full((20, 1), math.nan), np.ones(20), {}, r"challengers\[:, 0\]\[0\] is nan"),
        (np.ones((20, 1)), np.full(20, math.inf), {}, r"champion\[0\] is inf"),
        (np.arange(40.0).reshape(20, 2), np.arange(0.0, 40.0, 2.0), {}, r"challengers\[:, 0\] minus champion does not"),
        (None, None, {"block_length": 0.5}, "block_length is 0.5: it must lie between 1 and 100"),
        (None, None, {"block_length": 101}, "block_length is 101"),
        (None, None, {"resampling": "iid"}, "resampling is 'iid': it must be one of stationary, circular"),
        (None, None, {"n_resamples": 0}, "n_resamples is 0: it must be at least 1"),
    ],
)
def test_what_cannot_be_used_is_named(
    challengers: Values | None, champion: Values | None, terms: dict[str, Any], said: str
) -> None:
    usual = MARKETS[0]
    with pytest.raises(ValueError, match=said):
        reality_check(*(usual if challengers is None or champion is None else (challengers, champion)), **terms)


def test_a_level_is_a_probability() -> None:
    with pytest.raises(ValueError, match=r"alpha is 1\.0"):
        reality_check(*MARKETS[0], n_resamples=9).better(1.0)


def test_a_seed_gives_the_same_and_a_generator_goes_on() -> None:
    rng = np.random.default_rng(1)
    first, second, again = (reality_check(*MARKETS[0], n_resamples=500, rng=source) for source in (rng, rng, 1))
    assert again.adjusted_pvalues.tolist() == first.adjusted_pvalues.tolist()
    assert second.adjusted_pvalues.tolist() != first.adjusted_pvalues.tolist()
