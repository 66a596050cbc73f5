"""What the feed has seen: the only witness of what a client got."""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

FAILURES_KEPT = 20
SECONDS_KEPT = 3600


@dataclass(slots=True)
class Second:
    """Outcomes of the requests that ended within one second."""

    t: int
    sent: int = 0
    failed: int = 0
    answers: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"t": self.t, "sent": self.sent, "failed": self.failed, "answers": dict(self.answers)}


@dataclass(slots=True)
class FeedRecord:
    """Counts every request once, as an answer of a model or as a failure."""

    sent: int = 0
    failed: int = 0
    behind: int = 0
    """Requests that had to wait for a free place: the gateway was slower than the rate."""
    warm_up_probes: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    last_answer: dict[str, float] = field(default_factory=dict)
    failures: list[dict[str, Any]] = field(default_factory=list)
    _seconds: deque[Second] = field(default_factory=lambda: deque(maxlen=SECONDS_KEPT))

    def answered(self, model: str, now: float) -> None:
        """Count a 200; `now` is Unix time at which it was complete."""
        self.sent += 1
        self.answers[model] += 1
        self.last_answer[model] = round(now, 3)
        second = self._second(now)
        second.sent += 1
        second.answers[model] += 1

    def failure(self, reason: str, now: float) -> None:
        """Count anything else."""
        self.sent += 1
        self.failed += 1
        second = self._second(now)
        second.sent += 1
        second.failed += 1
        if len(self.failures) < FAILURES_KEPT:
            self.failures.append({"t": round(now, 3), "reason": reason})

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {
            "sent": self.sent,
            "failed": self.failed,
            "behind": self.behind,
            "warmUpProbes": self.warm_up_probes,
            "failures": self.failures,
            "answers": dict(self.answers),
            "lastAnswer": self.last_answer,
            "perSecond": [second.as_json() for second in self._seconds],
        }

    def _second(self, now: float) -> Second:
        if not self._seconds or self._seconds[-1].t < int(now):
            self._seconds.append(Second(int(now)))
        return self._seconds[-1]
