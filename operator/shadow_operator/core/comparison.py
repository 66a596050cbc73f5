"""The evidence of a rollout: every challenger against the champion, interval by interval, each interval used once."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from shadow_operator.api.gates import Gate, Rival
from shadow_operator.api.rollout import Spec
from shadow_operator.api.status import ChallengerStatus, ChampionStatus, Stage, Status
from shadow_operator.core import roles
from shadow_operator.core.contract import Figure
from shadow_operator.core.counters import Counters
from shadow_operator.core.evidence import Evidence, Tested
from shadow_operator.core.gates import begin, figure_needed, resume
from shadow_operator.core.gates.paired_mean import profit_per_decision
from shadow_operator.core.gates.sequential import SequentialTest, Terms
from shadow_operator.core.interval import Book, Interval, Pair, interval_of
from shadow_operator.core.moment import from_text, to_text
from shadow_operator.core.readings import Reading
from shadow_operator.core.samples import Digest, Samples
from shadow_operator.core.split import WHOLE
from shadow_operator.core.terms import terms_digest
from shadow_stats import ComparisonResult, Dependence, Design, Drawdown, PairedMean, holm

# Prometheus hands out a sample until it is five minutes old; one older than this many scrapes is stale.
_STALE_SCRAPES = 3
_YEAR = timedelta(days=365.25)


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


def terms_of(spec: Spec) -> Terms:
    """The terms of every gate's test."""
    return Terms(design_of(spec), _YEAR / spec.metrics.interval.timedelta)


@dataclass(frozen=True, slots=True)
class Rivals:
    """Who is compared with whom, in which run. A changed image is another model, so its evidence starts anew.

    A benchmark has no image here.
    """

    challenger: str
    image: str
    champion: str
    champion_image: str
    run: int = 1


