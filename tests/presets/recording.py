"""Recorded series of models whose traits are known: what a Prometheus holds of a rollout, hour by hour.

A trait holds from the first hour to the last, so that it does not matter when anybody looks.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
NAMESPACE = "presets"
CHAMPION, CHALLENGER = "steady", "candidate"
DECISIONS = 200

Hours = NDArray[np.float64]
Series = tuple[str, Mapping[str, str], Hours]

_CONFIDENCES = np.linspace(0.5, 1.0, 21)
_BINS = (0.5, 0.6, 0.7, 0.8, 0.9)
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0)
_FEATURE = np.linspace(-3.0, 15.0, 37)


@dataclass(frozen=True)
class Traits:
    """How one model behaves.

    Attributes:
        gain: mean result of a decision, in account currency; the results of an hour deviate by about 1.1 a decision.
        bonus: what it earns more in each hour in which the champion gains; otherwise it does as the champion.
        plunge: loss of one hour, the thirtieth, in account currency.
        trades: settled an hour.
        days_a_session: one session in so many days.
        turnover: of one decision, in account currency.
        buys: share of its predictions that are to buy.
        sure: it is always equally sure.
        agrees: share of its predictions that agree with the acting model.
        hits: share of hits of a prediction of confidence c, as (at .5, at 1).
        slow: share of its answers that take .4 s.
        errors: questions without an answer, an hour.
        wanders: its feature moves by so many deviations a day.
        restarts: a day.
        absolute, squared, percentage, wrong: its errors a decision, by measure.

    """

    gain: float = 0.1
    bonus: float | None = None
    plunge: float = 0.0
    trades: float = 10.0
    days_a_session: int = 1
    turnover: float = 50.0
    buys: float = 0.4
    sure: bool = False
    agrees: float = 0.7
    hits: tuple[float, float] = (0.5, 1.0)
    slow: float = 0.0
    errors: float = 0.2
    wanders: float = 0.0
    restarts: int = 0
    absolute: float = 1.0
    squared: float = 1.0
    percentage: float = 1.0
    wrong: float = 0.5


GOOD = Traits(gain=0.8, absolute=0.8, squared=0.6, percentage=0.8, wrong=0.4)


@dataclass(frozen=True)
class Recording:
    """One rollout's series over some days; the champion has the traits that `Traits` has by default."""

    rollout: str
    traits: Traits
    days: int

    def series(self) -> Iterator[Series]:
        """Every series, as counters hour by hour."""
        hours = self.days * 24
        random = np.random.default_rng(zlib.crc32(self.rollout.encode()))
        market = random.normal(0.0, 0.5, hours)
        champion = Traits().gain + market + random.normal(0.0, 1.0, hours)
        yield from _model(self, CHAMPION, Traits(), champion, random)
        yield from _model(self, CHALLENGER, self.traits, _results(self.traits, champion, market, random), random)


def _results(traits: Traits, champion: Hours, market: Hours, random: np.random.Generator) -> Hours:
    if traits.bonus is not None:
        return champion + np.where(champion > 0, traits.bonus, 0.0)
    results: Hours = traits.gain + market + random.normal(0.0, 1.0, market.size)
    return results


def _model(
    recording: Recording, name: str, traits: Traits, results: Hours, random: np.random.Generator
) -> Iterator[Series]:
    whose = {"namespace": NAMESPACE, "rollout": recording.rollout, "model": name}
    for metric, labels, increments in _increments(traits, results, random):
        yield metric, {**whose, **labels}, np.concatenate([[0.0], np.cumsum(increments)])


