"""The book of the model that acts."""

import json
from datetime import timedelta

import pytest

from shadow_operator.core.acting import ActingBook
from shadow_operator.core.contract import Figure
from shadow_operator.core.readings import Reading
from tests.world.figures import counted, minute, read
from tests.world.journeys import CHAMPION, FIRST

_CAPITAL = 100_000.0


def booked(*looks: tuple[float, float, float], champion: tuple[float, float] = (0.0, 0.0)) -> ActingBook:
    """A book after readings of (profit, loss, capital); the champion has (profit, decisions) a minute."""
    book = ActingBook(FIRST, CHAMPION)
    for number, (profit, loss, capital) in enumerate(looks):
        rival = counted(champion[0] * number, 0, champion[1] * number)
        book.advance(read(minute(number), {FIRST: counted(profit, loss, number), CHAMPION: rival}), capital)
    return book


def drawdown_of(book: ActingBook) -> float | None:
    return book.blind(minute(99), "").drawdown


def test_what_was_won_before_it_acted_is_not_its_own() -> None:
    assert drawdown_of(booked((1e6, 2e6, _CAPITAL), (1e6, 2e6, _CAPITAL))) == 0.0


def test_a_loss_counts_as_a_fraction_of_the_capital_that_it_was_made_with() -> None:
    small = booked((0, 0, 5_000), (0, 250, 5_000))
    large = booked((0, 0, 50_000), (0, 2_500, 50_000))
    assert drawdown_of(small) == drawdown_of(large) == pytest.approx(0.05)


def test_a_growing_share_keeps_the_mark() -> None:
    book = booked((0, 0, 5_000), (500, 0, 5_000), (500, 1_000, 10_000))
    # 1 + 10 %, then 10 % lost of twice the capital.
    assert drawdown_of(book) == pytest.approx(0.1 / 1.1)


def test_the_high_water_mark_survives_the_operator() -> None:
    book = booked((0, 0, 5_000), (500, 0, 5_000))
    restored = ActingBook.from_json(json.loads(json.dumps(book.to_json())))
    restored.advance(read(minute(2), {FIRST: counted(500, 550, 2), CHAMPION: counted(0)}), 5_000)
    assert restored.blind(minute(3), "").drawdown == pytest.approx(0.1)
    assert restored.decisions == 2


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("readAt", "2026-01-01T00:00:00"),
        ("newest", {f"{FIRST}/": 1e300}),
        ("newest", {f"{FIRST}/": "9"}),
        ("decisions", float("nan")),
        ("stakes", "1"),
        ("rivalResult", None),
        ("counters", {f"{FIRST}/loss": {"": "1"}}),
    ],
)
def test_a_book_that_somebody_wrote_by_hand_is_refused(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"no finite number|no time"):
        ActingBook.from_json(booked((0, 0, 5_000), (500, 0, 5_000)).to_json() | {key: value})


def test_the_shortfall_is_what_the_rival_would_have_earned_with_the_same_decisions() -> None:
    book = booked((0, 0, 5_000), (50, 0, 5_000), champion=(2_000.0, 10.0))
    # The champion earned 200 a decision; with one decision on 5,000 that is 4 %, and 1 % was earned.
    assert book.blind(minute(9), "").shortfall == pytest.approx(0.03)


def test_without_a_decision_of_the_rival_there_is_no_shortfall() -> None:
    assert booked((0, 0, 5_000), (0, 50, 5_000)).blind(minute(9), "").shortfall is None


def test_decisions_count_since_it_acts() -> None:
    book = ActingBook(FIRST, CHAMPION)
    for number, decisions in enumerate((1_000, 1_007, 3)):
        last = read(minute(number), {FIRST: counted(0, 0, decisions), CHAMPION: counted(0)})
        book.advance(last, _CAPITAL)
    assert book.signals(last).decisions == 10


def test_the_age_is_that_of_the_one_seen_longest_ago() -> None:
    book = ActingBook(FIRST, CHAMPION)
    old = read(minute(5), {CHAMPION: counted(0)}, sampled=minute(3))
    new = read(minute(5), {FIRST: counted(0)}, sampled=minute(4))
    both = type(old)(minute(5), {**old.figures, **new.figures})
    book.advance(both, _CAPITAL)
    assert book.signals(both).age == timedelta(minutes=2)


@pytest.mark.parametrize("seen", [CHAMPION, FIRST])
def test_without_a_sample_of_either_the_age_is_unknown(seen: str) -> None:
    book = ActingBook(FIRST, CHAMPION)
    only = read(minute(0), {seen: counted(0)})
    book.advance(only, _CAPITAL)
    signals = book.signals(only)
    assert signals.age is None
    assert signals.why_blind.startswith("there is no series profit of ")


def test_what_was_known_stays_known_while_blind_and_its_age_grows() -> None:
    book = booked((0, 0, 5_000), (0, 250, 5_000))
    signals = book.blind(minute(4), "Prometheus is down")
    assert signals.drawdown == pytest.approx(0.05)
    assert signals.age == timedelta(minutes=3)
    assert signals.why_blind == "Prometheus is down"


def test_who_never_saw_anything_is_blind_without_an_age() -> None:
    assert ActingBook(FIRST, CHAMPION).blind(minute(0), "Prometheus is down").age is None


def test_a_replica_of_prometheus_that_is_behind_is_no_reset() -> None:
    book = ActingBook(FIRST, CHAMPION)
    for moment, sampled, loss in ((0, 0, 8_000), (1, 1, 8_010), (2, 0, 8_000), (3, 3, 8_020)):
        last = read(minute(moment), {FIRST: counted(0, loss, moment), CHAMPION: counted(0)}, minute(sampled))
        book.advance(last, _CAPITAL)
    assert drawdown_of(book) == pytest.approx(20 / _CAPITAL)


