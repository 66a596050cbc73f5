"""The books as the metrics contract names them."""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from .book import Book, BookKey
from .settlement import Settlement

KEYS = list(BookKey._fields)
# The values of a label are exposed from the start, at 0, so that a first increment is not lost to `increase`.
OUTCOMES = ("win", "loss", "flat")
ACTIONS = ("buy", "sell", "hold")
AGREES = ("true", "false")

_PLAIN: tuple[tuple[str, str, Callable[[Book], float]], ...] = (
    ("model_profit", "Gains of settled predictions, in account currency.", lambda book: book.profit),
    ("model_loss", "Losses of settled predictions, in account currency, as a positive number.", lambda book: book.loss),
    ("model_turnover", "Position changes times notional, in account currency.", lambda book: book.turnover),
    ("model_decisions", "Settled predictions.", lambda book: book.decisions),
    ("model_sessions", "Trading days with a settled prediction.", lambda book: book.sessions),
)
_LABELLED: tuple[tuple[str, str, str, tuple[str, ...], Callable[[Book], dict[str, int]]], ...] = (
    ("model_trades", "Settled predictions by outcome.", "outcome", OUTCOMES, lambda book: book.outcomes),
    ("model_predictions", "Settled predictions by action.", "action", ACTIONS, lambda book: book.actions),
    (
        "model_agreement",
        "Shadow predictions by agreement with the live one.",
        "agrees",
        AGREES,
        lambda book: book.agreement,
    ),
)


class BookCollector(Collector):
    """Reads the books at each scrape, in one step."""

    def __init__(self, settlement: Settlement) -> None:
        self._settlement = settlement

    def collect(self) -> Iterator[Metric]:
        """All families of the contract, then the scorer's own."""
        books = self._settlement.books.items()
        for name, text, read in _PLAIN:
            plain = CounterMetricFamily(name, text, labels=KEYS)
            for key, book in books:
                plain.add_metric(list(key), read(book))
            yield plain
        for name, text, label, values, counts in _LABELLED:
            labelled = CounterMetricFamily(name, text, labels=[*KEYS, label])
            for key, book in books:
                for value in values:
                    labelled.add_metric([*key, value], counts(book).get(value, 0))
            yield labelled
        yield _calibration(books)
        yield from _own(self._settlement)


def exposition(registry: CollectorRegistry) -> bytes:
    """Write the text that Prometheus scrapes."""
    return generate_latest(registry)


def _calibration(books: Iterable[tuple[BookKey, Book]]) -> Metric:
    family = CounterMetricFamily(
        "model_calibration", "Settled predictions by tenth of confidence and outcome.", labels=[*KEYS, "bin", "outcome"]
    )
    for key, book in books:
        for (tenth, outcome), count in sorted(book.calibration.items()):
            family.add_metric([*key, tenth, outcome], count)
    return family


def _own(settlement: Settlement) -> Iterator[Metric]:
    yield CounterMetricFamily("scorer_received", "Predictions received.", value=settlement.received)
    yield CounterMetricFamily("scorer_duplicates", "Predictions that were known already.", value=settlement.duplicates)
    yield CounterMetricFamily(
        "scorer_late", "Predictions that came after their bar was settled.", value=settlement.late
    )
    yield CounterMetricFamily("scorer_unknown", "Predictions about bars that do not exist.", value=settlement.unknown)
    yield GaugeMetricFamily("scorer_pending", "Predictions that wait for a later bar.", value=settlement.pending)
