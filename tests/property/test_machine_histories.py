"""Whatever was seen, in whatever order: the guarantees of the state machine."""

from collections import Counter
from random import Random

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from shadow_operator.api.status import DatasetFinding, Status
from shadow_operator.core import roles
from shadow_operator.core.guardrails import Motive
from shadow_operator.core.machine import decide
from shadow_operator.core.observed import RouteState
from shadow_operator.core.policy import policy_of
from tests.world.evidence import better, undecided
from tests.world.histories import COMMANDS, EVIDENCE, SPECS, Move, any_move, apply_move, passed, rises
from tests.world.journeys import CHAMPION, FIRST, SECOND, Journey

_calm = st.just(Move())
_always = st.just(value=True)
_moves = st.one_of(
    _calm,
    _calm,
    _calm,
    _calm,
    st.builds(Move, hours=st.sampled_from([-500.0, -1.0, 0.0, 0.01, 1.0, 400.0])),
    st.builds(Move, spec=st.integers(0, len(SPECS) - 1)),
    st.builds(Move, evidence=st.tuples(st.sampled_from(EVIDENCE), st.sampled_from(EVIDENCE))),
    st.builds(Move, unready=st.sampled_from([frozenset({CHAMPION}), frozenset({FIRST}), frozenset({SECOND})])),
    st.builds(Move, route=st.sampled_from(RouteState)),
    st.builds(Move, stale=_always),
    st.builds(Move, hand_written=_always),
    st.builds(Move, hold=_always),
    st.builds(Move, blind_guard=_always),
    st.builds(Move, decisions=st.just(0)),
    st.builds(Move, mark=st.sampled_from(Motive)),
    st.builds(Move, frozen=_always),
    st.builds(Move, data=st.tuples(st.sampled_from([CHAMPION, FIRST, SECOND]), st.sampled_from(DatasetFinding))),
    st.builds(Move, command=st.sampled_from(COMMANDS)),
    st.builds(Move, command=st.sampled_from(COMMANDS), evidence=st.just((undecided(), better()))),
)
histories = st.lists(_moves, max_size=30)


@settings(max_examples=300, deadline=None)
@given(histories)
def test_no_history_breaks_a_guarantee(history: list[Move]) -> None:
    journey = Journey(spec=SPECS[0])
    previous = None
    for move in [Move(hours=0), Move(hours=0), *history]:
        before = roles.split(journey.spec, journey.status)
        event(passed(journey, move, previous))
        previous = before


@pytest.mark.parametrize("seed", range(2))
def test_ten_thousand_steps_break_no_guarantee(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - a history that can be told again
    journey = Journey(spec=SPECS[0])
    previous = None
    came: Counter[str] = Counter()
    for number in range(10_000):
        before = roles.split(journey.spec, journey.status)
        came[passed(journey, any_move(random, number, journey), previous)] += 1
        previous = before
    # A history in which little happens would prove little.
    assert min(came[each] for each in ("refused", "rose", "fell", "was promoted", "was forced")) >= 20, came


@settings(max_examples=150, deadline=None)
@given(histories)
def test_the_same_arguments_give_the_same_decision(history: list[Move]) -> None:
    journey = Journey(spec=SPECS[0])
    for move in history:
        apply_move(journey, move, None)
        observed = journey.observed()
        first = decide(journey.spec, 1, journey.status, observed, journey.now)
        assert decide(journey.spec, 1, journey.status, observed, journey.now) == first
        journey.look()


@settings(max_examples=150, deadline=None)
@given(histories, st.booleans())
def test_in_a_world_that_stands_still_the_status_comes_to_rest(history: list[Move], frozen: bool) -> None:  # noqa: FBT001
    journey = Journey(spec=SPECS[0])
    for move in history:
        apply_move(journey, move, None)
        journey.look()
    journey.mark = None
    for _ in range(12):
        journey.decisions += 0 if frozen else 5
        decision = journey.look()
    before = journey.status
    decision = journey.look()
    assert decision.events == ()
    waiting = [replace_waiting(status) for status in (before, decision.status)]
    assert waiting[0] == waiting[1]


def replace_waiting(status: Status) -> Status:
    """Without the sentences that count the time."""
    lines = [line.model_copy(update={"waiting_for": None}) for line in status.challengers]
    return status.model_copy(update={"challengers": lines})


@settings(max_examples=150, deadline=None)
@given(histories)
def test_time_that_goes_backwards_advances_nothing(history: list[Move]) -> None:
    journey = Journey(spec=SPECS[0])
    for move in history:
        apply_move(journey, move, None)
        journey.look()
    before = journey.status
    apply_move(journey, Move(hours=-1e5), None)
    journey.look()
    assert rises(before, journey.status) is None


@settings(max_examples=100, deadline=None)
@given(histories)
def test_models_in_shadow_never_change_the_policy_of_those_that_act(history: list[Move]) -> None:
    journey = Journey(spec=SPECS[0])
    for move in history:
        before = journey.status
        apply_move(journey, move, None)
        journey.look()
        after = journey.status
        acting = (before.champion, before.canary, before.stopped)
        unchanged = before.champion is not None and acting == (after.champion, after.canary, after.stopped)
        if unchanged:
            digests = {policy_of("a/b", journey.spec, status).digest for status in (before, after)}
            assert len(digests) == 1
