"""From the moment at which Prometheus shows that a challenger fails to its last answer that a client saw."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.rollback.lanes import Break, Lanes
from examples.demo.player.failure import DemoError

# No answer for so long is none any more: with 25 requests a second and a share of 30 % one comes every .13 s.
_QUIET_SECONDS = 3.0
_LONGEST_SECONDS = 90.0
_LOOK_SECONDS = 0.25
_SETTLE_SECONDS = 0.3
# While one lane breaks it is asked often, so that the last answer is known to some hundredths; usually less.
_OFTEN, USUALLY = 100.0, 25.0


@dataclass(frozen=True, slots=True)
class Breach:
    """One breach, in Unix seconds.

    Attributes:
        lane: whose challenger it was.
        at: when the challenger failed.
        visible_at: when a question was sent that Prometheus was the first to answer with it.
        last_at: when the client got its last answer from the challenger.

    """

    lane: str
    at: float
    visible_at: float
    last_at: float

    @property
    def seconds(self) -> float:
        """From visible to the last answer; below 0 when it was over before that question was sent."""
        return self.last_at - self.visible_at


@dataclass(frozen=True, slots=True)
class Alerted:
    """One alert, in Unix seconds.

    Attributes:
        lane: whose challenger it was about.
        at: when it was posted.
        answered_at: when the operator had said what came of it.
        last_at: when the client got its last answer from the challenger.

    """

    lane: str
    at: float
    answered_at: float
    last_at: float

    @property
    def seconds(self) -> float:
        """From the post to the last answer."""
        return self.last_at - self.at


def one_by_one(lanes: Lanes, names: Sequence[str], challenger: str, phases: random.Random) -> list[Breach]:
    """Break one lane after the other, each at a moment that has nothing to do with anybody's clock."""
    found: list[Breach] = []
    for name in phases.sample(list(names), len(names)):
        lanes.ask([name], _OFTEN)
        time.sleep(_SETTLE_SECONDS + phases.uniform(0.0, 1.0))
        found += at_once(lanes, [name], challenger)
        lanes.ask([name], USUALLY)
    return found


def at_once(lanes: Lanes, names: Sequence[str], challenger: str) -> list[Breach]:
    """Break these lanes at the same moment, and wait until their challengers answer no more."""
    lanes.break_challengers(names)
    deadline = time.monotonic() + _LONGEST_SECONDS
    while True:
        breaks = lanes.breaks(names)
        seen = lanes.seen()
        if all(_is_over(breaks[name], seen[name].last[challenger]) for name in names):
            return [_breach(name, breaks[name], seen[name].last[challenger]) for name in names]
        if time.monotonic() > deadline:
            raise DemoError(f"{len(names)} lanes broke, and after {_LONGEST_SECONDS:.0f} s challengers still answer.")
        time.sleep(_LOOK_SECONDS)


def by_alert(lanes: Lanes, name: str, challenger: str) -> Alerted:
    """Post an alert about a healthy challenger, and wait until it answers no more."""
    lanes.ask([name], _OFTEN)
    time.sleep(_SETTLE_SECONDS)
    lanes.alert(name)
    deadline = time.monotonic() + _LONGEST_SECONDS
    while True:
        seen = lanes.seen()[name]
        posted, answered, last = seen.alerted_at, seen.alert_answered_at, seen.last[challenger]
        if posted is not None and answered is not None and time.time() - max(last, answered) > _QUIET_SECONDS:
            lanes.ask([name], USUALLY)
            return Alerted(name, posted, answered, last)
        if time.monotonic() > deadline:
            raise DemoError(f"{name} was alerted about, and its challenger still answers; it said {seen.alert_said}.")
        time.sleep(_LOOK_SECONDS)


def _is_over(broke: Break, last: float) -> bool:
    return broke.visible_at is not None and time.time() - max(last, broke.visible_at) > _QUIET_SECONDS


def _breach(name: str, broke: Break, last: float) -> Breach:
    if broke.visible_at is None:
        raise DemoError(f"Prometheus does not show that {name} broke.")
    return Breach(name, broke.at, broke.visible_at, last)
