"""What is no number, or pairs nothing, is refused by every way in, and by name."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import shadow_stats as stats
from shadow_stats.effective_samples import effective_share

Series = NDArray[np.float64]
Call = Callable[[Series], Any]

SIZE = 40
RNG = np.random.default_rng(0)
VALUES = RNG.normal(size=SIZE)
OTHER = RNG.normal(size=SIZE)
SHARES = RNG.random(SIZE)
COUNTS = RNG.integers(1, 9, SIZE).astype(np.float64)
EDGES = np.arange(SIZE + 1.0)
TIMES = np.arange(SIZE, dtype=np.float64)
DESIGN = stats.Design(0.05, 100)
BOUNDED = stats.Design(0.05, 100, stats.Guarantee.BOUNDED, bound=10.0)

# Each with the argument under test left open, and a series that it takes.
SERIES: dict[str, tuple[Call, Series]] = {
    "ewma_weights pnl": (lambda x: stats.ewma_weights(x.reshape(-1, 2), half_life=5.0), VALUES),
    "hedge_weights pnl": (lambda x: stats.hedge_weights(x.reshape(-1, 2), scale=1.0), VALUES),
    "limited_weights weights": (stats.limited_weights, SHARES),
    "limited_weights previous": (lambda x: stats.limited_weights(SHARES, previous=x, smoothing=0.5), SHARES),
    "thompson_beta successes": (lambda x: stats.thompson_beta(x, COUNTS, rng=RNG), COUNTS),
    "thompson_beta failures": (lambda x: stats.thompson_beta(COUNTS, x, rng=RNG), COUNTS),
    "thompson_normal means": (lambda x: stats.thompson_normal(x, SHARES + 1.0, rng=RNG), VALUES),
    "thompson_normal errors": (lambda x: stats.thompson_normal(VALUES, x, rng=RNG), SHARES + 1.0),
    "action_diversity counts": (stats.action_diversity, COUNTS),
    "agreement table": (lambda x: stats.agreement(x[:36].reshape(6, 6)), COUNTS),
    "confidence_spread counts": (lambda x: stats.confidence_spread(x, EDGES), COUNTS),
    "confidence_spread edges": (lambda x: stats.confidence_spread(COUNTS, x), EDGES),
    "optimal_block_length series": (stats.optimal_block_length, VALUES),
    "bootstrap pnl": (lambda x: stats.bootstrap(x, n_resamples=2, rng=1), VALUES),
    "calibration_error probabilities": (lambda x: stats.calibration_error(x, SHARES > 0.5), SHARES),
    "calibration_error outcomes": (lambda x: stats.calibration_error(SHARES, x), np.round(SHARES)),
    "reliability_curve probabilities": (lambda x: stats.reliability_curve(x, SHARES > 0.5), SHARES),
    "reliability_curve outcomes": (lambda x: stats.reliability_curve(SHARES, x), np.round(SHARES)),
    "early_late values": (stats.early_late, VALUES),
    "volatility_shift reference": (lambda x: stats.volatility_shift(x, OTHER), VALUES),
    "volatility_shift current": (lambda x: stats.volatility_shift(OTHER, x), VALUES),
    "effective_share parts": (effective_share, VALUES),
    "degradation truth": (lambda x: stats.degradation("MAE", x, VALUES, OTHER), VALUES),
    "degradation predicted": (lambda x: stats.degradation("MAE", VALUES, x, OTHER), VALUES),
    "degradation baseline": (lambda x: stats.degradation("MAE", VALUES, OTHER, x), VALUES),
    "drawdown_test challenger": (lambda x: stats.drawdown_test(x, OTHER, n_resamples=2, rng=1), VALUES),
    "drawdown_test champion": (lambda x: stats.drawdown_test(OTHER, x, n_resamples=2, rng=1), VALUES),
    "kolmogorov_smirnov reference": (lambda x: stats.kolmogorov_smirnov(x, OTHER), VALUES),
    "kolmogorov_smirnov current": (lambda x: stats.kolmogorov_smirnov(OTHER, x), VALUES),
    "histogram_kolmogorov_smirnov reference": (lambda x: stats.histogram_kolmogorov_smirnov(x, COUNTS), COUNTS),
    "histogram_kolmogorov_smirnov current": (lambda x: stats.histogram_kolmogorov_smirnov(COUNTS, x), COUNTS),
    "population_stability reference": (lambda x: stats.population_stability(x, OTHER), VALUES),
    "population_stability current": (lambda x: stats.population_stability(OTHER, x), VALUES),
    "histogram_stability reference": (lambda x: stats.histogram_stability(x, COUNTS), COUNTS),
    "histogram_stability current": (lambda x: stats.histogram_stability(COUNTS, x), COUNTS),
    "paired_mean_report challenger": (lambda x: stats.paired_mean_report(x, OTHER), VALUES),
    "paired_mean_report champion": (lambda x: stats.paired_mean_report(OTHER, x), VALUES),
    "SharpeMoments.of pnl": (stats.SharpeMoments.of, VALUES),
    "ledoit_wolf_bootstrap challenger": (lambda x: stats.ledoit_wolf_bootstrap(x, OTHER, n_resamples=2), VALUES),
    "ledoit_wolf_bootstrap champion": (lambda x: stats.ledoit_wolf_bootstrap(OTHER, x, n_resamples=2), VALUES),
    "jobson_korkie_memmel challenger": (lambda x: stats.jobson_korkie_memmel(x, OTHER), VALUES),
    "jobson_korkie_memmel champion": (lambda x: stats.jobson_korkie_memmel(OTHER, x), VALUES),
    "ledoit_wolf_hac challenger": (lambda x: stats.ledoit_wolf_hac(x, OTHER), VALUES),
    "ledoit_wolf_hac champion": (lambda x: stats.ledoit_wolf_hac(OTHER, x), VALUES),
    "welch challenger": (lambda x: stats.welch(x, OTHER), VALUES),
    "welch champion": (lambda x: stats.welch(OTHER, x), VALUES),
    "PairedWins.of challenger": (lambda x: stats.PairedWins.of(x, OTHER), VALUES),
    "PairedWins.of champion": (lambda x: stats.PairedWins.of(OTHER, x), VALUES),
    "Adwin values": (lambda x: stats.Adwin().update(x), SHARES),
    "PageHinkley values": (lambda x: stats.PageHinkley().update(x), VALUES),
    "EDetector values": (lambda x: stats.EDetector(0.1, 0.0, deviation=1.0).update(x), VALUES),
    "Drawdown pnl": (lambda x: stats.Drawdown(100.0).update(x), VALUES),
    "paired challenger_times": (lambda x: stats.paired(x, OTHER, TIMES, OTHER), TIMES),
    "paired challenger": (lambda x: stats.paired(TIMES, x, TIMES, OTHER), VALUES),
    "paired champion_times": (lambda x: stats.paired(TIMES, OTHER, x, OTHER), TIMES),
    "paired champion": (lambda x: stats.paired(TIMES, OTHER, TIMES, x), VALUES),
    "reality_check champion": (
        lambda x: stats.reality_check(np.stack([SHARES, OTHER], axis=1), x, n_resamples=2, rng=1),
        VALUES,
    ),
    "BootstrapMean differences": (lambda x: stats.BootstrapMean(DESIGN).update(x), VALUES),
    "BootstrapSharpe challenger": (lambda x: stats.BootstrapSharpe(DESIGN).update(x, OTHER), VALUES),
    "BootstrapSharpe champion": (lambda x: stats.BootstrapSharpe(DESIGN).update(OTHER, x), VALUES),
    "BoundedMean differences": (lambda x: stats.BoundedMean(BOUNDED).update(x), VALUES),
    "PairedMean differences": (lambda x: stats.PairedMean(DESIGN).update(x), VALUES),
    "SharpeDifference challenger": (lambda x: stats.SharpeDifference(DESIGN).update(x, OTHER), VALUES),
    "SharpeDifference champion": (lambda x: stats.SharpeDifference(DESIGN).update(OTHER, x), VALUES),
    "PairedSign differences": (lambda x: stats.PairedSign(DESIGN).update(x), VALUES),
    "CalibrationTest probabilities": (lambda x: stats.CalibrationTest(0.05).update(x, SHARES > 0.5), SHARES),
    "CalibrationTest outcomes": (lambda x: stats.CalibrationTest(0.05).update(SHARES, x), np.round(SHARES)),
    "IsotonicRecalibration probabilities": (
        lambda x: stats.IsotonicRecalibration().update(x, SHARES > 0.5),
        SHARES,
    ),
    "IsotonicRecalibration.transform probabilities": (lambda x: stats.IsotonicRecalibration().transform(x), SHARES),
}

# These take two series of one length; all others take their arguments at any lengths, or one only.
PAIRED = sorted(
    name
    for name in SERIES
    if name.split()[0]
    in {
        *("thompson_beta", "thompson_normal", "confidence_spread", "calibration_error", "reliability_curve"),
        *("degradation", "drawdown_test", "histogram_kolmogorov_smirnov", "histogram_stability"),
        *("paired_mean_report", "ledoit_wolf_bootstrap", "jobson_korkie_memmel", "ledoit_wolf_hac", "PairedWins.of"),
        *("CalibrationTest", "IsotonicRecalibration", "BootstrapSharpe", "SharpeDifference", "paired", "reality_check"),
    }
)


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e61])
def test_what_is_no_number_is_refused_by_name_and_place(name: str, bad: float) -> None:
    call, series = SERIES[name]
    call(series)
    broken = series.copy()
    broken[7] = bad
    argument = name.split()[1]
    place = r"parts\[0\]\[7\]" if argument == "parts" else rf"{argument}\[7\]"
    with pytest.raises(ValueError, match=rf"{place} is (nan|-?inf|1e[+]61)"):
        call(broken)


@pytest.mark.parametrize("name", PAIRED)
@pytest.mark.parametrize("size", [SIZE - 1, 0])
def test_lengths_that_differ_are_refused(name: str, size: int) -> None:
    call, series = SERIES[name]
    with pytest.raises(ValueError, match=r"entries|bins|edges|outcomes|rows|is empty"):
        call(series[:size])


@pytest.mark.parametrize("name", sorted(set(SERIES) - {name for name in SERIES if name.endswith(("pnl", "table"))}))
def test_a_table_is_no_series(name: str) -> None:
    call, series = SERIES[name]
    with pytest.raises(ValueError, match="must be one-dimensional"):
        call(np.stack([series, series]))


def test_every_function_and_every_online_object_is_in_the_table() -> None:
    numbers_only = {
        *("deflated_sharpe", "expected_maximum_sharpe", "minimum_track_record", "probabilistic_sharpe"),
        *("sharpe_standard_error", "two_proportion", "mcnemar", "monotonicity", "drawdown_ratio"),
        *("mixture_bound", "mixture_log_e", "mixture_rho"),
        *("closed_e_benjamini_hochberg", "decide_family", "e_benjamini_hochberg", "e_holm", "holm"),
    }
    tested = {name.split()[0].split(".")[0] for name in SERIES} | numbers_only
    functions = {name for name in stats.__all__ if name[0].islower()}
    online = {name for name in stats.__all__ if hasattr(getattr(stats, name), "update")}
    assert functions | online <= tested


NAN, INF = math.nan, math.inf
MOMENTS = stats.SharpeMoments(0.1, 50)
WINS = stats.PairedWins(1, 2, 3, 4)
CURVE = stats.reliability_curve(SHARES, SHARES > 0.5)
NUMBERS: list[tuple[str, Callable[[float], object], tuple[float, ...]]] = [
    ("delta", lambda x: stats.Adwin(delta=x), (NAN, INF, 0.0, 1.0)),
    ("threshold", lambda x: stats.PageHinkley(threshold=x), (NAN, INF, 0.0)),
    ("tolerance", lambda x: stats.PageHinkley(tolerance=x), (NAN, INF, -1.0)),
    ("forgetting", lambda x: stats.PageHinkley(forgetting=x), (NAN, INF, 0.0)),
    ("alpha", lambda x: stats.EDetector(x, 0.0, deviation=1.0), (NAN, INF, 0.0, 1.0)),
    ("mean", lambda x: stats.EDetector(0.1, x, deviation=1.0), (NAN, INF)),
    ("deviation", lambda x: stats.EDetector(0.1, 0.0, deviation=x), (NAN, INF, 0.0)),
    ("bounds", lambda x: stats.EDetector(0.1, 0.0, bounds=(-1.0, x)), (NAN, INF, 0.0)),
    ("capital", stats.Drawdown, (NAN, INF, 0.0)),
    ("alpha", stats.CalibrationTest, (NAN, INF, 0.0, 1.0)),
    ("alpha", stats.IsotonicRecalibration, (NAN, INF, 0.0, 1.0)),
    ("share", lambda x: stats.early_late(VALUES, share=x), (NAN, INF, 0.0, 1.0)),
    ("effective_share", lambda x: stats.kolmogorov_smirnov(VALUES, OTHER, effective_share=x), (NAN, INF, 0.0, 1.5)),
    ("block_length", lambda x: stats.bootstrap(VALUES, block_length=x), (NAN, INF, 0.0)),
    ("half_life", lambda x: stats.ewma_weights([[1.0]], half_life=x), (NAN, INF, 0.0)),
    ("scale", lambda x: stats.hedge_weights([[1.0]], scale=x), (NAN, INF, 0.0)),
    ("learning_rate", lambda x: stats.hedge_weights([[1.0]], scale=1.0, learning_rate=x), (NAN, INF, 0.0)),
    ("cap|weights", lambda x: stats.limited_weights([1.0, 1.0], cap=x), (NAN, 0.1)),
    ("floor|weights", lambda x: stats.limited_weights([1.0, 1.0], floor=x), (NAN, INF, 0.9)),
    ("smoothing", lambda x: stats.limited_weights([1.0], smoothing=x), (NAN, INF, 1.0)),
    ("prior", lambda x: stats.thompson_beta([1.0], [1.0], rng=RNG, prior=x), (NAN, INF, 0.0)),
    ("prior_deviation", lambda x: stats.thompson_normal([1.0], [1.0], rng=RNG, prior_deviation=x), (NAN, 0.0)),
    ("benchmark", lambda x: stats.probabilistic_sharpe(MOMENTS, benchmark=x), (NAN, INF)),
    ("benchmark", lambda x: stats.minimum_track_record(MOMENTS, benchmark=x), (NAN, INF)),
    ("alpha", lambda x: stats.minimum_track_record(MOMENTS, alpha=x), (NAN, INF, 0.0)),
    ("at", lambda x: stats.sharpe_standard_error(MOMENTS, at=x), (NAN, INF)),
    ("variance", lambda x: stats.expected_maximum_sharpe(5, x), (NAN, INF, -1.0)),
    ("variance", lambda x: stats.deflated_sharpe(MOMENTS, trials=5, variance=x), (NAN, INF, -1.0)),
    ("confidence_level", stats.mcnemar(WINS).confidence_interval, (NAN, INF, 0.0, 1.0)),
    ("confidence_level", stats.welch(VALUES, OTHER).confidence_interval, (NAN, INF, 0.0, 1.0)),
    ("confidence_level", stats.ledoit_wolf_hac(VALUES, OTHER).confidence_interval, (NAN, INF, 0.0, 1.0)),
    ("confidence_level", stats.bootstrap(VALUES, n_resamples=2).mean.confidence_interval, (NAN, INF, 0.0, 1.0)),
]


@pytest.mark.parametrize(("name", "call", "bad"), NUMBERS)
def test_a_number_out_of_range_is_refused_by_name(
    name: str, call: Callable[[float], object], bad: tuple[float, ...]
) -> None:
    for value in bad:
        with pytest.raises(ValueError, match=name):
            call(value)


COUNTED: list[tuple[str, Callable[[Any], object]]] = [
    ("clock", lambda x: stats.Adwin(clock=x)),
    ("minimum_samples", lambda x: stats.PageHinkley(minimum_samples=x)),
    ("draws", lambda x: stats.thompson_beta([1.0], [1.0], rng=RNG, draws=x)),
    ("draws", lambda x: stats.thompson_normal([1.0], [1.0], rng=RNG, draws=x)),
    ("bins", lambda x: stats.calibration_error(SHARES, SHARES > 0.5, bins=x)),
    ("bins", lambda x: stats.population_stability(VALUES, OTHER, bins=x)),
    ("resamples", lambda x: stats.monotonicity(CURVE, rng=RNG, resamples=x)),
    ("n_resamples", lambda x: stats.bootstrap(VALUES, n_resamples=x)),
    ("n_resamples", lambda x: stats.drawdown_test(VALUES, OTHER, n_resamples=x)),
    ("n_resamples", lambda x: stats.ledoit_wolf_bootstrap(VALUES, OTHER, n_resamples=x)),
    ("trials", lambda x: stats.expected_maximum_sharpe(x, 0.1)),
    ("samples", lambda x: stats.SharpeMoments(0.1, x)),
    ("both", lambda x: stats.PairedWins(x, 1, 1, 1)),
    ("wins of the challenger", lambda x: stats.two_proportion((x, 1), (9, 9))),
]


@pytest.mark.parametrize(("name", "call"), COUNTED)
def test_a_count_is_a_whole_number_and_not_below_its_least(name: str, call: Callable[[Any], object]) -> None:
    for value in (2.5, math.nan, True):
        with pytest.raises(TypeError, match=f"{name} is {value}: it must be a whole number"):
            call(value)
    with pytest.raises(ValueError, match=f"{name} is -1"):
        call(-1)
