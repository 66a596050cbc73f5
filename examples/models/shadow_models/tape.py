"""The order in which the bars are replayed."""

import itertools
from collections.abc import Iterator, Mapping

from .bars import Bars
from .messages import Question


def one_pass(market: Mapping[str, Bars]) -> list[tuple[str, int]]:
    """Every bar that has a next one, all symbols interleaved by date."""
    order = sorted(
        (bars.dates[bar], place, bar) for place, bars in enumerate(market.values()) for bar in range(bars.predictable)
    )
    symbols = list(market)
    return [(symbols[place], bar) for _, place, bar in order]


def questions(market: Mapping[str, Bars], first_pass: int) -> Iterator[Question]:
    """Replay for ever; the pass keeps a bar of one replay apart from the same bar of the next."""
    tape = one_pass(market)
    for replay in itertools.count(first_pass):
        for symbol, bar in tape:
            yield Question(id=f"{symbol}-{replay}-{bar}", symbol=symbol, bar=bar, replay=replay)
