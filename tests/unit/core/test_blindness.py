"""What is said while figures can't be read: which, since when, and what happens next at what time."""

import pytest

from shadow_operator.core.guardrails import Hold
from shadow_operator.core.observed import MetricsHealth
from tests.world.journeys import FIRST, Journey, in_canary, in_shadow, watched

_DOWN = MetricsHealth(available=False, message="http://prometheus:9090 can't be reached")


def said(journey: Journey) -> str:
    journey.look()
    return next(each.message for each in journey.status.conditions if each.type == "MetricsAvailable")


@pytest.mark.parametrize(
    ("journey", "follows"),
    [
        (in_shadow(), "nothing advances until it can be read"),
        (in_canary(), f"{FIRST} keeps its share, and nothing advances until it can be read"),
        (watched(), "the watch does not end until it can be read"),
    ],
    ids=["shadow", "canary", "watch"],
)
def test_the_condition_says_since_when_and_what_follows(journey: Journey, follows: str) -> None:
    journey.metrics = _DOWN
    first = said(journey)
    assert first.startswith("http://prometheus:9090 can't be reached; since 2")
    assert first.endswith(f"; {follows}")
    journey.wait("1h")
    assert said(journey) == first, "it is one time of blindness"


def test_a_canary_that_is_held_blind_says_when_it_steps_back() -> None:
    journey = in_canary()
    journey.metrics = _DOWN
    journey.hold = Hold("blind", "no sample", None)
    journey.look()
    held = journey.status.canary
    assert held is not None
    assert held.held_since is not None
    assert f"{FIRST} keeps its share until " in said(journey)
    assert said(journey).endswith(", when it steps back")


def test_figures_that_can_be_read_again_begin_anew() -> None:
    journey = in_shadow()
    journey.metrics = _DOWN
    first = said(journey)
    journey.metrics = MetricsHealth(available=True, message="every query was answered")
    assert said(journey) == "every query was answered"
    journey.wait("1h")
    journey.metrics = _DOWN
    assert said(journey) != first
