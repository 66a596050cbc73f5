"""The evidence of a rollout: every challenger against the champion, interval by interval, each interval used once."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from shadow_operator.api.rollout import Spec
from shadow_operator.api.status import Stage, Status
from shadow_operator.core import roles
from shadow_operator.core.contract import Figure
from shadow_operator.core.counters import Counters
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.moment import from_text, to_text
from shadow_operator.core.readings import Reading
from shadow_operator.core.split import WHOLE
from shadow_stats import Dependence, Design, Drawdown, PairedMean, SharpeDifference, holm

# Prometheus hands out a sample until it is five minutes old; one older than this many scrapes is stale.
_STALE_SCRAPES = 3


def design_of(spec: Spec) -> Design:
    """The terms of the comparison, fixed before the first look."""
    budget = spec.error_budget
    return Design(
        alpha=budget.alpha.fraction,
        planned_samples=budget.planned_samples,
        comparisons=max(1, len(spec.challengers)),
        dependence=Dependence(budget.dependence),
        session_samples=budget.session_samples,
    )


@dataclass(frozen=True, slots=True)
class Pair:
    """Who is compared with whom. A changed image is another model, so its evidence starts anew."""

    challenger: str
    image: str
    champion: str
    champion_image: str


@dataclass(frozen=True, slots=True)
class Book:
    """Gross gains and losses, in account currency; both are at least 0."""

    profit: float = 0.0
    loss: float = 0.0

    def plus(self, intervals: Iterable["_Interval"]) -> "Book":
        """The book with what some more intervals brought."""
        added = list(intervals)
        return Book(self.profit + sum(i.book.profit for i in added), self.loss + sum(i.book.loss for i in added))

    @property
    def profit_factor(self) -> float | None:
        """Gains over losses; infinite without a loss, None while there is neither."""
        if self.loss > 0.0:
            return self.profit / self.loss
        return math.inf if self.profit > 0.0 else None


class Comparison:
    """One challenger against the champion."""

    __slots__ = ("book", "champion_book", "champion_drawdown", "drawdown", "mean", "pair", "sharpe", "trades", "wins")

    def __init__(self, pair: Pair, design: Design) -> None:
        self.pair = pair
        self.mean = PairedMean(design)
        self.sharpe = SharpeDifference(design)
        self.wins = PairedMean(design)
        self.book = self.champion_book = Book()
        # Of a capital of 1: each interval's profit is a fraction of the capital that the model acts with.
        self.drawdown = Drawdown(1.0)
        self.champion_drawdown = Drawdown(1.0)
        self.trades = 0.0

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values from which `from_json` resumes."""
        return {
            "pair": [self.pair.challenger, self.pair.image, self.pair.champion, self.pair.champion_image],
            "mean": self.mean.to_json(),
            "sharpe": self.sharpe.to_json(),
            "wins": self.wins.to_json(),
            "book": [self.book.profit, self.book.loss],
            "championBook": [self.champion_book.profit, self.champion_book.loss],
            "drawdown": self.drawdown.to_json(),
            "championDrawdown": self.champion_drawdown.to_json(),
            "trades": self.trades,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Resume what `to_json` wrote. Raises ValueError when it is not whole."""
        mean = PairedMean.from_json(data["mean"])
        comparison = cls(Pair(*data["pair"]), mean.design)
        comparison.mean = mean
        comparison.sharpe = SharpeDifference.from_json(data["sharpe"])
        comparison.wins = PairedMean.from_json(data["wins"])
        comparison.book, comparison.champion_book = Book(*data["book"]), Book(*data["championBook"])
        comparison.drawdown = Drawdown.from_json(data["drawdown"])
        comparison.champion_drawdown = Drawdown.from_json(data["championDrawdown"])
        comparison.trades = data["trades"]
        return comparison


@dataclass(frozen=True, slots=True)
class _Interval:
    """What one model did in one interval: its gains and losses, per decision, as a fraction of its capital, trades."""

    book: Book
    per_decision: float
    of_capital: float
    trades: float


class Comparisons:
    """The comparisons of one rollout, and how far the time grid has been read."""

    __slots__ = ("_blind", "_by_challenger", "_counters", "_fresh", "last_at")

    def __init__(self) -> None:
        self._by_challenger: dict[str, Comparison] = {}
        self._counters = Counters()
        self._blind: dict[str, str] = {}
        self._fresh: frozenset[str] = frozenset()
        self.last_at: datetime | None = None

    def pairs(self, spec: Spec, status: Status) -> None:
        """Take up new challengers, and drop the evidence of pairs that are no more. Finished ones keep theirs."""
        champion = status.champion
        if champion is None:
            return
        unfinished = {challenger.name for challenger in roles.unfinished(status)}
        for challenger in status.challengers:
            pair = Pair(challenger.name, challenger.image, champion.name, champion.image)
            known = self._by_challenger.get(challenger.name)
            if challenger.name in unfinished and (known is None or known.pair != pair):
                self._by_challenger[challenger.name] = Comparison(pair, design_of(spec))
        names = {challenger.name for challenger in status.challengers}
        self._by_challenger = {name: kept for name, kept in self._by_challenger.items() if name in names}

    def advance(self, spec: Spec, status: Status, readings: Sequence[Reading]) -> None:
        """Read the next moments of the grid, then take one look.

        A challenger in canary is left out: it sees other requests than the champion, so its samples are no pairs.
        """
        step = spec.metrics.interval.timedelta
        champion = roles.champion_of(spec, status)
        # Before its shadow began, what answers to a challenger's name may be the pods of an older image.
        shadows = [c.name for c in status.challengers if c.stage is Stage.SHADOW and c.name in self._by_challenger]
        samples: dict[str, list[tuple[_Interval, _Interval]]] = {name: [] for name in shadows}
        for reading in readings:
            if self.last_at is not None and reading.at <= self.last_at:
                continue
            for name, pair in self._intervals(spec, status, reading, champion, shadows, step):
                samples[name].append(pair)
        for name, pairs in samples.items():
            _look(self._by_challenger[name], pairs)

    def _intervals(
        self,
        spec: Spec,
        status: Status,
        reading: Reading,
        champion: str,
        shadows: Sequence[str],
        step: timedelta,
    ) -> Iterable[tuple[str, tuple[_Interval, _Interval]]]:
        adjacent = self.last_at is not None and reading.at - self.last_at == step
        stale = spec.metrics.scrape_interval.timedelta * _STALE_SCRAPES
        increments = {model: self._counters.advance(reading, model) for model in (champion, *shadows)}
        self._blind = {model: why for model in increments if (why := _why_blind(reading, model, stale))}
        fresh_before, self._fresh = self._fresh, frozenset(increments) - frozenset(self._blind)
        self.last_at = reading.at
        split = roles.split(spec, status)
        capital = spec.metrics.capital.value
        usable = fresh_before & self._fresh if adjacent else frozenset[str]()
        if champion not in usable:
            return
        own = _interval(increments[champion], capital * split.weights[champion] / WHOLE)
        for name in shadows:
            theirs = _interval(increments[name], capital * split.mirrors.get(name, WHOLE) / WHOLE)
            if name in usable and own is not None and theirs is not None:
                yield name, (theirs, own)

    def evidence(self) -> Mapping[str, Evidence]:
        """What is known of each challenger; the p-values are adjusted over all of them (Holm)."""
        names = list(self._by_challenger)
        means = {name: self._by_challenger[name].mean.result() for name in names}
        sharpes = {name: self._by_challenger[name].sharpe.result() for name in names}
        wins = {name: self._by_challenger[name].wins.result() for name in names}
        adjusted_means = holm([_two_sided(means[name].pvalue_better) for name in names])
        adjusted_sharpes = holm([_two_sided(sharpes[name].pvalue_better) for name in names])
        adjusted_wins = holm([_two_sided(wins[name].pvalue_better) for name in names])
        return {
            name: Evidence(
                mean=means[name],
                sharpe=sharpes[name],
                pvalue_mean=float(adjusted_means[index]),
                pvalue_sharpe=float(adjusted_sharpes[index]),
                drawdown=self._by_challenger[name].drawdown.maximum,
                champion_drawdown=self._by_challenger[name].champion_drawdown.maximum,
                trades=int(self._by_challenger[name].trades),
                wins=wins[name],
                pvalue_wins=float(adjusted_wins[index]),
                profit_factor=self._by_challenger[name].book.profit_factor,
                champion_profit_factor=self._by_challenger[name].champion_book.profit_factor,
                blind=self._blind.get(name) or self._blind.get(self._by_challenger[name].pair.champion),
            )
            for index, name in enumerate(names)
        }

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values from which `from_json` resumes."""
        return {
            "lastAt": None if self.last_at is None else to_text(self.last_at),
            "fresh": sorted(self._fresh),
            "counters": self._counters.to_json(),
            "comparisons": [comparison.to_json() for comparison in self._by_challenger.values()],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Resume what `to_json` wrote. Raises ValueError or KeyError when it is not whole."""
        comparisons = cls()
        comparisons.last_at = None if data["lastAt"] is None else from_text(data["lastAt"])
        comparisons._fresh = frozenset(data["fresh"])
        comparisons._counters = Counters.from_json(data["counters"])
        restored = [Comparison.from_json(one) for one in data["comparisons"]]
        comparisons._by_challenger = {comparison.pair.challenger: comparison for comparison in restored}
        return comparisons


def _two_sided(pvalue: float) -> float:
    # A false promotion and a false rejection share one budget, as in the confidence sequence that people are shown.
    return min(2 * pvalue, 1.0)


def _why_blind(reading: Reading, model: str, stale: timedelta) -> str | None:
    missing = reading.missing(model)
    if missing is not None:
        return missing
    sampled = reading.sampled_at(model)
    if sampled is None or reading.at - sampled > stale:
        return f"the newest sample of {model} is older than {stale.total_seconds():.0f}s"
    return None


def _interval(increments: Mapping[Figure, float], capital: float) -> _Interval | None:
    decisions = increments.get(Figure.DECISIONS, 0.0)
    if decisions <= 0 or Figure.PROFIT not in increments or Figure.LOSS not in increments:
        return None
    book = Book(increments[Figure.PROFIT], increments[Figure.LOSS])
    result = book.profit - book.loss
    return _Interval(book, result / decisions, result / capital, increments.get(Figure.TRADES, 0.0))


def _look(comparison: Comparison, pairs: Sequence[tuple[_Interval, _Interval]]) -> None:
    if not pairs:
        return
    theirs = [challenger.per_decision for challenger, _ in pairs]
    own = [champion.per_decision for _, champion in pairs]
    comparison.mean.update([a - b for a, b in zip(theirs, own, strict=True)])
    comparison.sharpe.update(theirs, own)
    comparison.wins.update([float(a > 0.0) - float(b > 0.0) for a, b in zip(theirs, own, strict=True)])
    comparison.book = comparison.book.plus(challenger for challenger, _ in pairs)
    comparison.champion_book = comparison.champion_book.plus(champion for _, champion in pairs)
    comparison.drawdown.update([challenger.of_capital for challenger, _ in pairs])
    comparison.champion_drawdown.update([champion.of_capital for _, champion in pairs])
    comparison.trades += sum(challenger.trades for challenger, _ in pairs)


def aligned_end(now: datetime, step: timedelta, lag: timedelta) -> datetime:
    """The last moment of the time grid whose samples have surely been scraped."""
    seconds = step.total_seconds()
    return datetime.fromtimestamp((now - lag).timestamp() // seconds * seconds, tz=UTC)
