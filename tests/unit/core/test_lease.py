"""Whose turn it is, from the Lease and one's own clock."""

from dataclasses import replace

import pytest

from shadow_operator.core.lease import NOBODY_YET, Record, Sight, Terms, Turn, candidates_turn, leaders_turn, seen

_TERMS = Terms(6.0)
_HELD = Record("7", "first", 6)
_OURS = replace(_HELD, holder="second")
_RELEASED = Record("7", None, 6)


@pytest.mark.parametrize(
    ("record", "looked_for", "turn"),
    [
        pytest.param(_HELD, 0.0, Turn.WAIT, id="somebody leads"),
        pytest.param(_HELD, 5.9, Turn.WAIT, id="somebody may still lead"),
        pytest.param(_HELD, 6.0, Turn.ACQUIRE, id="it was not renewed for as long as was promised"),
        pytest.param(replace(_HELD, seconds=15), 14.9, Turn.WAIT, id="what its holder promised holds"),
        pytest.param(replace(_HELD, seconds=None), 5.9, Turn.WAIT, id="nobody promised anything"),
        pytest.param(_RELEASED, 0.0, Turn.ACQUIRE, id="it was given back"),
        pytest.param(_OURS, 0.0, Turn.ACQUIRE, id="the process before us in this pod held it, and is dead"),
        pytest.param(None, 9.0, Turn.CREATE, id="there is none, and nobody can wait for what is not there"),
        pytest.param(replace(_HELD, holder=NOBODY_YET), 5.9, Turn.WAIT, id="it is new, and may follow a held one"),
        pytest.param(replace(_HELD, holder=NOBODY_YET), 6.0, Turn.ACQUIRE, id="it is new for long enough"),
    ],
)
def test_the_turn_of_a_candidate(record: Record | None, looked_for: float, turn: Turn) -> None:
    assert candidates_turn(Sight(record, 100.0), "second", _TERMS, 100.0 + looked_for) is turn


@pytest.mark.parametrize(
    ("record", "now", "turn"),
    [
        pytest.param(_OURS, 103.9, Turn.RENEW, id="it holds it, in time"),
        pytest.param(_OURS, 104.0, Turn.LOST, id="it holds it by name, but its time is over"),
        pytest.param(_HELD, 101.0, Turn.LOST, id="somebody else took it"),
        pytest.param(_RELEASED, 101.0, Turn.LOST, id="somebody released it"),
        pytest.param(None, 101.0, Turn.LOST, id="somebody deleted it"),
    ],
)
def test_the_turn_of_a_leader(record: Record | None, now: float, turn: Turn) -> None:
    assert leaders_turn(Sight(record, 100.0), "second", 104.0, now) is turn


def test_a_record_that_changed_is_waited_for_anew() -> None:
    first = seen(None, _HELD, 100.0)
    assert seen(first, _HELD, 103.0) == Sight(_HELD, 100.0)
    renewed = replace(_HELD, version="8")
    assert seen(first, renewed, 103.0) == Sight(renewed, 103.0)
    assert seen(first, None, 103.0) == Sight(None, 103.0)


@pytest.mark.parametrize("seconds", [1.5, 6.0, 15.0])
def test_a_leader_stops_before_anybody_else_may_begin(seconds: float) -> None:
    terms = Terms(seconds)
    assert terms.every * 3 < terms.deadline < terms.seconds <= terms.promised
