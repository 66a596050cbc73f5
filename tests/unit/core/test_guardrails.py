"""Guardrails, judged from one moment's figures."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from shadow_operator.api.guardrails import Guardrail, GuardrailAction, GuardrailMetric, Then
from shadow_operator.core.guardrails import BrokenSince, Judgement, Motive, Signals, judge, while_watching
from shadow_operator.core.trading import stop_of
from shadow_operator.core.vitals import Vital
from tests.world.journeys import FIRST, START

_DRAWDOWN = {"name": "max-drawdown", "metric": "drawdown", "above": "5%"}
_SHORTFALL = {"name": "behind", "metric": "performance", "above": "2%"}
_STOPS = {"action": "StopTrading"}
_BLIND: dict[str, object] = {
    "name": "blind",
    "metric": "freshness",
    "above": "60s",
    "action": "Hold",
    "then": {"after": "10m"},
}


def guardrails(*each: Mapping[str, object]) -> list[Guardrail]:
    return [Guardrail.model_validate(one) for one in each]


@dataclass(frozen=True)
class Case:
    """Figures, and what follows from them."""

    name: str
    rails: list[Guardrail]
    rolls_back: str | None = None
    holds: str | None = None
    drawdown: float | None = 0.0
    shortfall: float | None = 0.0
    age: float | None = 1.0
    held: tuple[str, float] | None = None
    why_blind: str = ""
    motive: Motive = Motive.BREACH
    says: tuple[str, str] | None = field(default=None)
    stops: bool = False
    vitals: Mapping[str, Vital] = field(default_factory=dict)


_ERRORS = {"name": "errors", "metric": "errorRate", "above": "1%"}
_LATENCY = {"name": "latency", "metric": "latency", "above": "250ms"}
_SLOW = {"name": "latency", "metric": "latency", "above": "100ms", "action": "Hold", "then": {"after": "30m"}}
_RESTARTS = {"name": "restarts", "metric": "restarts", "above": "0"}
_PSI = {"name": "drift", "metric": "psi", "above": "0.25"}

_CASES = (
    Case("a sample from a little ahead", guardrails(_BLIND), age=-59.0),
    Case("samples from the future", guardrails(_BLIND), holds="blind", age=-61.0),
    Case("few errors", guardrails(_ERRORS), vitals={"errors": Vital(0.01)}),
    Case("too many errors", guardrails(_ERRORS), "errors", vitals={"errors": Vital(0.032)}, says=("3.20%", "1%")),
    Case("too slow", guardrails(_LATENCY), "latency", vitals={"latency": Vital(0.4124)}, says=("412ms", "250ms")),
    Case("a restart", guardrails(_RESTARTS), "restarts", vitals={"restarts": Vital(1.0)}, says=("1", "0")),
    Case("a drift", guardrails(_PSI), "drift", vitals={"drift": Vital(0.3)}, says=("0.3", "0.25")),
    Case(
        "errors that are unknown",
        guardrails(_ERRORS),
        holds="not measured",
        vitals={"errors": Vital(None, "no series")},
    ),
    Case("errors that were not measured yet", guardrails(_ERRORS), holds="not measured"),
    Case(
        "blind just now, after the errors were unknown for long",
        guardrails(_ERRORS, _BLIND),
        holds="blind",
        age=None,
        held=("not measured", 1e6),
    ),
    Case(
        "a drawdown while the errors are unknown",
        guardrails(_ERRORS, _DRAWDOWN),
        "max-drawdown",
        drawdown=0.3,
        vitals={"errors": Vital(None, "no series")},
    ),
    Case("nothing is wrong", guardrails(_DRAWDOWN, _SHORTFALL, _BLIND)),
    Case("drawdown at its limit", guardrails(_DRAWDOWN), drawdown=0.05),
    Case("drawdown over its limit", guardrails(_DRAWDOWN), "max-drawdown", drawdown=0.0501, says=("5.01%", "5%")),
    Case("drawdown unknown", guardrails(_DRAWDOWN), drawdown=None),
    Case("drawdown that only holds", guardrails(_DRAWDOWN | {"action": "Hold"}), holds="max-drawdown", drawdown=0.3),
    Case("drawdown that stops trading", guardrails(_DRAWDOWN | _STOPS), "max-drawdown", drawdown=0.3, stops=True),
    Case(
        "a stop comes before a rollback",
        guardrails(_SHORTFALL, _DRAWDOWN | _STOPS),
        "max-drawdown",
        drawdown=0.3,
        shortfall=0.3,
        stops=True,
    ),
    Case("behind at its limit", guardrails(_SHORTFALL), shortfall=0.02),
    Case("behind over its limit", guardrails(_SHORTFALL), "behind", shortfall=0.03, says=("3.00%", "2%")),
    Case("behind unknown", guardrails(_SHORTFALL), shortfall=None),
    Case("ahead", guardrails(_SHORTFALL), shortfall=-0.5),
    Case("old figures hold", guardrails(_BLIND), holds="blind", age=61),
    Case("figures of just the age", guardrails(_BLIND), age=60),
    Case("no sample holds", guardrails(_BLIND), holds="blind", age=None),
    Case("blind for less than allowed", guardrails(_BLIND), holds="blind", age=None, held=("blind", 599)),
    Case(
        "blind for too long steps back",
        guardrails(_BLIND),
        "blind",
        age=None,
        held=("blind", 600),
        motive=Motive.BLIND,
        says=("no sample", "60s"),
    ),
    Case(
        "blind just now, after another guardrail held for long",
        guardrails(_BLIND),
        holds="blind",
        age=None,
        held=("max-drawdown", 660),
    ),
    Case("blind although no guardrail asks for it", guardrails(_DRAWDOWN), holds="blind", age=None),
    Case("a query failed", guardrails(_BLIND), holds="blind", why_blind="Prometheus is down"),
    Case(
        "a query failed, and freshness has another name",
        guardrails(_BLIND | {"name": "fresh"}),
        holds="fresh",
        why_blind="Prometheus is down",
    ),
    Case("a breach comes before a hold", guardrails(_BLIND, _DRAWDOWN), "max-drawdown", drawdown=0.1, age=None),
    Case(
        "a breach counts although nothing new can be read",
        guardrails(_DRAWDOWN),
        "max-drawdown",
        drawdown=0.1,
        age=None,
    ),
    Case(
        "a hold that lasts takes the share back for a breach",
        guardrails(_DRAWDOWN | {"action": "Hold", "then": {"after": "1m"}}),
        "max-drawdown",
        drawdown=0.1,
        held=("max-drawdown", 60),
    ),
    Case(
        "a hold without then lasts",
        guardrails(_DRAWDOWN | {"action": "Hold"}),
        holds="max-drawdown",
        drawdown=0.1,
        held=("max-drawdown", 1e6),
    ),
    Case("no guardrails at all still see blindness", [], holds="blind", age=None),
    Case("no guardrails and nothing wrong", []),
)


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case.name)
def test_figures_are_judged(case: Case) -> None:
    age = None if case.age is None else timedelta(seconds=case.age)
    signals = Signals(FIRST, START, case.drawdown, case.shortfall, age, 10, case.why_blind, case.vitals)
    since = {} if case.held is None else {case.held[0]: START - timedelta(seconds=case.held[1])}
    judgement = judge(case.rails, signals, since)
    assert (None if judgement.rollback is None else judgement.rollback.guardrail) == case.rolls_back
    assert (judgement.rollback is not None and stop_of(judgement.rollback) is not None) == case.stops
    assert (None if judgement.hold is None else judgement.hold.guardrail) == case.holds
    if judgement.rollback is not None:
        assert judgement.rollback.motive is case.motive
        assert judgement.rollback.breached_at == START
    if judgement.rollback is not None and case.says is not None:
        assert (judgement.rollback.value, judgement.rollback.limit) == case.says


def test_a_hold_says_what_was_found_and_what_is_allowed() -> None:
    signals = Signals(FIRST, START, 0.0, 0.0, timedelta(seconds=90), 10)
    hold = judge(guardrails(_BLIND), signals, {}).hold
    assert hold is not None
    assert hold.sentence == "blind: freshness is 90s, at most 60s is allowed"


def test_missing_data_never_undoes_a_promotion() -> None:
    signals = Signals(FIRST, START, 0.0, 0.0, None, 10)
    long_ago = {"blind": START - timedelta(days=9)}
    for rails in (guardrails(_BLIND), guardrails(_DRAWDOWN), []):
        judgement = judge(while_watching(rails), signals, long_ago)
        assert judgement.rollback is None
        assert judgement.hold is not None


def test_a_breach_undoes_a_promotion() -> None:
    signals = Signals(FIRST, START, 0.06, 0.0, timedelta(seconds=1), 10)
    assert judge(while_watching(guardrails(_DRAWDOWN)), signals, {}).rollback is not None


def test_the_default_guardrails_see_a_drawdown_and_blindness() -> None:
    rail = Guardrail(name="x", metric=GuardrailMetric.DRAWDOWN, above="5%")
    assert rail.action is GuardrailAction.ROLLBACK
    assert Then.model_validate({"after": "1m"}).action is GuardrailAction.ROLLBACK


def test_a_hold_is_timed_from_the_first_look_that_found_it_until_one_that_does_not() -> None:
    def look(seconds: float, since: BrokenSince, age: float = 90.0) -> BrokenSince:
        return _look(guardrails(_BLIND), seconds, since, age=timedelta(seconds=age)).broken_since

    since = look(0.0, {})
    assert look(1.0, since) == look(2.0, since) == {"blind": START}
    assert look(3.0, since, age=1.0) == {}
    assert look(4.0, {}) == {"blind": START + timedelta(seconds=4)}
    assert look(5.0, {"another": START}) == {"blind": START + timedelta(seconds=5)}


def test_what_comes_and_goes_does_not_keep_another_hold_from_its_end() -> None:
    rails = guardrails(_SLOW, _BLIND | {"then": {"after": "10m"}})
    since: BrokenSince = {}
    for seconds in range(0, 600, 60):
        figure = 0.2 if seconds % 180 == 120 else 0.01
        judgement = _look(rails, seconds, since, vitals={"latency": Vital(figure)})
        assert judgement.rollback is None
        assert judgement.hold is not None
        assert (judgement.hold.guardrail, judgement.hold.since) == ("blind", START)
        since = judgement.broken_since
    ended = _look(rails, 600.0, since, vitals={"latency": Vital(0.2)})
    assert ended.rollback is not None
    assert ended.rollback.motive is Motive.BLIND


def test_a_hold_has_its_time_while_an_older_one_is_what_is_said() -> None:
    rails = guardrails(_SLOW, _BLIND | {"then": {"after": "10m"}})
    judgement = _look(rails, 0.0, {"latency": START - timedelta(minutes=1)}, vitals={"latency": Vital(0.2)})
    assert judgement.hold is not None
    assert judgement.hold.guardrail == "latency"
    ended = _look(rails, 600.0, judgement.broken_since, vitals={"latency": Vital(0.2)})
    assert ended.rollback is not None
    assert ended.rollback.guardrail == "blind"


def test_a_figure_that_is_not_known_mends_nothing() -> None:
    broken = {"latency": START - timedelta(minutes=29)}
    unknown = _look(guardrails(_SLOW), 0.0, broken, age=timedelta(seconds=1))
    assert unknown.broken_since["latency"] == broken["latency"]
    mended = _look(guardrails(_SLOW), 0.0, broken, age=timedelta(seconds=1), vitals={"latency": Vital(0.01)})
    assert "latency" not in mended.broken_since
    never_broken = _look(guardrails(_SLOW), 0.0, {}, age=timedelta(seconds=1))
    assert "latency" not in never_broken.broken_since


def _look(
    rails: list[Guardrail],
    seconds: float,
    since: BrokenSince,
    *,
    age: timedelta | None = None,
    vitals: Mapping[str, Vital] | None = None,
) -> Judgement:
    read_at = START + timedelta(seconds=seconds)
    return judge(rails, Signals(FIRST, read_at, 0.0, 0.0, age, 10, vitals=vitals or {}), since)
