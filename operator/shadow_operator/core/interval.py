"""What one model did in one interval of the time grid."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from shadow_operator.core.contract import Figure


@dataclass(frozen=True, slots=True)
class Book:
    """Gross gains and losses, in account currency; both are at least 0."""

    profit: float = 0.0
    loss: float = 0.0

    def plus(self, books: Iterable["Book"]) -> "Book":
        """The book with what some more intervals brought."""
        added = list(books)
        return Book(self.profit + sum(book.profit for book in added), self.loss + sum(book.loss for book in added))

    @property
    def profit_factor(self) -> float | None:
        """Gains over losses; infinite without a loss, None while there is neither."""
        if self.loss > 0.0:
            return self.profit / self.loss
        return math.inf if self.profit > 0.0 else None


@dataclass(frozen=True, slots=True)
class Interval:
    """One model's interval.

    Attributes:
        at: its end.
        book: gains and losses in it.
        decisions: settled in it, above 0.
        of_capital: its result as a fraction of the capital that the model acts with.
        counts: increments of the figures that were asked for, by figure; what could not be read is not there.

    """

    at: datetime
    book: Book
    decisions: float
    of_capital: float
    counts: Mapping[Figure, float]

    @property
    def per_decision(self) -> float:
        """Its result a decision, in account currency."""
        return (self.book.profit - self.book.loss) / self.decisions

    def per(self, figure: Figure) -> float | None:
        """Another figure a decision, None where it could not be read."""
        found = self.counts.get(figure)
        return None if found is None else found / self.decisions


@dataclass(frozen=True, slots=True)
class Pair:
    """The same interval of the challenger and of the champion."""

    challenger: Interval
    champion: Interval


def interval_of(at: datetime, increments: Mapping[Figure, float], capital: float) -> Interval | None:
    """The interval, None where it has no decision or a figure of the money is missing.

    Args:
        at: its end.
        increments: of each figure.
        capital: what the model acts with, in account currency.

    """
    decisions = increments.get(Figure.DECISIONS, 0.0)
    if decisions <= 0 or Figure.PROFIT not in increments or Figure.LOSS not in increments:
        return None
    book = Book(increments[Figure.PROFIT], increments[Figure.LOSS])
    return Interval(at, book, decisions, (book.profit - book.loss) / capital, increments)
