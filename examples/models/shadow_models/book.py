"""What one model earned, in one book."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

CALIBRATION_BINS = 10


class BookKey(NamedTuple):
    """Whose book it is: `live` for predictions that were acted on, `shadow` for the hypothetical ones."""

    namespace: str
    rollout: str
    model: str
    book: str


@dataclass(frozen=True, slots=True)
class Trade:
    """One settled prediction."""

    symbol: str
    session: date
    position: float
    confidence: float
    next_return: float

    @property
    def action(self) -> str:
        """The position as a word."""
        if self.position == 0.0:
            return "hold"
        return "buy" if self.position > 0.0 else "sell"

    @property
    def outcome(self) -> str:
        """Whether it made money."""
        result = self.position * self.next_return
        if result == 0.0:
            return "flat"
        return "win" if result > 0.0 else "loss"

    @property
    def calibration_bin(self) -> str:
        """The tenth of the confidence scale, as in 0.6."""
        return f"{min(int(self.confidence * CALIBRATION_BINS), CALIBRATION_BINS - 1) / CALIBRATION_BINS:.1f}"


@dataclass(slots=True)
class Book:
    """Counters only: they never fall, so a restart of the scorer is a reset that Prometheus knows how to read."""

    profit: float = 0.0
    loss: float = 0.0
    turnover: float = 0.0
    decisions: int = 0
    sessions: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    agreement: Counter[str] = field(default_factory=Counter)
    calibration: Counter[tuple[str, str]] = field(default_factory=Counter)
    _positions: dict[str, float] = field(default_factory=dict)
    _session: date | None = None

    def enter(self, trade: Trade, notional: float) -> None:
        """Add a settled prediction."""
        earned = trade.position * notional * trade.next_return
        self.profit += max(earned, 0.0)
        self.loss += max(-earned, 0.0)
        self.turnover += abs(trade.position - self._positions.get(trade.symbol, 0.0)) * notional
        self._positions[trade.symbol] = trade.position
        self.decisions += 1
        self.sessions += trade.session != self._session
        self._session = trade.session
        self.outcomes[trade.outcome] += 1
        self.actions[trade.action] += 1
        if trade.outcome != "flat":
            self.calibration[trade.calibration_bin, trade.outcome] += 1
