"""The share that a canary step asked for, and the one that was seen."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .story import Step

# The gateway is told of a new share a moment before or after the status says so.
SETTLING_SECONDS = 0.5
SIGMAS = 3.0


@dataclass(frozen=True)
class Window:
    """The time in which only this step's share was in force."""

    begin: float
    end: float

    def holds(self, moment: float) -> bool:
        """Whether this moment lies in it."""
        return self.begin <= moment <= self.end


@dataclass(frozen=True)
class Seen:
    """Requests answered by the challenger, of all that were answered."""

    challenger: int
    requests: int

    def against(self, percent: int) -> dict[str, Any]:
        """Compare with the share that was asked for, within three standard deviations of a fair coin of that bias."""
        if not self.requests:
            return {"requests": 0, "percent": None, "band": None, "within": None}
        asked = percent / 100.0
        reach = SIGMAS * math.sqrt(asked * (1.0 - asked) / self.requests)
        share = self.challenger / self.requests
        return {
            "requests": self.requests,
            "percent": round(100.0 * share, 2),
            "band": [round(100.0 * max(asked - reach, 0.0), 2), round(100.0 * min(asked + reach, 1.0), 2)],
            "within": abs(share - asked) <= reach,
        }


def window_of(step: Step) -> Window | None:
    """The window of a step, none if it was over before it was seen to begin."""
    if step.begun is None or step.seconds <= 2.0 * SETTLING_SECONDS:
        return None
    return Window(step.begun + SETTLING_SECONDS, step.last_seen - SETTLING_SECONDS)


def seen_by_client(per_second: Sequence[Mapping[str, Any]], window: Window, challenger: str) -> Seen:
    """Count the client's answers in the whole seconds within the window."""
    inside = [each for each in per_second if each["t"] >= window.begin and each["t"] + 1 <= window.end]
    return Seen(
        challenger=sum(each["answers"].get(challenger, 0) for each in inside),
        requests=sum(sum(each["answers"].values()) for each in inside),
    )


def seen_by_envoy(requests: Sequence[tuple[float, str]], window: Window, challenger: str) -> Seen:
    """Count the requests that Envoy logged as (moment, model) within the window."""
    models = [model for moment, model in requests if window.holds(moment)]
    return Seen(challenger=models.count(challenger), requests=len(models))
