"""Settles predictions: a bar is settled once a later bar of its symbol was asked about, all models in one step."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from .bars import Bars
from .book import Book, BookKey, Trade
from .messages import LoggedPrediction

# Moments of a symbol that duplicates are recognised in; what comes later still than that is not counted.
REMEMBERED_MOMENTS = 5000


class Moment(NamedTuple):
    """A place on the tape; later ones compare greater."""

    replay: int
    bar: int


@dataclass(slots=True)
class _Tape:
    """What is known of one symbol in one rollout."""

    pending: dict[Moment, dict[str, LoggedPrediction]] = field(default_factory=dict)
    models_seen: dict[Moment, set[str]] = field(default_factory=dict)
    latest: Moment | None = None
    arrivals: deque[tuple[float, Moment]] = field(default_factory=deque)
    watermark: Moment | None = None

    def receive(self, prediction: LoggedPrediction, now: float) -> bool:
        """Take a prediction; false for a duplicate, or one too old to tell."""
        moment = Moment(prediction.replay, prediction.bar)
        if len(self.models_seen) >= REMEMBERED_MOMENTS and moment < next(iter(self.models_seen)):
            return False
        seen = self.models_seen.setdefault(moment, set())
        if prediction.model in seen:
            return False
        seen.add(prediction.model)
        self.pending.setdefault(moment, {})[prediction.model] = prediction
        if self.latest is None or moment > self.latest:
            self.latest = moment
            self.arrivals.append((now, moment))
        return True

    def due(self, now: float, grace: float) -> Iterator[list[LoggedPrediction]]:
        """Hand over each bar that a later one has been known of for `grace` seconds, oldest first."""
        while self.arrivals and self.arrivals[0][0] <= now - grace:
            self.watermark = self.arrivals.popleft()[1]
        watermark = self.watermark
        if watermark is None:
            return
        for moment in sorted(moment for moment in self.pending if moment < watermark):
            yield list(self.pending.pop(moment).values())
        while len(self.models_seen) > REMEMBERED_MOMENTS:
            del self.models_seen[next(iter(self.models_seen))]

    def is_late(self, prediction: LoggedPrediction) -> bool:
        """Whether the others of its bar were settled without it."""
        return self.watermark is not None and Moment(prediction.replay, prediction.bar) < self.watermark


class Settlement:
    """The books of all rollouts. No method awaits anything, so no scrape ever sees half a bar."""

    def __init__(self, market: Mapping[str, Bars], *, notional: float, grace: float) -> None:
        self._market = market
        self._notional = notional
        self._grace = grace
        self._tapes: dict[tuple[str, str], _Tape] = {}
        self.books: dict[BookKey, Book] = {}
        self.received = self.duplicates = self.late = self.unknown = 0

    @property
    def pending(self) -> int:
        """Predictions that wait for a later bar."""
        return sum(len(models) for tape in self._tapes.values() for models in tape.pending.values())

    def receive(self, predictions: Iterable[LoggedPrediction], now: float) -> None:
        """Take predictions in any order; `now` is in seconds of any steady clock."""
        for prediction in predictions:
            self.received += 1
            bars = self._market.get(prediction.symbol)
            if bars is None or not 0 <= prediction.bar < bars.predictable:
                self.unknown += 1
                continue
            tape = self._tapes.setdefault((prediction.rollout, prediction.symbol), _Tape())
            self.late += tape.is_late(prediction)
            self.duplicates += not tape.receive(prediction, now)
            self._open_books(prediction)

    def settle(self, now: float) -> int:
        """Enter every bar that is due into the books; how many predictions that were."""
        settled = 0
        for tape in self._tapes.values():
            for predictions in tape.due(now, self._grace):
                self._settle_bar(predictions)
                settled += len(predictions)
        return settled

    def _open_books(self, prediction: LoggedPrediction) -> None:
        # Both at once: a counter that starts at 0 before it rises loses nothing to `increase`.
        for book in ("live", "shadow"):
            self.books.setdefault(_key(prediction, book), Book())

    def _settle_bar(self, predictions: list[LoggedPrediction]) -> None:
        lived = next((prediction for prediction in predictions if not prediction.shadow), None)
        for prediction in predictions:
            bars = self._market[prediction.symbol]
            book = self.books[_key(prediction, "shadow" if prediction.shadow else "live")]
            trade = Trade(
                symbol=prediction.symbol,
                session=bars.dates[prediction.bar],
                position=prediction.position,
                confidence=prediction.confidence,
                next_return=bars.next_return(prediction.bar),
            )
            book.enter(trade, self._notional)
            if lived is not None and prediction.shadow:
                agrees = lived.position * prediction.position > 0.0 or lived.position == prediction.position
                book.agreement["true" if agrees else "false"] += 1


def _key(prediction: LoggedPrediction, book: str) -> BookKey:
    namespace, rollout = prediction.rollout.split("/")
    return BookKey(namespace, rollout, prediction.model, book)