@pytest.mark.parametrize("behind", [FIRST, CHAMPION])
def test_a_replica_that_is_behind_for_one_instance_is_no_reset(behind: str) -> None:
    """Each replica of a Prometheus scrapes each instance at a moment of its own."""
    book, other = ActingBook(FIRST, CHAMPION), CHAMPION if behind == FIRST else FIRST
    for number, (a, b, loss_of_b) in enumerate(
        ((10, 12, 8_012.0), (13, 9, 8_009.0), (13, 12, 8_012.0), (14, 14, 8_014.0))
    ):
        instances = {"a": counted(0, 0, number), "b": counted(0, loss_of_b, number)}
        seen = read(minute(20 + number), {behind: instances, other: counted(0, 0, number)})
        sampled = {"instance=a": minute(a).timestamp(), "instance=b": minute(b).timestamp()}
        book.advance(Reading(seen.at, {**seen.figures, (behind, Figure.SAMPLED_AT): sampled}), _CAPITAL)
    assert drawdown_of(book) == pytest.approx(2 / _CAPITAL if behind == FIRST else 0.0)
    assert abs(book.blind(minute(99)).shortfall or 0.0) <= 2 / _CAPITAL


@pytest.mark.parametrize("hidden", ["decisions", "profit"])
@pytest.mark.parametrize("of", [FIRST, CHAMPION])
def test_a_part_of_a_result_changes_no_shortfall(of: str, hidden: str) -> None:
    book = ActingBook(FIRST, CHAMPION)
    for number in range(9):
        figures = {FIRST: counted(10 * number, 0, number), CHAMPION: counted(10 * number, 0, number)}
        if 3 <= number < 6:
            figures[of].pop(hidden)
        book.advance(read(minute(number), figures), _CAPITAL)
        if number > 0:
            assert book.blind(minute(number)).shortfall == pytest.approx(0.0)


def test_predictions_that_nobody_acted_on_are_neither_won_nor_lost() -> None:
    live, shadow = "book=live,instance=a", "book=shadow,instance=a"
    book = ActingBook(FIRST, CHAMPION)
    for number in range(2):
        figures = {
            (FIRST, Figure.PROFIT): {live: 0.0, shadow: 0.0},
            (FIRST, Figure.LOSS): {live: 10.0 * number, shadow: 9_000.0 * number},
            (FIRST, Figure.DECISIONS): {live: 1.0 * number, shadow: 90.0 * number},
        }
        book.advance(Reading(minute(number), figures), _CAPITAL)
    assert drawdown_of(book) == pytest.approx(10 / _CAPITAL)
    assert book.decisions == 1


def test_decisions_without_profit_and_loss_are_blind() -> None:
    book = booked((0, 0, 5_000), (0, 0, 5_000))
    seen = read(minute(2), {FIRST: counted(0, 0, 2), CHAMPION: counted(0)})
    unseen = Reading(seen.at, {owner: seen.figures[owner] for owner in seen.figures if owner[1] is not Figure.LOSS})
    signals = book.signals(unseen)
    assert signals.age is None, "freshness is broken, so that its `then` runs"
    assert signals.why_blind == f"there is no series loss of {FIRST}"


def test_profit_that_is_read_while_the_loss_is_not_counts_once_both_are() -> None:
    """Otherwise the loss of the whole gap would count, and its profit would not: blindness taken for a failure."""
    book = booked((0, 0, 5_000), (0, 0, 5_000))
    for number, figures in enumerate((counted(500, 0, 2), counted(1_000, 0, 3)), start=2):
        seen = {name: value for name, value in figures.items() if name != "loss"}
        book.advance(read(minute(number), {FIRST: seen, CHAMPION: counted(0)}), 5_000)
    book.advance(read(minute(4), {FIRST: counted(1_000, 1_000, 4), CHAMPION: counted(0)}), 5_000)
    assert drawdown_of(book) == pytest.approx(0.0)


def test_a_clock_that_was_ahead_and_is_right_again_hides_no_loss() -> None:
    book = ActingBook(FIRST, CHAMPION)
    for number, ahead, loss in ((0, 0, 0.0), (1, 60, 0.0), (2, 0, 10_000.0)):
        seen = {FIRST: counted(0, loss, number), CHAMPION: counted(0)}
        book.advance(read(minute(number), seen, sampled=minute(number + ahead)), _CAPITAL)
    assert drawdown_of(book) == pytest.approx(0.1)


@pytest.mark.parametrize("seconds", [-40, 0, 40])
def test_what_a_clock_that_is_ahead_has_counted_is_known(seconds: float) -> None:
    """A history that was read from this operator's own clock on would show counters that fell."""
    book = ActingBook(FIRST, CHAMPION)
    sampled = minute(5) + timedelta(seconds=seconds)
    book.advance(read(minute(5), {FIRST: counted(0), CHAMPION: counted(0)}, sampled=sampled), _CAPITAL)
    restored = ActingBook.from_json(json.loads(json.dumps(book.to_json())))
    assert book.counted_until == restored.counted_until == max(minute(5), sampled)
    assert restored.read_at == minute(5)


def test_a_book_of_an_older_operator_is_counted_until_it_was_read() -> None:
    kept = booked((0, 0, 5_000), (500, 0, 5_000)).to_json()
    del kept["ahead"]
    assert ActingBook.from_json(kept).counted_until == minute(1)
