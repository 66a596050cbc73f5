from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow_operator.core.next_look import due, wait
from tests.world.journeys import START

_PERIOD = 1.0
_HALF = timedelta(seconds=_PERIOD / 2)


@pytest.mark.parametrize(
    ("dues", "seconds"),
    [
        pytest.param([], 0.5, id="nothing is expected"),
        pytest.param([0.2], 0.2, id="a sample soon"),
        pytest.param([0.4, 0.3, 9.0], 0.3, id="the first of several"),
        pytest.param([0.6], 0.5, id="a sample after the look that is due anyway"),
        pytest.param([-0.9], 0.0, id="a sample that is late"),
        pytest.param([-1.1], 0.5, id="a sample that does not come"),
    ],
)
def test_the_next_look_is_when_something_new_is_to_be_seen(dues: list[float], seconds: float) -> None:
    assert wait(_HALF, [timedelta(seconds=each) for each in dues]).total_seconds() == pytest.approx(seconds)


@given(st.lists(st.floats(-1e6, 1e6)))
def test_a_look_is_never_put_off(dues: list[float]) -> None:
    found = wait(_HALF, [timedelta(seconds=each) for each in dues])
    assert timedelta(0) <= found <= _HALF


@given(
    every=st.sampled_from([0.97, 1.0, 5.0, 15.0]),
    phase=st.floats(0.0, 1.0),
    visible_after=st.floats(0.0, 0.045),
)
def test_once_the_rhythm_of_the_scrapes_is_known_each_is_seen_at_once(
    every: float, phase: float, visible_after: float
) -> None:
    delays = _delays(every, phase, visible_after)
    assert max(delays) <= _PERIOD + 1e-3
    # The interval that the rollout names is whole seconds, and the next sample may be there a little before its time.
    assert max(delays[2:]) <= 0.1


@given(
    every=st.sampled_from([0.97, 1.0, 5.0, 15.0]),
    phase=st.floats(0.0, 1.0),
    visible_after=st.floats(0.0, 0.6),
    ahead=st.floats(-20.0, 20.0),
)
def test_late_samples_and_clocks_that_differ_make_no_look_later_than_it_was(
    every: float, phase: float, visible_after: float, ahead: float
) -> None:
    assert max(_delays(every, phase, visible_after, ahead)) <= _PERIOD + 1e-3


def _delays(every: float, phase: float, visible_after: float, ahead: float = 0.0) -> list[float]:
    """Seconds from the moment at which each of 20 samples can be seen to the look that sees it.

    The clock that the samples are stamped by is so much ahead of the guard's.
    """
    scraped = [phase + number * every for number in range(20)]
    said = timedelta(seconds=round(every))
    delays: list[float] = []
    now = 0.0
    while len(delays) < len(scraped):
        seen = sum(moment + visible_after <= now for moment in scraped)
        delays += [now - scraped[number] - visible_after for number in range(len(delays), seen)]
        now += _PERIOD / 2
        newest = [START + timedelta(seconds=scraped[seen - 1] + ahead)] if seen else []
        after = wait(_HALF, [due(START + timedelta(seconds=now), each, said) for each in newest])
        now += after.total_seconds()
    return delays
