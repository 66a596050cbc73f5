"""Each preset on both sides of each of its limits: a good model, and one that is good but for one trait."""

from dataclasses import dataclass, field

from tests.presets.recording import GOOD, Recording, Traits, but

ACTS, WAITS, REJECTED, ASKS = "acts", "waits", "is rejected", "asks a person"


@dataclass(frozen=True)
class Case:
    """One recorded challenger, and what is to become of it.

    Attributes:
        decision: what the preset decides.
        by: the gates that do not pass then, and with `WAITS` and `ASKS` no others.
        hours: how far the recording is replayed.

    """

    preset: str
    name: str
    traits: Traits
    decision: str
    by: frozenset[str] = field(default_factory=frozenset)
    hours: int = 20 * 24

    @property
    def rollout(self) -> str:
        return f"{self.preset}-{self.name}"

    @property
    def recording(self) -> Recording:
        return Recording(self.rollout, self.traits, days=-(-self.hours // 24) + 1)


def _case(preset: str, name: str, traits: Traits, decision: str, *by: str, hours: int = 20 * 24) -> Case:
    return Case(preset, name, traits, decision, frozenset(by), hours)


_FIVE = (
    ("good", GOOD, ACTS, ()),
    ("no-better", but(gain=0.1), REJECTED, ("mean", "bootstrap", "sharpe", "wins")),
    ("worse", but(gain=-0.6), REJECTED, ("mean",)),
    ("seldom-trades", but(trades=0.5), WAITS, ()),
    ("wins-no-more-often", but(bonus=1.5), ASKS, ("wins",)),
    ("plunges", but(plunge=3_500.0), ASKS, ("drawdown",)),
)
_ACTIVATION = (
    ("good", GOOD, ACTS, ()),
    ("one-sided", but(buys=0.75), ACTS, ("diverse",)),
    ("always-sure", but(sure=True), ACTS, ("spread",)),
    ("contrary", but(agrees=0.5), ACTS, ("agrees",)),
    ("falls-with-confidence", but(hits=(0.9, 0.5)), ACTS, ("monotonic",)),
    ("one-sided-and-sure", but(buys=0.75, sure=True), WAITS, ("behaviour", "diverse", "spread")),
    ("contrary-and-falling", but(agrees=0.5, hits=(0.9, 0.5)), WAITS, ("behaviour", "agrees", "monotonic")),
    ("restless-process", but(restarts=4), WAITS, ("restarts",)),
)
_GOVERNANCE = (
    ("good", GOOD, ACTS, ()),
    ("few-sessions", but(days_a_session=4), WAITS, ("sessions",)),
    ("seldom-trades", but(trades=0.04), WAITS, ("trades",)),
    ("busy", but(turnover=80.0), WAITS, ("turnover",)),
    ("no-profit", but(gain=-0.05), WAITS, ("live-sharpe", "drawdown")),
    ("plunges", but(plunge=6_000.0), WAITS, ("drawdown",)),
    ("drifts", but(wanders=0.7), WAITS, ("drift",)),
    ("slow", but(slow=0.03), WAITS, ("latency",)),
    ("silent", but(errors=5.0), WAITS, ("errors",)),
)
_SPRINT = (
    ("good", GOOD, ACTS, ()),
    ("no-better", but(gain=0.1), WAITS, ("sharpe", "drawdown")),
    ("worse", but(gain=-0.6), REJECTED, ("sharpe",)),
    ("plunges", but(plunge=3_500.0), WAITS, ("drawdown",)),
    ("overconfident", but(hits=(0.4, 0.9)), WAITS, ("calibration",)),
    ("drifts", but(wanders=0.7), WAITS, ("drift",)),
)
_AB = (
    ("good", GOOD, ACTS, ()),
    ("mae", but(absolute=0.97), REJECTED, ("mae",)),
    ("rmse", but(squared=0.97), REJECTED, ("rmse",)),
    ("mape", but(percentage=0.97), REJECTED, ("mape",)),
    ("direction", but(wrong=0.485), REJECTED, ("direction",)),
)
CASES = (
    *(_case("five-plus-three", name, traits, decision, *by, hours=22 * 24) for name, traits, decision, by in _FIVE),
    *(_case("activation", name, traits, decision, *by, hours=3 * 24) for name, traits, decision, by in _ACTIVATION),
    *(_case("governance", name, traits, decision, *by, hours=9 * 24) for name, traits, decision, by in _GOVERNANCE),
    _case("governance", "two-days", GOOD, WAITS, "days", "sessions", hours=42),
    *(_case("sprint-canary", name, traits, decision, *by, hours=20 * 24) for name, traits, decision, by in _SPRINT),
    _case("sprint-canary", "six-days", GOOD, WAITS, hours=6 * 24),
    *(_case("ab-test", name, traits, decision, *by, hours=20 * 24) for name, traits, decision, by in _AB),
    _case("ab-test", "a-day", GOOD, WAITS, "samples", "two-weeks", "mae", "rmse", "mape", "direction", hours=24),
    _case("ab-test", "thirteen-days", GOOD, WAITS, "two-weeks", hours=13 * 24),
)
