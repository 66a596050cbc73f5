"""Whatever was seen, in whatever order: the guarantees of the state machine."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from hypothesis import event, given, settings
from hypothesis import strategies as st

from shadow_operator.api.rollout import Spec
from shadow_operator.api.status import DatasetFinding, Stage, Status
from shadow_operator.core import roles
from shadow_operator.core.command import Command
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.guardrails import Hold, Motive
from shadow_operator.core.machine import decide
from shadow_operator.core.observed import RouteState
from shadow_operator.core.policy import policy_of
from shadow_operator.core.roles import Role
from shadow_operator.core.split import Split
from tests.world.datasets import check_of
from tests.world.evidence import better, blinded, no_sample, undecided, worse
from tests.world.journeys import CHAMPION, FIRST, SECOND, Journey
from tests.world.manifests import REMOVED
from tests.world.rollouts import spec_of

_V8 = {"name": FIRST, "image": "models/momentum:8"}
_SHORT = {"shadow": {"minDuration": "1d", "minTrades": 10}, "promotion.watch": "1d"}
_SPECS: tuple[Spec, ...] = tuple(
    spec_of(_SHORT | change)
    for change in (
        {},
        {"challengers[0].image": "models/momentum:8b"},
        {"champion.image": "models/momentum:7b"},
        {"canary.steps": [{"percent": 20}, {"percent": 99}]},
        {"challengers[1]": REMOVED},
        {"challengers[2]": {"name": "momentum-v9", "image": "models/momentum:9"}},
        {"champion": _V8, "challengers[0]": {"name": CHAMPION, "image": "models/momentum:7"}},
        {"champion": {"name": "momentum-v9", "image": "models/momentum:9"}},
        {"gates[1].role": "Primary"},
        {"suspend": True},
        {"promotion.mode": "Manual"},
    )
)
_EVIDENCE: tuple[Evidence | None, ...] = (
    better(),
    better(),
    better(0.02),
    undecided(),
    worse(),
    blinded(better()),
    no_sample(),
    None,
)
_COMMANDS = ("promote/1", "promote/2", "reject/1", f"promote/3/{SECOND}", f"reject/2/{FIRST}", "nonsense")


@dataclass(frozen=True)
class Move:
    """What changes in the world before one pass; mostly nothing, so that histories get somewhere."""

    hours: float = 25
    spec: int | None = None
    evidence: tuple[Evidence | None, Evidence | None] = field(default_factory=lambda: (better(), better()))
    unready: frozenset[str] = frozenset()
    route: RouteState = RouteState.PROGRAMMED
    stale: bool = False
    hand_written: bool = False
    hold: bool = False
    blind_guard: bool = False
    decisions: int = 5
    mark: Motive | None = None
    command: str | None = None
    data: tuple[str, DatasetFinding] | None = None


_calm = st.just(Move())
_always = st.just(value=True)
_moves = st.one_of(
    _calm,
    _calm,
    _calm,
    _calm,
    st.builds(Move, hours=st.sampled_from([-500.0, -1.0, 0.0, 0.01, 1.0, 400.0])),
    st.builds(Move, spec=st.integers(0, len(_SPECS) - 1)),
    st.builds(Move, evidence=st.tuples(st.sampled_from(_EVIDENCE), st.sampled_from(_EVIDENCE))),
    st.builds(Move, unready=st.sampled_from([frozenset({CHAMPION}), frozenset({FIRST}), frozenset({SECOND})])),
    st.builds(Move, route=st.sampled_from(RouteState)),
    st.builds(Move, stale=_always),
    st.builds(Move, hand_written=_always),
    st.builds(Move, hold=_always),
    st.builds(Move, blind_guard=_always),
    st.builds(Move, decisions=st.just(0)),
    st.builds(Move, mark=st.sampled_from(Motive)),
    st.builds(Move, command=st.sampled_from(_COMMANDS)),
    st.builds(Move, command=st.sampled_from(_COMMANDS), evidence=st.just((undecided(), better()))),
    st.builds(Move, data=st.tuples(st.sampled_from([CHAMPION, FIRST, SECOND]), st.sampled_from(DatasetFinding))),
)
histories = st.lists(_moves, max_size=30)
_HOLD = Hold("blind", "no sample", None)


def apply_move(journey: Journey, move: Move, before: Split | None) -> None:
    if move.spec is not None:
        journey.spec = _SPECS[move.spec]
    journey.now += timedelta(hours=move.hours)
    journey.evidence = {
        name: said for name, said in zip((FIRST, SECOND), move.evidence, strict=True) if said is not None
    }
    journey.unready = set(move.unready)
    journey.route, journey.hand_written = move.route, move.hand_written
    journey.split = before if move.stale else None
    journey.hold = _HOLD if move.hold else None
    journey.blind_guard = move.blind_guard
    journey.command = None if move.command is None else Command(move.command, "ann")
    journey.decisions += move.decisions
    journey.datasets = {} if move.data is None else {move.data[0]: replace(check_of(), finding=move.data[1])}
    guarded = roles.under_guard(journey.status)
    journey.mark = journey.breach(guarded, move.mark) if move.mark is not None and guarded is not None else None


def check_one_champion(spec: Spec, status: Status) -> None:
    assigned = roles.roles(spec, status)
    assert list(assigned.values()).count(Role.CHAMPION) == 1
    assert list(assigned.values()).count(Role.CANARY) <= 1
    shares = roles.split(spec, status)
    assert sum(shares.weights.values()) == 100
    acting = {name for name, role in assigned.items() if role.acts}
    assert set(shares.weights) == acting
    assert not set(shares.mirrors) & acting
    share = roles.canary_percent(spec, status)
    assert shares.weights[roles.champion_of(spec, status)] == 100 - share
    if status.canary is None:
        assert share == 0
    else:
        assert share == spec.canary.steps[min(status.canary.step, len(spec.canary.steps)) - 1].percent
        assert [c.name for c in status.challengers if c.stage is Stage.CANARY] == [status.canary.challenger]


def rises(before: Status, after: Status) -> str | None:
    """The challenger that gets further by this pass, if one does."""
    if after.champion is not None and before.champion is not None and after.champion.name != before.champion.name:
        came_back = before.watch is not None and after.champion.name == before.watch.standby
        return None if came_back else after.champion.name
    if after.canary is None:
        return None
    is_higher = before.canary is None or before.canary.challenger != after.canary.challenger
    is_higher = is_higher or (before.canary is not None and after.canary.step > before.canary.step)
    return after.canary.challenger if is_higher else None


def gates_pass(spec: Spec, said: Evidence | None) -> bool:
    if said is None or said.blind is not None or said.pvalue_mean > spec.error_budget.alpha.fraction:
        return False
    return spec.gates[1].role != "Primary" or said.drawdown <= 0.9 * said.champion_drawdown


@settings(max_examples=300, deadline=None)
@given(histories)
def test_no_history_breaks_a_guarantee(history: list[Move]) -> None:
    journey = Journey(spec=_SPECS[0])
    previous: Split | None = None
    for move in [Move(hours=0), Move(hours=0), *history]:
        before = journey.status
        apply_move(journey, move, previous)
        previous = roles.split(journey.spec, before)
        decision = journey.look()
        after = decision.status
        if decision.refused:
            assert after.canary == before.canary
            assert after.champion == before.champion
            continue
        check_one_champion(journey.spec, after)
        is_kept = after.watch is not None and after.watch.completed is not None
        was_kept = before.watch is not None and before.watch.completed is not None
        assert was_kept or not (is_kept and journey.spec.suspend)
        name = rises(before, after)
        if name is not None:
            event("rose")
            is_promoted = after.champion is not None and after.champion.name == name
            assert not (is_promoted and journey.spec.promotion.mode == "Manual" and move.command is None)
            assert not journey.spec.suspend
            assert gates_pass(journey.spec, journey.evidence.get(name))
            assert journey.mark is None
            assert journey.route is RouteState.PROGRAMMED
            assert name not in journey.unready
            assert name not in journey.datasets or journey.datasets[name].lets_advance
        if name is not None and before.canary is not None and before.canary.challenger == name:
            event("stepped or was promoted")
            assert journey.hold is None
            assert not journey.blind_guard
            assert not journey.hand_written
            one_further = after.canary is None or after.canary.step == before.canary.step + 1
            assert one_further


@settings(max_examples=150, deadline=None)
@given(histories)
def test_the_same_arguments_give_the_same_decision(history: list[Move]) -> None:
    journey = Journey(spec=_SPECS[0])
    for move in history:
        apply_move(journey, move, None)
        observed = journey.observed()
        first = decide(journey.spec, 1, journey.status, observed, journey.now)
        assert decide(journey.spec, 1, journey.status, observed, journey.now) == first
        journey.look()


@settings(max_examples=150, deadline=None)
@given(histories, st.booleans())
def test_in_a_world_that_stands_still_the_status_comes_to_rest(history: list[Move], frozen: bool) -> None:  # noqa: FBT001
    journey = Journey(spec=_SPECS[0])
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
    journey = Journey(spec=_SPECS[0])
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
    journey = Journey(spec=_SPECS[0])
    for move in history:
        before = journey.status
        apply_move(journey, move, None)
        journey.look()
        acting = (before.champion, before.canary)
        unchanged = before.champion is not None and acting == (journey.status.champion, journey.status.canary)
        if unchanged:
            digests = {policy_of("a/b", journey.spec, status).digest for status in (before, journey.status)}
            assert len(digests) == 1