@dataclass(frozen=True, slots=True)
class _Moments:
    """Count, mean and squared deviations of a series (Welford 1962)."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def plus(self, value: float) -> "_Moments":
        count = self.count + 1
        step = value - self.mean
        mean = self.mean + step / count
        return _Moments(count, mean, self.squares + step * (value - mean))

    @property
    def sharpe_ratio(self) -> float | None:
        """Mean over standard deviation; None while the series does not vary."""
        return self.mean / math.sqrt(self.squares / self.count) if self.squares > 0.0 else None


class Comparison:
    """One challenger against the champion."""

    __slots__ = (
        "book", "champion_book", "champion_drawdown", "days", "drawdown", "first_at", "last_at", "mean", "missing",
        "returns", "rivals", "sessions", "tests", "trades",
    )  # fmt: skip

    def __init__(self, rivals: Rivals, design: Design) -> None:
        self.rivals = rivals
        self.mean = PairedMean(design)
        self.tests: dict[str, tuple[Gate, SequentialTest]] = {}
        self.missing: Mapping[str, str] = {}
        self.book = self.champion_book = Book()
        # Of a capital of 1: each interval's profit is a fraction of the capital that the model acts with.
        self.drawdown = Drawdown(1.0)
        self.champion_drawdown = Drawdown(1.0)
        self.returns = _Moments()
        self.trades = 0.0
        self.sessions: float | None = None
        self.days = 0
        self.first_at: datetime | None = None
        self.last_at: datetime | None = None

    def take_up(self, chosen: Iterable[Gate], terms: Terms) -> None:
        """Keep a test for each gate that tests; that of a gate that is new, or was changed, starts anew."""
        kept = {}
        for gate in chosen:
            known = self.tests.get(gate.name)
            if gate.shape.is_test:
                kept[gate.name] = known if known is not None and known[0] == gate else (gate, begin(gate, terms))
        self.tests = kept

    def look(self, pairs: Sequence[Pair]) -> None:
        """Add the next pairs, in order of time, and take one look."""
        if not pairs:
            return
        self.mean.update([profit_per_decision(pair) for pair in pairs])
        for _, test in self.tests.values():
            test.update(pairs)
        self.missing = _missing(self.tests, pairs[-1], self.rivals)
        self.book = self.book.plus(pair.challenger.book for pair in pairs)
        self.champion_book = self.champion_book.plus(pair.champion.book for pair in pairs)
        self.drawdown.update([pair.challenger.of_capital for pair in pairs])
        self.champion_drawdown.update([pair.champion.of_capital for pair in pairs])
        for pair in pairs:
            self._count(pair.challenger)

    def _count(self, interval: Interval) -> None:
        self.returns = self.returns.plus(interval.per_decision)
        self.trades += interval.counts.get(Figure.TRADES, 0.0)
        sessions = interval.counts.get(Figure.SESSIONS)
        if sessions is not None:
            self.sessions = (self.sessions or 0.0) + sessions
        self.days += self.last_at is None or interval.at.date() > self.last_at.date()
        self.first_at, self.last_at = self.first_at or interval.at, interval.at

    @property
    def span(self) -> timedelta:
        """From the first compared interval to the last."""
        return timedelta(0) if self.first_at is None or self.last_at is None else self.last_at - self.first_at

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values from which `from_json` resumes."""
        return {
            "pair": list(astuple(self.rivals)),
            "mean": self.mean.to_json(),
            "tests": [
                {"gate": gate.model_dump(mode="json", by_alias=True, exclude_none=True), "state": test.to_json()}
                for gate, test in self.tests.values()
            ],
            "book": [self.book.profit, self.book.loss],
            "championBook": [self.champion_book.profit, self.champion_book.loss],
            "drawdown": self.drawdown.to_json(),
            "championDrawdown": self.champion_drawdown.to_json(),
            "returns": [self.returns.count, self.returns.mean, self.returns.squares],
            "trades": self.trades,
            "sessions": self.sessions,
            "days": self.days,
            "firstAt": None if self.first_at is None else to_text(self.first_at),
            "lastAt": None if self.last_at is None else to_text(self.last_at),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Resume what `to_json` wrote. Raises ValueError when it is not whole."""
        mean = PairedMean.from_json(data["mean"])
        comparison = cls(Rivals(*data["pair"]), mean.design)
        comparison.mean = mean
        for one in data["tests"]:
            gate = Gate.model_validate(one["gate"])
            comparison.tests[gate.name] = (gate, resume(gate, one["state"]))
        comparison.book, comparison.champion_book = Book(*data["book"]), Book(*data["championBook"])
        comparison.drawdown = Drawdown.from_json(data["drawdown"])
        comparison.champion_drawdown = Drawdown.from_json(data["championDrawdown"])
        comparison.returns = _Moments(*data["returns"])
        comparison.trades, comparison.sessions = data["trades"], data["sessions"]
        comparison.days = data["days"]
        comparison.first_at = None if data["firstAt"] is None else from_text(data["firstAt"])
        comparison.last_at = None if data["lastAt"] is None else from_text(data["lastAt"])
        return comparison


class Comparisons:
    """The comparisons of one rollout, and how far the time grid has been read."""

    __slots__ = ("_blind", "_by_rival", "_counters", "_fresh", "_intervals_a_year", "_samples", "last_at")

    def __init__(self) -> None:
        self._by_rival: dict[Rival, dict[str, Comparison]] = {rival: {} for rival in Rival}
        self._counters = Counters()
        self._blind: dict[str, str] = {}
        self._fresh: frozenset[str] = frozenset()
        self._intervals_a_year = 0.0
        self._samples = Samples()
        self.last_at: datetime | None = None

    def pairs(self, spec: Spec, status: Status) -> None:
        """Take up new challengers, and drop the evidence of pairs that are no more. Finished ones keep theirs."""
        champion, terms, registered = status.champion, terms_of(spec), terms_digest(spec)
        self._intervals_a_year = terms.intervals_a_year
        if champion is None:
            return
        for challenger in roles.unfinished(status):
            for rival, rivals in _rivals(spec, challenger, champion).items():
                known = self._by_rival[rival].get(challenger.name)
                if known is None or known.rivals != rivals:
                    known = self._by_rival[rival][challenger.name] = Comparison(rivals, terms.design)
                # Gates that were changed after the first look are refused; what is known by the former ones stays.
                if challenger.terms in {None, registered}:
                    known.take_up((gate for gate in spec.gates if gate.rival is rival), terms)
        names = {challenger.name for challenger in status.challengers}
        for rival, compared in self._by_rival.items():
            has_rival = rival is Rival.CHAMPION or spec.benchmark is not None
            self._by_rival[rival] = {name: kept for name, kept in compared.items() if has_rival and name in names}

    def advance(self, spec: Spec, status: Status, readings: Sequence[Reading]) -> None:
        """Read the next moments of the grid, then take one look.

        A challenger in canary is left out: it sees other requests than the champion, so its samples are no pairs.
        """
        step = spec.metrics.interval.timedelta
        known = self._by_rival[Rival.CHAMPION]
        # Before its shadow began, what answers to a challenger's name may be the pods of an older image.
        shadows = [c.name for c in status.challengers if c.stage is Stage.SHADOW and c.name in known]
        samples: dict[tuple[Rival, str], list[Pair]] = {(rival, name): [] for rival in Rival for name in shadows}
        for reading in readings:
            if self.last_at is not None and reading.at <= self.last_at:
                continue
            for rival, name, pair in self._intervals(spec, status, reading, shadows, step):
                samples[rival, name].append(pair)
        for (rival, name), pairs in samples.items():
            if name in self._by_rival[rival]:
                self._by_rival[rival][name].look(pairs)

    def _intervals(
        self, spec: Spec, status: Status, reading: Reading, shadows: Sequence[str], step: timedelta
    ) -> Iterable[tuple[Rival, str, Pair]]:
        champion, split = roles.champion_of(spec, status), roles.split(spec, status)
        against = {Rival.CHAMPION: champion}
        if spec.benchmark is not None:
            against[Rival.BENCHMARK] = spec.benchmark.name
        usable = self._read(spec, reading, (*against.values(), *shadows), step)
        capital = spec.metrics.capital.value
        found = {}
        for model, increments in usable.items():
            # A benchmark sees everything: it answers to nobody's requests.
            share = split.weights[champion] if model == champion else split.mirrors.get(model, WHOLE)
            found[model] = interval_of(reading.at, increments, capital * share / WHOLE)
        for rival, model in against.items():
            for name in shadows:
                theirs, own = found.get(name), found.get(model)
                if theirs is not None and own is not None:
                    yield rival, name, Pair(theirs, own)

    def _read(
        self, spec: Spec, reading: Reading, models: Sequence[str], step: timedelta
    ) -> Mapping[str, Mapping[Figure, float]]:
        """What each model earned since the moment before, of those whose figures are fresh at both moments."""
        adjacent = self.last_at is not None and reading.at - self.last_at == step
        stale = spec.metrics.scrape_interval.timedelta * _STALE_SCRAPES
        increments = {model: self._counters.advance(reading, model) for model in models}
        self._samples.advance(reading, increments)
        self._blind = {model: why for model in increments if (why := _why_blind(reading, model, stale))}
        fresh_before, self._fresh = self._fresh, frozenset(increments) - frozenset(self._blind)
        self.last_at = reading.at
        usable = fresh_before & self._fresh if adjacent else frozenset[str]()
        return {model: each for model, each in increments.items() if model in usable}

    @property
    def seen(self) -> Mapping[str, Digest]:
        """The digest of all samples that were read of each model."""
        return self._samples.digests

    def evidence(self) -> Mapping[str, Evidence]:
        """What is known of each challenger; the p-values of each test are adjusted over all of them (Holm)."""
        benchmarks = self._evidence_against(Rival.BENCHMARK)
        found = self._evidence_against(Rival.CHAMPION)
        return {name: replace(known, benchmark=benchmarks.get(name)) for name, known in found.items()}

    def _evidence_against(self, rival: Rival) -> Mapping[str, Evidence]:
        compared = self._by_rival[rival]
        means = {name: one.mean.result() for name, one in compared.items()}
        adjusted = _adjusted(means)
        tested = _tested(compared)
        return {
            name: Evidence(
                mean=means[name],
                pvalue_mean=adjusted[name],
                tests=tested[name],
                drawdown=one.drawdown.maximum,
                champion_drawdown=one.champion_drawdown.maximum,
                trades=int(one.trades),
                profit_factor=one.book.profit_factor,
                champion_profit_factor=one.champion_book.profit_factor,
                sharpe_ratio=one.returns.sharpe_ratio,
                intervals_a_year=self._intervals_a_year,
                sessions=None if one.sessions is None else int(one.sessions),
                days=one.days,
                span=one.span,
                blind=self._blind.get(name) or self._blind.get(one.rivals.champion),
                rival=f"the {rival.value.lower()}",
            )
            for name, one in compared.items()
        }

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values from which `from_json` resumes."""
        return {
            "lastAt": None if self.last_at is None else to_text(self.last_at),
            "fresh": sorted(self._fresh),
            "counters": self._counters.to_json(),
            "samples": self._samples.to_json(),
            "comparisons": [one.to_json() for one in self._by_rival[Rival.CHAMPION].values()],
            "benchmark": [one.to_json() for one in self._by_rival[Rival.BENCHMARK].values()],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Resume what `to_json` wrote. Raises ValueError or KeyError when it is not whole."""
        comparisons = cls()
        comparisons.last_at = None if data["lastAt"] is None else from_text(data["lastAt"])
        comparisons._fresh = frozenset(data["fresh"])
        comparisons._counters = Counters.from_json(data["counters"])
        comparisons._samples = Samples.from_json(data["samples"])
        for rival, kept in ((Rival.CHAMPION, data["comparisons"]), (Rival.BENCHMARK, data.get("benchmark", []))):
            restored = [Comparison.from_json(one) for one in kept]
            comparisons._by_rival[rival] = {comparison.rivals.challenger: comparison for comparison in restored}
        return comparisons


def _rivals(spec: Spec, challenger: ChallengerStatus, champion: ChampionStatus) -> Mapping[Rival, Rivals]:
    name, image, run = challenger.name, challenger.image, challenger.run
    found = {Rival.CHAMPION: Rivals(name, image, champion.name, champion.image, run)}
    if spec.benchmark is not None:
        found[Rival.BENCHMARK] = Rivals(name, image, spec.benchmark.name, "", run)
    return found


def _adjusted(results: Mapping[str, ComparisonResult]) -> Mapping[str, float]:
    pvalues = holm([_two_sided(result.pvalue_better) for result in results.values()])
    return dict(zip(results, pvalues.tolist(), strict=True))


def _tested(comparisons: Mapping[str, Comparison]) -> Mapping[str, Mapping[str, Tested]]:
    tested: dict[str, dict[str, Tested]] = {name: {} for name in comparisons}
    for gate in dict.fromkeys(gate for one in comparisons.values() for gate in one.tests):
        results = {name: one.tests[gate][1].result() for name, one in comparisons.items() if gate in one.tests}
        adjusted = _adjusted(results)
        for name, result in results.items():
            tested[name][gate] = Tested(result, adjusted[name], comparisons[name].missing.get(gate))
    return tested


def _missing(tests: Mapping[str, tuple[Gate, SequentialTest]], newest: Pair, rivals: Rivals) -> Mapping[str, str]:
    """Which figure each gate lacks in the newest pair."""
    lacking = {}
    for name, (gate, _) in tests.items():
        figure = figure_needed(gate)
        for whose, interval in ((rivals.challenger, newest.challenger), (rivals.champion, newest.champion)):
            if figure is not None and figure not in interval.counts:
                lacking[name] = f"there is no series {figure} of {whose}"
    return lacking


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


def aligned_end(now: datetime, step: timedelta, lag: timedelta) -> datetime:
    """The last moment of the time grid whose samples have surely been scraped."""
    seconds = step.total_seconds()
    return datetime.fromtimestamp((now - lag).timestamp() // seconds * seconds, tz=UTC)
