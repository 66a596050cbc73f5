"""The book of the model that acts: its drawdown from the high-water mark, and how far it is behind its rival."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from shadow_operator.core.contract import Figure
from shadow_operator.core.counters import Counters
from shadow_operator.core.guardrails import Signals
from shadow_operator.core.moment import from_text, to_text
from shadow_operator.core.readings import Reading
from shadow_stats import Drawdown


class ActingBook:
    """What the acting model won and lost since it acts, on the share of the capital that it acts with.

    The share grows from step to step, so each result counts as a fraction of the capital that it was made with, and the
    fractions add up to an equity that starts at 1.
    """

    __slots__ = (
        "_counters",
        "_drawdown",
        "_rival_decisions",
        "_rival_result",
        "_stakes",
        "decisions",
        "model",
        "read_at",
        "rival",
        "sampled_at",
    )

    def __init__(self, model: str, rival: str) -> None:
        self.model = model
        self.rival = rival
        self.decisions = 0.0
        self.read_at: datetime | None = None
        self.sampled_at: datetime | None = None
        self._counters = Counters()
        self._drawdown = Drawdown(1.0)
        self._rival_result = 0.0
        self._rival_decisions = 0.0
        # Decisions, each divided by the capital that it was made with.
        self._stakes = 0.0

    def is_of(self, model: str | None, rival: str) -> bool:
        """Whether it is the book of this model beside this rival."""
        return (self.model, self.rival) == (model, rival)

    def advance(self, reading: Reading, capital: float) -> None:
        """Take in the next reading; `capital` is what the model acts with now, in account currency."""
        sampled = reading.sampled_at(self.model)
        if sampled is not None and self.sampled_at is not None and sampled < self.sampled_at:
            # Another replica of Prometheus that is behind: taken for a reset, its counters would count as new losses.
            return
        if sampled is not None:
            # While the clock of Prometheus is ahead; once it is right again, its samples are not older for that.
            self.sampled_at = min(sampled, reading.at)
        own = self._counters.advance(reading.acted_on(self.model).with_whole_result(self.model), self.model)
        rival = self._counters.advance(reading.with_whole_result(self.rival), self.rival)
        if Figure.PROFIT in own and Figure.LOSS in own:
            self._drawdown.update([(own[Figure.PROFIT] - own[Figure.LOSS]) / capital])
        self.decisions += own.get(Figure.DECISIONS, 0.0)
        self._stakes += own.get(Figure.DECISIONS, 0.0) / capital
        if Figure.PROFIT in rival and Figure.LOSS in rival:
            self._rival_result += rival[Figure.PROFIT] - rival[Figure.LOSS]
        self._rival_decisions += rival.get(Figure.DECISIONS, 0.0)
        self.read_at = reading.at

    def signals(self, reading: Reading) -> Signals:
        """The figures that the guardrails judge, as of the reading that was taken in last."""
        moments = [reading.sampled_at(name) for name in (self.model, self.rival)]
        known = [moment for moment in moments if moment is not None]
        missing = reading.missing(self.model) or reading.missing(self.rival)
        return Signals(
            model=self.model,
            read_at=reading.at,
            drawdown=self._drawdown.current,
            shortfall=self._shortfall(),
            age=reading.at - min(known) if missing is None and len(known) == len(moments) else None,
            decisions=int(self.decisions),
            why_blind=missing or "",
        )

    def blind(self, at: datetime, why: str = "") -> Signals:
        """The figures while nothing can be read: what was known stays known, and its age grows.

        Without a reason nothing was asked for in vain, and only that age says anything.
        """
        age = None if self.read_at is None else at - self.read_at
        return Signals(self.model, at, self._drawdown.current, self._shortfall(), age, int(self.decisions), why)

    def _shortfall(self) -> float | None:
        if self._rival_decisions <= 0:
            return None
        return self._rival_result / self._rival_decisions * self._stakes - self._drawdown.profit

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values from which `from_json` resumes: the high-water mark survives the operator."""
        return {
            "model": self.model,
            "rival": self.rival,
            "readAt": None if self.read_at is None else to_text(self.read_at),
            "sampledAt": None if self.sampled_at is None else to_text(self.sampled_at),
            "decisions": self.decisions,
            "rivalResult": self._rival_result,
            "rivalDecisions": self._rival_decisions,
            "stakes": self._stakes,
            "drawdown": self._drawdown.to_json(),
            "counters": self._counters.to_json(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Resume what `to_json` wrote. Raises ValueError or KeyError when it is not whole."""
        book = cls(data["model"], data["rival"])
        book.read_at = None if data["readAt"] is None else from_text(data["readAt"])
        book.sampled_at = None if data["sampledAt"] is None else from_text(data["sampledAt"])
        book.decisions = data["decisions"]
        book._rival_result, book._rival_decisions = data["rivalResult"], data["rivalDecisions"]
        book._stakes = data["stakes"]
        book._drawdown = Drawdown.from_json(data["drawdown"])
        book._counters = Counters.from_json(data["counters"])
        return book
