"""When a challenger comes into shadow, and what it has to show there before it acts on anything."""

from dataclasses import replace

import pytest

from shadow_operator.api.status import Phase, Stage
from shadow_operator.core.events import Reason
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.observed import MetricsHealth, RouteState
from shadow_operator.core.split import Split
from tests.world.evidence import better, blinded, no_sample, undecided, worse
from tests.world.journeys import CHAMPION, FIRST, SECOND, Journey, in_shadow
from tests.world.rollouts import spec_of


def test_the_first_pass_names_the_champion_of_the_spec() -> None:
    journey = Journey()
    journey.look()
    assert journey.champion == CHAMPION
    assert journey.phase() is Phase.PENDING
    assert journey.share == 0


def test_shadow_starts_once_the_route_mirrors_and_the_pods_are_ready() -> None:
    journey = Journey()
    journey.look()
    assert journey.stage(FIRST) is Stage.PENDING
    journey.look()
    assert journey.stage(FIRST) is Stage.SHADOW
    assert journey.reasons == [Reason.SHADOW_STARTED, Reason.SHADOW_STARTED]


@pytest.mark.parametrize("state", [RouteState.ABSENT, RouteState.WAITING, RouteState.REFUSED])
def test_shadow_does_not_start_on_a_route_that_is_not_programmed(state: RouteState) -> None:
    journey = Journey(route=state)
    journey.look()
    journey.look()
    assert journey.stage(FIRST) is Stage.PENDING
    assert "waiting for the route" in (journey.status.message or "")


def test_shadow_does_not_start_while_the_route_does_not_mirror() -> None:
    journey = Journey(split=Split({CHAMPION: 100}, {SECOND: 25}))
    journey.look()
    journey.look()
    assert journey.stage(FIRST) is Stage.PENDING
    assert journey.stage(SECOND) is Stage.SHADOW


def test_shadow_does_not_start_while_the_pods_are_not_ready() -> None:
    journey = Journey(unready={FIRST})
    journey.look()
    journey.look()
    assert journey.stage(FIRST) is Stage.PENDING
    assert journey.stage(SECOND) is Stage.SHADOW


def test_no_canary_before_the_least_time_in_shadow() -> None:
    journey = in_shadow()
    journey.evidence[FIRST] = better()
    journey.wait("13d23h59m").look()
    assert journey.stage(FIRST) is Stage.SHADOW
    line = journey.status.challenger(FIRST)
    assert line is not None
    assert line.waiting_for == "14d in shadow, 13d so far"
    journey.wait("1m").look()
    assert journey.stage(FIRST) is Stage.CANARY


def test_no_canary_before_the_least_number_of_trades() -> None:
    journey = in_shadow()
    journey.evidence[FIRST] = better(trades=499)
    journey.wait("20d").look()
    assert journey.stage(FIRST) is Stage.SHADOW
    line = journey.status.challenger(FIRST)
    assert line is not None
    assert line.waiting_for == "500 trades, 499 so far"
    journey.evidence[FIRST] = better(trades=500)
    journey.look()
    assert journey.stage(FIRST) is Stage.CANARY


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param(undecided(), id="undecided"),
        pytest.param(no_sample(), id="no sample"),
        pytest.param(blinded(better()), id="better but blind now"),
        pytest.param(better(pvalue=0.051), id="just outside of the error budget"),
    ],
)
def test_no_canary_before_every_primary_gate_has_passed(evidence: Evidence) -> None:
    journey = in_shadow()
    journey.evidence[FIRST] = evidence
    journey.wait("100d").look()
    assert journey.stage(FIRST) is Stage.SHADOW


def test_no_canary_without_any_evidence() -> None:
    journey = in_shadow()
    journey.wait("100d").look()
    assert journey.stage(FIRST) is Stage.SHADOW
    line = journey.status.challenger(FIRST)
    assert line is not None
    assert line.waiting_for == "its first sample"


def test_one_primary_gate_that_does_not_hold_is_enough_to_wait() -> None:
    spec = spec_of({"gates[1].role": "Primary", "gates[1].ratio": "20%"})
    journey = in_shadow(spec)
    journey.evidence[FIRST] = better()
    journey.wait("14d").look()
    assert journey.stage(FIRST) is Stage.SHADOW
    line = journey.status.challenger(FIRST)
    assert line is not None
    assert "drawdown 1.00%, at most 0.80% is allowed" in (line.waiting_for or "")