def _increments(traits: Traits, results: Hours, random: np.random.Generator) -> Iterator[Series]:
    hours = results.size
    each = np.ones(hours)
    money = DECISIONS * results
    if traits.plunge:
        money[29] -= traits.plunge
    yield "model_profit_total", {}, np.maximum(money, 0.0)
    yield "model_loss_total", {}, np.maximum(-money, 0.0)
    yield "model_decisions_total", {}, DECISIONS * each
    yield "model_trades_total", {"outcome": "win"}, traits.trades * each
    yield "model_turnover_total", {}, traits.turnover * DECISIONS * each
    # A session ends at 16:00.
    yield "model_sessions_total", {}, (np.arange(1, hours + 1) % (24 * traits.days_a_session) == 16) * 1.0
    yield from _behaviour(traits, hours, random)
    yield from _service(traits, hours)
    for metric, error in (
        ("model_prediction_error_abs_total", traits.absolute),
        ("model_prediction_error_squared_total", traits.squared),
        ("model_prediction_error_percentage_total", traits.percentage),
    ):
        yield metric, {}, DECISIONS * error * random.gamma(25.0, 1 / 25.0, hours)
    wrong = random.binomial(DECISIONS, traits.wrong, hours)
    yield "model_prediction_direction_total", {"correct": "false"}, wrong.astype(np.float64)


def _behaviour(traits: Traits, hours: int, random: np.random.Generator) -> Iterator[Series]:
    each = np.ones(hours)
    rest = (1.0 - traits.buys) / 2
    for action, share in (("buy", traits.buys), ("sell", rest), ("hold", rest)):
        yield "model_predictions_total", {"action": action}, DECISIONS * share * each
    for agrees, share in (("true", traits.agrees), ("false", 1.0 - traits.agrees)):
        yield "model_agreement_total", {"agrees": agrees}, DECISIONS * share * each
    for edge in _CONFIDENCES[1:]:
        reached = float(edge >= 0.75) if traits.sure else (edge - 0.5) / 0.5
        yield "model_prediction_confidence_bucket", {"le": f"{edge:.3f}"}, DECISIONS * reached * each
    for lower in _BINS:
        middle = lower + 0.05
        chance = np.interp(middle, (0.5, 1.0), traits.hits)
        count = DECISIONS // len(_BINS)
        wins = random.binomial(count, chance, hours).astype(np.float64)
        yield "model_calibration_total", {"bin": f"{lower}", "outcome": "win"}, wins
        yield "model_calibration_total", {"bin": f"{lower}", "outcome": "loss"}, count - wins


def _service(traits: Traits, hours: int) -> Iterator[Series]:
    each = np.ones(hours)
    for bound in _SECONDS:
        reached = 1.0 if bound >= 0.5 else (1.0 - traits.slow) * min(bound / 0.1, 1.0)
        yield "model_inference_seconds_bucket", {"le": f"{bound}"}, DECISIONS * reached * each
    yield "model_inference_seconds_bucket", {"le": "+Inf"}, DECISIONS * each
    yield "model_errors_total", {}, traits.errors * each
    period = 24 // traits.restarts if traits.restarts else 0
    yield "model_restarts_total", {}, (np.arange(hours) % period == 0) * 1.0 if period else 0.0 * each
    shift = traits.wanders * np.arange(hours) / 24
    for edge in _FEATURE:
        # A logistic distribution: its shares have a formula.
        yield (
            "model_feature_bucket",
            {"feature": "spread", "le": f"{edge:.2f}"},
            DECISIONS / (1.0 + np.exp(-1.7 * (edge - shift))),
        )
    yield "model_feature_bucket", {"feature": "spread", "le": "+Inf"}, DECISIONS * each


def open_metrics(recordings: Sequence[Recording]) -> Iterator[str]:
    """All of it in the OpenMetrics text format, with times, each metric in one piece."""
    by_metric: dict[str, list[tuple[Mapping[str, str], Hours]]] = {}
    for recording in recordings:
        for metric, labels, values in recording.series():
            by_metric.setdefault(metric, []).append((labels, values))
    begun = int(START.timestamp())
    for metric, series in by_metric.items():
        for labels, values in series:
            selector = ",".join(f'{name}="{value}"' for name, value in labels.items())
            for hour, value in enumerate(values.tolist()):
                yield f"{metric}{{{selector}}} {value!r} {begun + 3600 * hour}\n"
    yield "# EOF\n"


def but(**traits: float | bool | tuple[float, float]) -> Traits:
    """A good model but for these traits."""
    return replace(GOOD, **traits)  # type: ignore[arg-type] # the names of the traits are checked by `replace`
