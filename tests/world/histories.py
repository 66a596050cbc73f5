"""What can happen to a rollout between two passes, and what no pass may do."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Any

from shadow_operator.api.rollout import Spec
from shadow_operator.api.status import CanaryStatus, DatasetFinding, Stage, Status
from shadow_operator.core import roles
from shadow_operator.core.command import Command, Verb
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.guardrails import Hold, Motive
from shadow_operator.core.observed import RouteState
from shadow_operator.core.roles import Role
from shadow_operator.core.split import Split
from tests.world.datasets import check_of
from tests.world.evidence import better, blinded, no_sample, undecided, worse
from tests.world.journeys import CHAMPION, FIRST, SECOND, Journey
from tests.world.manifests import REMOVED
from tests.world.rollouts import spec_of

_V8 = {"name": FIRST, "image": "models/momentum:8"}
_SHORT = {"shadow": {"minDuration": "1d", "minTrades": 10}, "promotion.watch": "1d"}
SPECS: tuple[Spec, ...] = tuple(
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
        {
            "champion": {"name": SECOND, "image": "models/patchtst:2"},
            "challengers[1]": {"name": CHAMPION, "image": "models/momentum:7"},
        },
    )
)
EVIDENCE: tuple[Evidence | None, ...] = (
    better(),
    better(),
    better(0.02),
    undecided(),
    worse(),
    blinded(better()),
    no_sample(),
    None,
)
COMMANDS = (
    *("promote/1", "promote/2", "reject/1", f"promote/3/{SECOND}", f"reject/2/{FIRST}", "nonsense"),
    *("pause/1", "resume/1", "resume/2", "rollback/1", "rollback-full/2", "reset/1", f"reset/2/{SECOND}"),
    *(
        f"activate/1/{FIRST}/50",
        f"activate/2/{SECOND}/25",
        f"retry/1/{FIRST}",
        f"retry/2/{SECOND}",
        f"force-promote/1/{FIRST}",
        f"force-promote/2/{SECOND}",
        "stop-trading/1",
        "stop-trading/2",
        "start-trading/1",
        "start-trading/2",
    ),
)

_CALM, _MENDING = 0.6, 0.5
_STANDING = ("challenger", "step", "percent", "decisions_before", "awaiting_since")


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
    frozen: bool = False
    data: tuple[str, DatasetFinding] | None = None


_HOLD = Hold("blind", "no sample", None)


def apply_move(journey: Journey, move: Move, before: Split | None) -> None:
    if move.spec is not None:
        journey.spec = SPECS[move.spec]
    journey.now += timedelta(hours=move.hours)
    journey.evidence = {
        name: said for name, said in zip((FIRST, SECOND), move.evidence, strict=True) if said is not None
    }
    journey.unready = set(move.unready)
    journey.route, journey.hand_written = move.route, move.hand_written
    journey.split = before if move.stale else None
    journey.hold = _HOLD if move.hold else None
    journey.blind_guard = move.blind_guard
    journey.command = None if move.command is None else Command(move.command, "ann", "the desk agreed")
    journey.frozen = "the exchange is down" if move.frozen else None
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


def _stands(before: CanaryStatus | None, after: CanaryStatus) -> bool:
    """Whether the canary is where it was, with no more time at its step."""
    if before is None or [getattr(before, name) for name in _STANDING] != [getattr(after, name) for name in _STANDING]:
        return False
    return before.since is None or (after.since is not None and after.since >= before.since)


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


def passed(journey: Journey, move: Move, previous: Split | None) -> str:
    """One pass after a move. Asserts the guarantees, and says what came of it in a word."""
    before = journey.status
    apply_move(journey, move, previous)
    decision = journey.look()
    after = decision.status
    if decision.refused:
        # A reset takes away; beyond that a refused manifest moves nothing but the clock of what a guardrail holds.
        assert after.canary is None or _stands(before.canary, after.canary)
        assert after.champion == before.champion
        return "refused"
    check_one_champion(journey.spec, after)
    is_still = journey.spec.suspend or after.paused is not None or after.stopped is not None or move.frozen
    is_kept = after.watch is not None and after.watch.completed is not None
    was_kept = before.watch is not None and before.watch.completed is not None
    assert was_kept or not (is_kept and is_still)
    name = rises(before, after)
    if name is None:
        return "fell" if before.canary is not None and after.canary is None else "stayed"
    assert not is_still
    assert name not in journey.unready
    is_promoted = after.champion is not None and after.champion.name == name
    if is_promoted and after.champion is not None and after.champion.forced is not None:
        assert move.command is not None
        assert (after.champion.forced.by, after.champion.forced.reason) == ("ann", "the desk agreed")
        return "was forced"
    assert not (is_promoted and journey.spec.promotion.mode == "Manual" and move.command is None)
    assert gates_pass(journey.spec, journey.evidence.get(name))
    assert journey.mark is None
    assert journey.route is RouteState.PROGRAMMED
    assert name not in journey.datasets or journey.datasets[name].lets_advance
    if before.canary is not None and before.canary.challenger == name:
        assert journey.hold is None
        assert not journey.blind_guard
        assert not journey.hand_written
        is_chosen = move.command is not None and move.command.startswith(Verb.ACTIVATE)
        assert after.canary is None or is_chosen or after.canary.step == before.canary.step + 1
    return "was promoted" if is_promoted else "rose"


def any_move(random: Random, number: int, journey: Journey) -> Move:
    """Most moves are calm, some put right what others broke; `number` makes commands that were not given before."""
    if random.random() < _CALM:
        return Move()
    if random.random() < _MENDING:
        fitting = [index for index, spec in enumerate(SPECS) if spec.champion.name == journey.champion]
        verb = random.choice(
            (Verb.RETRY, Verb.RESUME, Verb.START_TRADING, Verb.RESET, Verb.FORCE_PROMOTE, Verb.FORCE_PROMOTE)
        )
        return Move(spec=random.choice(fitting or [0]), command=_fresh(random, verb, number))
    change: dict[str, Any] = random.choice(
        (
            {"hours": random.choice((-500.0, -1.0, 0.0, 1.0, 400.0))},
            {"spec": random.randrange(len(SPECS))},
            {"evidence": (random.choice(EVIDENCE), random.choice(EVIDENCE))},
            {"unready": frozenset({random.choice((CHAMPION, FIRST, SECOND))})},
            {"route": random.choice(tuple(RouteState))},
            {"stale": True},
            {"hand_written": True},
            {"hold": True},
            {"blind_guard": True},
            {"decisions": 0},
            {"frozen": True},
            {"data": (random.choice((CHAMPION, FIRST, SECOND)), random.choice(tuple(DatasetFinding)))},
            {"mark": random.choice(tuple(Motive))},
            {"command": _fresh(random, random.choice(tuple(Verb)), number)},
            {"command": _fresh(random, random.choice(tuple(Verb)), number), "evidence": (undecided(), better())},
        )
    )
    return Move(**change)


def _fresh(random: Random, verb: Verb, number: int) -> str:
    if verb is Verb.ACTIVATE:
        return f"{verb}/{number}/{random.choice((FIRST, SECOND))}/{random.choice((10, 20, 25, 50, 99))}"
    return f"{verb}/{number}" + random.choice(("", f"/{FIRST}", f"/{SECOND}"))
