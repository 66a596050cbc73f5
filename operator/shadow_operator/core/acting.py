"""The book of the model that acts: its drawdown from the high-water mark, and how far it is behind its rival."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Self

from shadow_operator.core.contract import Figure
from shadow_operator.core.counters import Counters, finite
from shadow_operator.core.guardrails import Signals
from shadow_operator.core.moment import from_text, is_moment, to_text
from shadow_operator.core.readings import Reading
from shadow_stats import Drawdown


class ActingBook:
    """What the acting model won and lost since it acts, on the share of the capital that it acts with.

    The share grows from step to step, so each result counts as a fraction of the capital that it was made with, and the
    fractions add up to an equity that starts at 1.
    """

    __slots__ = (
        "_ahead",
        "_counters",
        "_drawdown",
        "_newest",
        "_rival_decisions",
        "_rival_result",
        "_stakes",
        "decisions",
        "model",
        "read_at",
        "rival",
    )

    def __init__(self, model: str, rival: str) -> None:
        self.model = model
        self.rival = rival
        self.decisions = 0.0
        self.read_at: datetime | None = None
        # When the newest sample of the last reading was taken, by the clock of whoever took it.
        self._ahead: datetime | None = None
        # Unix seconds, by model and series.
        self._newest: dict[str, float] = {}
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
        own_book = reading.acted_on(self.model)
        behind = self._behind(own_book, self.model)
        if behind and behind == own_book.values(self.model, Figure.SAMPLED_AT).keys():
            return
        own = self._increments(own_book, self.model, behind)
        rival = self._increments(reading, self.rival, self._behind(reading, self.rival))
        if Figure.PROFIT in own and Figure.LOSS in own:
            self._drawdown.update([(own[Figure.PROFIT] - own[Figure.LOSS]) / capital])
        self.decisions += own.get(Figure.DECISIONS, 0.0)
        self._stakes += own.get(Figure.DECISIONS, 0.0) / capital
        if Figure.PROFIT in rival and Figure.LOSS in rival:
            self._rival_result += rival[Figure.PROFIT] - rival[Figure.LOSS]
        self._rival_decisions += rival.get(Figure.DECISIONS, 0.0)
        self.read_at = reading.at
        moments = (reading.sampled_at(name) for name in (self.model, self.rival))
        self._ahead = max((moment for moment in moments if moment is not None), default=None)

    def _behind(self, reading: Reading, model: str) -> set[str]:
        """The series that an earlier reading was ahead of: those of another replica of Prometheus.

        Taken for a reset, their counters would count as new losses.
        """
        sampled = reading.values(model, Figure.SAMPLED_AT)
        return {key for key, moment in sampled.items() if moment < self._newest.get(f"{model}/{key}", moment)}

    def _increments(self, reading: Reading, model: str, behind: set[str]) -> Mapping[Figure, float]:
        for key, moment in reading.values(model, Figure.SAMPLED_AT).items():
            if key not in behind:
                # No later than now: once a clock that was ahead is right again, its samples are not behind for that.
                self._newest[f"{model}/{key}"] = min(moment, reading.at.timestamp())
        return self._counters.advance(reading.without_series(model, behind).with_whole_result(model), model)

    @property
    def counted_until(self) -> datetime | None:
        """What is older than this was counted. It lies ahead where the clock of Prometheus does.

        Read again from the history, such samples would look as if every counter had begun anew.
        """
        return self.read_at if self.read_at is None or self._ahead is None else max(self.read_at, self._ahead)

    @property
    def sampled_at(self) -> datetime | None:
        """When the newest sample of the model was taken that was read."""
        moments = [moment for key, moment in self._newest.items() if key.startswith(f"{self.model}/")]
        return datetime.fromtimestamp(max(moments), tz=UTC) if moments else None

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
            "ahead": None if self._ahead is None else to_text(self._ahead),
            "newest": self._newest,
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
        # An older operator kept neither: it is replaced in the middle of a canary, and nothing changes by that.
        ahead = data.get("ahead")
        book._ahead = None if ahead is None else from_text(ahead)
        book._newest = {key: _moment(moment) for key, moment in data.get("newest", {}).items()}
        book.decisions = finite(data["decisions"])
        book._rival_result, book._rival_decisions = finite(data["rivalResult"]), finite(data["rivalDecisions"])
        book._stakes = finite(data["stakes"])
        book._drawdown = Drawdown.from_json(data["drawdown"])
        book._counters = Counters.from_json(data["counters"])
        return book


def _moment(value: Any) -> float:
    if not is_moment(finite(value)):
        raise ValueError(f"{value!r} is no time in Unix seconds")
    return float(value)
