"""The five traps that a naive reading of profit and loss falls into."""

from datetime import UTC, datetime, timedelta

import pytest

from shadow_operator.core.acting import ActingBook
from shadow_operator.core.comparison import Comparisons, aligned_end
from shadow_operator.core.contract import Figure
from shadow_operator.core.counters import Counters
from shadow_operator.core.split import Split
from tests.world.figures import counted, minute, minutes, read
from tests.world.journeys import CHAMPION, FIRST, SECOND, Journey, in_shadow
from tests.world.manifests import REMOVED
from tests.world.rollouts import spec_of


def shadowed(journey: Journey | None = None) -> tuple[Journey, Comparisons]:
    journey = journey or in_shadow(spec_of({"challengers[1]": REMOVED}))
    comparisons = Comparisons()
    comparisons.pairs(journey.spec, journey.status)
    return journey, comparisons


def test_trap_resets_a_counter_that_restarts_at_zero_is_no_crash() -> None:
    counters = Counters()
    earned = [
        counters.advance(each, FIRST).get(Figure.PROFIT)
        for each in minutes({FIRST: counted(100)}, {FIRST: counted(130)}, {FIRST: counted(7)}, {FIRST: counted(9)})
    ]
    assert earned == [0, 30, 7, 2]


def test_trap_resets_are_found_for_each_instance() -> None:
    counters = Counters()
    earned = [
        counters.advance(each, FIRST)[Figure.PROFIT]
        for each in minutes(
            {FIRST: {"a": counted(100), "b": counted(1000)}},
            {FIRST: {"a": counted(5), "b": counted(1010)}},
            {FIRST: {"a": counted(6), "b": counted(1010), "c": counted(500)}},
            {FIRST: {"a": counted(6), "b": counted(1010), "c": counted(520)}},
        )
    ]
    # In the sum over the instances the restart of a would look like a loss of 85; the first of c is no increment.
    assert earned == [0, 15, 1, 20]


def test_trap_resets_an_instance_that_was_away_goes_on_where_it_was() -> None:
    counters = Counters()
    both, one = {"a": counted(10), "b": counted(10)}, {"a": counted(12)}
    back = {"a": counted(12), "b": counted(15)}
    earned = [
        counters.advance(each, FIRST)[Figure.PROFIT] for each in minutes({FIRST: both}, {FIRST: one}, {FIRST: back})
    ]
    assert earned == [0, 2, 5]


def test_trap_resets_what_a_restart_lost_is_read_after_the_operator_restarted_too() -> None:
    before = Counters()
    before.advance(read(minute(0), {FIRST: counted(100)}), FIRST)
    after = Counters.from_json(before.to_json())
    assert after.advance(read(minute(1), {FIRST: counted(4)}), FIRST)[Figure.PROFIT] == 4


def test_trap_shares_a_quarter_of_the_requests_earns_a_quarter_and_is_no_worse() -> None:
    journey, comparisons = shadowed()
    looks = [
        {CHAMPION: counted(40.0 * n, 20.0 * n, 40 * n), FIRST: counted(10.0 * n, 5.0 * n, 10 * n)} for n in range(6)
    ]
    comparisons.advance(journey.spec, journey.status, minutes(*looks))
    evidence = comparisons.evidence()[FIRST]
    assert evidence.mean.samples == 5
    assert evidence.mean.effect == pytest.approx(0.0)


def test_trap_shares_a_drawdown_is_of_the_capital_that_the_share_acts_with() -> None:
    journey, comparisons = shadowed(in_shadow(spec_of({"challengers[0]": REMOVED})))
    assert journey.spec.mirror_percent(SECOND) == 25
    looks = [{CHAMPION: counted(0, 1000.0 * n, 40 * n), SECOND: counted(0, 250.0 * n, 10 * n)} for n in range(6)]
    comparisons.advance(journey.spec, journey.status, minutes(*looks))
    evidence = comparisons.evidence()[SECOND]
    assert evidence.champion_drawdown == pytest.approx(0.05)
    assert evidence.drawdown == pytest.approx(0.05)


def test_trap_both_at_once_is_refused() -> None:
    with pytest.raises(ValueError, match="both weighted and mirrored"):
        Split({CHAMPION: 95, FIRST: 5}, {FIRST: 100})


def test_trap_drawdown_is_from_the_high_water_mark_of_the_models_own_share() -> None:
    book = ActingBook(FIRST, CHAMPION)
    capital = 100_000 * 0.05
    for each in minutes(
        {FIRST: counted(0, 0), CHAMPION: counted(0)},
        {FIRST: counted(500, 0), CHAMPION: counted(0)},
        {FIRST: counted(500, 275), CHAMPION: counted(0)},
    ):
        book.advance(each, capital)
        last = each
    # 5,000 to 5,500, then 275 lost: 5 % of the mark, although only 0.275 % of all the capital.
    assert book.signals(last).drawdown == pytest.approx(0.05)


def test_trap_late_samples_the_grid_ends_before_what_may_still_come() -> None:
    now = datetime(2026, 3, 2, 9, 0, 14, tzinfo=UTC)
    lag = timedelta(seconds=16)
    assert aligned_end(now, timedelta(minutes=1), lag) == datetime(2026, 3, 2, 8, 59, tzinfo=UTC)
    assert aligned_end(now + timedelta(seconds=2), timedelta(minutes=1), lag) == datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_trap_late_samples_an_interval_is_used_once() -> None:
    journey, comparisons = shadowed()
    looks = minutes(*({CHAMPION: counted(n, 0, n), FIRST: counted(2.0 * n, 0, n)} for n in range(4)))
    comparisons.advance(journey.spec, journey.status, looks)
    comparisons.advance(journey.spec, journey.status, looks)
    assert comparisons.evidence()[FIRST].mean.samples == 3
