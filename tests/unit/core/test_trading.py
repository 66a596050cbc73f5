"""The kill switch: who throws it, what it does, and who ends it."""

from dataclasses import replace

import pytest

from shadow_operator.api.guardrails import GuardrailAction
from shadow_operator.api.status import Stage
from shadow_operator.core.command import Command
from shadow_operator.core.events import Reason
from shadow_operator.core.guardrails import Motive
from shadow_operator.core.policy import policy_of
from shadow_operator.core.take_back import share_taken_by
from shadow_operator.core.trading import Stop
from tests.world.journeys import CHAMPION, FIRST, Journey, in_canary, in_shadow, watched


def say(journey: Journey, text: str, reason: str = "") -> str:
    journey.command = Command(text, "ann", reason)
    journey.look()
    journey.command = None
    assert journey.status.command is not None
    return journey.status.command.answer


def is_trading(journey: Journey) -> bool:
    return policy_of("default/momentum", journey.spec, journey.status).trading_enabled


@pytest.mark.parametrize("journey", [in_shadow(), in_canary(), watched()], ids=["shadow", "canary", "watch"])
def test_a_person_stops_trading_in_any_phase_and_nobody_but_the_champion_keeps_a_share(journey: Journey) -> None:
    assert is_trading(journey)
    assert say(journey, "stop-trading/1", "the exchange is down") == "trading is stopped"
    assert not is_trading(journey)
    assert journey.champion == CHAMPION
    assert journey.share == 0
    assert journey.status.stopped is not None
    assert (journey.status.stopped.by, journey.status.stopped.why) == ("ann", "the exchange is down")


def test_while_trading_is_stopped_nothing_advances_and_the_message_says_so() -> None:
    journey = in_shadow()
    say(journey, "stop-trading/1")
    journey.wait("30d").look()
    assert journey.stage(FIRST) is Stage.SHADOW
    assert journey.status.message is not None
    assert journey.status.message.startswith("trading is stopped by ann, nothing advances: ")


def test_a_person_lets_trading_go_on_and_nobody_else_does() -> None:
    journey = in_canary()
    say(journey, "stop-trading/1")
    journey.wait("30d").look()
    assert not is_trading(journey)
    assert say(journey, "start-trading/2") == "trading goes on"
    assert is_trading(journey)
    assert journey.last_reason() is Reason.TRADING_STARTED


def test_a_stop_or_a_start_that_changes_nothing_is_refused() -> None:
    journey = in_shadow()
    assert say(journey, "start-trading/1") == "refused: trading is not stopped"
    say(journey, "stop-trading/1")
    assert say(journey, "stop-trading/2") == "refused: ann stopped trading before"


def test_a_guardrail_stops_trading_with_the_rollback() -> None:
    journey = in_canary()
    journey.mark = replace(journey.breach(FIRST), action=GuardrailAction.STOP_TRADING)
    journey.look()
    assert not is_trading(journey)
    assert journey.stage(FIRST) is Stage.ROLLED_BACK
    assert journey.reasons[-2:] == [Reason.ROLLED_BACK, Reason.TRADING_STOPPED]
    assert journey.status.stopped is not None
    assert journey.status.stopped.by == "guardrail max-drawdown"


def test_what_the_guard_stopped_is_written_down_and_its_command_answered_once() -> None:
    journey = in_shadow()
    journey.stop = Stop("ann", "the exchange is down", journey.now, "stop-trading/1")
    journey.command = Command("stop-trading/1", "ann", "the exchange is down")
    journey.look()
    journey.look()
    assert not is_trading(journey)
    assert journey.reasons.count(Reason.TRADING_STOPPED) == 1
    assert Reason.COMMAND_REFUSED not in journey.reasons
    assert journey.status.heard == ["stop-trading/1"]


def test_a_rollback_that_the_guard_did_by_command_is_answered_and_not_done_again() -> None:
    journey = in_canary()
    journey.command = Command("rollback/1", "ann")
    asked = share_taken_by(journey.command, journey.status, journey.now)
    assert asked is not None
    assert asked.motive is Motive.COMMAND
    journey.mark = asked
    journey.look()
    journey.look()
    assert journey.stage(FIRST) is Stage.ROLLED_BACK
    assert journey.reasons.count(Reason.ROLLED_BACK) == 1
    assert Reason.COMMAND_REFUSED not in journey.reasons
    assert journey.status.command is not None
    assert journey.status.command.answer == f"{FIRST} was taken out of the traffic"


@pytest.mark.parametrize(
    ("text", "is_share"),
    [
        ("rollback/1", True),
        ("rollback-full/1", True),
        (f"rollback/1/{FIRST}", True),
        ("stop-trading/1", True),
        ("rollback/1/somebody", False),
        ("pause/1", False),
        ("rollback", False),
        ("promote/1", False),
    ],
)
def test_the_guard_takes_back_what_a_command_names(text: str, *, is_share: bool) -> None:
    journey = in_canary()
    assert (share_taken_by(Command(text, "ann"), journey.status, journey.now) is not None) is is_share
    assert share_taken_by(Command(text, "ann"), in_shadow().status, journey.now) is None
