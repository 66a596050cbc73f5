"""Counters of instances that come, go and restart: what is counted is what was earned."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shadow_operator.core.contract import Figure
from shadow_operator.core.counters import Counters
from tests.world.figures import counted, minute, read

_MODEL = "momentum-v8"
_INSTANCES = ("a", "b", "c")


@dataclass(frozen=True)
class Minute:
    """What one instance does in a minute."""

    earned: int
    restarts: bool = False
    is_scraped: bool = True


minutes_of_one = st.builds(
    Minute, st.integers(0, 50), st.sampled_from([False] * 5 + [True]), st.sampled_from([True] * 5 + [False])
)
lives = st.lists(st.tuples(*[minutes_of_one] * len(_INSTANCES)), min_size=1, max_size=20)


def scraped(life: Sequence[tuple[Minute, ...]]) -> tuple[list[dict[str, int]], int]:
    """What is scraped each minute, and all that was earned between the first and the last sight of each instance.

    An instance restarts right after a scrape that saw it, and comes back with less than it had: what Prometheus can
    not see in its samples, nobody can.
    """
    values, seen, total = dict.fromkeys(_INSTANCES, 0), dict[str, int](), 0
    scrapes = []
    for each in life:
        scrape = {}
        for name, minute_of in zip(_INSTANCES, each, strict=True):
            was_just_seen = seen.get(name) == values[name]
            if minute_of.restarts and was_just_seen and minute_of.earned < values[name]:
                values[name] = 0
                seen[name] = 0
            values[name] += minute_of.earned
            if minute_of.is_scraped or (seen.get(name) == 0 and values[name] == minute_of.earned):
                scrape[name] = values[name]
                total += values[name] - seen.get(name, values[name])
                seen[name] = values[name]
        scrapes.append(scrape)
    return scrapes, total


def counted_in(scrapes: Sequence[dict[str, int]], restart_at: int | None = None) -> list[float]:
    counters, increments = Counters(), []
    for number, scrape in enumerate(scrapes):
        if number == restart_at:
            counters = Counters.from_json(json.loads(json.dumps(counters.to_json())))
        figures = {name: counted(value) for name, value in scrape.items()}
        increments.append(counters.advance(read(minute(number), {_MODEL: figures}), _MODEL).get(Figure.PROFIT, 0.0))
    return increments


@given(st.lists(st.floats(0.01, 1e6), min_size=2, max_size=40), st.randoms(use_true_random=False))
def test_a_sum_whose_terms_come_in_another_order_each_time_is_no_restart(terms: list[float], dice: Random) -> None:
    """Its last digits change, also downwards; taken for a restart, all that was ever lost would count as lost now."""
    counters, increments = Counters(), []
    for number in range(20):
        dice.shuffle(terms)
        seen = read(minute(number), {_MODEL: {"a": counted(sum(terms))}})
        increments.append(counters.advance(seen, _MODEL)[Figure.PROFIT])
    assert sum(increments) <= 1e-9 * sum(terms)


@settings(max_examples=200, deadline=None)
@given(lives)
def test_what_is_counted_is_what_was_earned(life: list[tuple[Minute, ...]]) -> None:
    scrapes, total = scraped(life)
    assert sum(counted_in(scrapes)) == pytest.approx(total)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(_INSTANCES), st.integers(0, 1000)), max_size=20))
def test_no_increment_is_ever_negative(scrapes: list[dict[str, int]]) -> None:
    assert all(increment >= 0 for increment in counted_in(scrapes))


@settings(max_examples=100, deadline=None)
@given(lives, st.integers(0, 19))
def test_a_restart_of_the_operator_changes_nothing(life: list[tuple[Minute, ...]], restart_at: int) -> None:
    scrapes, _ = scraped(life)
    assert counted_in(scrapes, restart_at) == counted_in(scrapes)
