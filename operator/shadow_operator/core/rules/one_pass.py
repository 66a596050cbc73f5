"""One pass through the rules."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shadow_operator.api.rollout import Spec
from shadow_operator.api.status import (
    ChallengerStatus,
    Stage,
    Status,
)
from shadow_operator.core.events import Event, Reason
from shadow_operator.core.gates import GateResult
from shadow_operator.core.moment import to_text
from shadow_operator.core.observed import Observed
from shadow_operator.core.score import Consent, consent


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass through the rules: a status that each rule may replace, and what happened so far."""

    spec: Spec
    observed: Observed
    now: datetime
    status: Status
    results: Mapping[str, tuple[GateResult, ...]]
    events: tuple[Event, ...] = ()

    def then(self, rule: "Rule") -> "Pass":
        """Apply the next rule, and put its name to what it decided."""
        after = rule(self)
        decided = [replace(event, rule=rule.__name__) for event in after.events[len(self.events) :]]
        return after if not decided else replace(after, events=(*self.events, *decided))

    def changed(self, reason: Reason | None = None, message: str = "", **fields: Any) -> "Pass":
        """The pass with other fields in its status, and with one more event where there is a reason."""
        status = self.status.model_copy(update=fields)
        events = self.events if reason is None else (*self.events, Event(reason, message))
        return Pass(self.spec, self.observed, self.now, status, self.results, events)

    def consent(self, name: str) -> Consent:
        """What the gates say of a challenger as a whole."""
        challenger = self.status.challenger(name)
        return Consent.OPEN if challenger is None else consent(self.spec, challenger, self.results.get(name, ()))

    def with_stage(self, name: str, stage: Stage, **fields: Any) -> list[ChallengerStatus]:
        """The challengers, with one of them in another stage from now on."""
        update = {"stage": stage, "since": to_text(self.now), "waiting_for": None, "review_since": None, **fields}
        return self.with_line(name, **update)

    def with_line(self, name: str, **fields: Any) -> list[ChallengerStatus]:
        """The challengers, with other fields in the line of one of them."""
        return [c.model_copy(update=fields) if c.name == name else c for c in self.status.challengers]


Rule = Callable[[Pass], Pass]