def test_a_secondary_gate_holds_nobody_up() -> None:
    journey = in_shadow(spec_of({"gates[1].ratio": "20%"}))
    journey.evidence[FIRST] = better()
    journey.wait("14d").look()
    assert journey.stage(FIRST) is Stage.CANARY


@pytest.mark.parametrize("model", [CHAMPION, FIRST])
def test_no_canary_while_the_champion_or_the_challenger_is_not_ready(model: str) -> None:
    journey = in_shadow()
    journey.evidence[FIRST] = better()
    journey.unready = {model}
    journey.wait("14d").look()
    assert journey.stage(FIRST) is Stage.SHADOW


@pytest.mark.parametrize("state", [RouteState.ABSENT, RouteState.WAITING, RouteState.REFUSED])
def test_no_canary_on_a_route_that_is_not_programmed(state: RouteState) -> None:
    journey = in_shadow()
    journey.evidence[FIRST] = better()
    journey.route = state
    journey.wait("14d").look()
    assert journey.stage(FIRST) is Stage.SHADOW


def test_the_strongest_evidence_goes_first_and_the_other_waits_for_the_canary_to_be_free() -> None:
    journey = in_shadow()
    journey.evidence |= {FIRST: better(pvalue=0.01), SECOND: better(pvalue=0.002)}
    journey.wait("14d").look()
    assert (journey.stage(FIRST), journey.stage(SECOND)) == (Stage.SHADOW, Stage.CANARY)
    line = journey.status.challenger(FIRST)
    assert line is not None
    assert line.waiting_for == f"the canary to be free: {SECOND} has it"


def test_a_challenger_that_is_worse_within_the_error_budget_is_rejected() -> None:
    journey = in_shadow()
    journey.evidence[FIRST] = worse()
    journey.wait("1d").look()
    assert journey.stage(FIRST) is Stage.REJECTED
    assert journey.last_reason() is Reason.REJECTED


def test_a_worse_secondary_figure_rejects_nobody() -> None:
    journey = in_shadow(spec_of({"gates[1]": {"name": "sharpe", "test": "Sharpe", "role": "Secondary"}}))
    tests = {"mean-pnl": better().tests["mean-pnl"], "sharpe": worse().tests["sharpe"]}
    journey.evidence[FIRST] = replace(better(), tests=tests)
    journey.wait("1d").look()
    assert journey.stage(FIRST) is Stage.SHADOW


def test_a_deep_drawdown_holds_up_and_never_rejects() -> None:
    journey = in_shadow(spec_of({"gates": [{"name": "drawdown", "test": "MaxDrawdown"}]}))
    journey.evidence[FIRST] = worse()
    journey.wait("100d").look()
    assert journey.stage(FIRST) is Stage.SHADOW


def test_what_was_better_and_cannot_be_seen_now_is_not_rejected() -> None:
    journey = in_shadow()
    journey.evidence[FIRST] = blinded(worse())
    journey.wait("1d").look()
    assert journey.stage(FIRST) is Stage.SHADOW


def test_the_rollout_is_rejected_when_no_challenger_is_left() -> None:
    journey = in_shadow()
    journey.evidence |= {FIRST: worse(), SECOND: worse()}
    journey.wait("1d").look()
    assert journey.phase() is Phase.REJECTED
    assert journey.status.message == f"{CHAMPION} is champion; no challenger was better"


def test_going_blind_is_said_once() -> None:
    journey = in_shadow()
    journey.metrics = MetricsHealth(available=False, message="Prometheus is down")
    journey.look()
    journey.look()
    assert journey.reasons.count(Reason.METRICS_UNAVAILABLE) == 1
    conditions = {condition.type: condition for condition in journey.status.conditions}
    assert conditions["MetricsAvailable"].status.value == "False"
    assert conditions["MetricsAvailable"].message.startswith("Prometheus is down; since ")


def test_nothing_moves_in_a_world_that_does_not() -> None:
    journey = in_shadow()
    journey.look()
    before = journey.status
    decision = journey.look()
    assert decision.status == before
    assert decision.events == ()
