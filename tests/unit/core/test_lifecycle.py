"""Where registered models stand, as the rollouts that name them have it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shadow_operator.api.model_version import ModelStage, ModelVersion
from shadow_operator.api.status import ConditionStatus, Stage
from shadow_operator.core.events import Reason
from shadow_operator.core.lifecycle import ProductionClaim, Registry, moves, production_claim, stages
from tests.world.journeys import CHAMPION, FIRST, SECOND, Journey, in_canary, in_shadow, watched
from tests.world.manifests import REMOVED
from tests.world.model_versions import registered
from tests.world.rollouts import spec_of

REGISTERED, SHADOW, CANARY = ModelStage.REGISTERED, ModelStage.SHADOW, ModelStage.CANARY
PRODUCTION, RETIRED, REJECTED = ModelStage.PRODUCTION, ModelStage.RETIRED, ModelStage.REJECTED


def by_reference(*fields: str) -> dict[str, Any]:
    return {f"{field}.image": REMOVED for field in fields} | {
        f"{field}.modelVersionRef": {"name": f"mv-{field[-2] if ']' in field else 'champion'}"} for field in fields
    }


# The champion is mv-champion, the challengers are mv-0 and mv-1.
SPEC = spec_of(by_reference("champion", "challengers[0]", "challengers[1]"))


def staged(journey: Journey) -> Mapping[str, ModelStage]:
    return stages(SPEC, journey.status)


def with_stage(stage: Stage) -> Journey:
    journey = in_shadow()
    lines = [
        each.model_copy(update={"stage": stage}) if each.name == FIRST else each for each in journey.status.challengers
    ]
    journey.status = journey.status.model_copy(update={"challengers": lines})
    return journey


def fallen() -> Journey:
    journey = watched()
    journey.mark = journey.breach(FIRST)
    journey.look()
    assert journey.champion == CHAMPION
    return journey


@pytest.mark.parametrize(
    ("journey", "champion", "first", "second"),
    [
        pytest.param(in_shadow(), PRODUCTION, SHADOW, SHADOW, id="in shadow"),
        pytest.param(in_canary(), PRODUCTION, CANARY, SHADOW, id="in canary"),
        pytest.param(watched(), SHADOW, PRODUCTION, REGISTERED, id="promoted, with a standby"),
        pytest.param(fallen(), PRODUCTION, REJECTED, REGISTERED, id="fallen after its promotion"),
        pytest.param(with_stage(Stage.PENDING), PRODUCTION, SHADOW, SHADOW, id="pending"),
        pytest.param(with_stage(Stage.REJECTED), PRODUCTION, REJECTED, SHADOW, id="rejected"),
        pytest.param(with_stage(Stage.ROLLED_BACK), PRODUCTION, REJECTED, SHADOW, id="rolled back"),
        pytest.param(with_stage(Stage.NOT_PROMOTED), PRODUCTION, REGISTERED, SHADOW, id="not promoted"),
    ],
)
def test_the_stage_follows_from_the_status_of_the_rollout(
    journey: Journey, champion: ModelStage, first: ModelStage, second: ModelStage
) -> None:
    assert staged(journey) == {"mv-champion": champion, "mv-0": first, "mv-1": second}


def test_only_models_named_by_reference_have_one_and_who_is_named_twice_has_the_higher() -> None:
    status = in_shadow().status
    assert stages(spec_of(), status) == {}
    twice = spec_of(by_reference("champion", "challengers[0]") | {"challengers[0].modelVersionRef.name": "mv-champion"})
    assert stages(twice, status) == {"mv-champion": PRODUCTION}


def test_a_challenger_that_no_pass_has_seen_has_no_stage_yet() -> None:
    assert stages(SPEC, Journey().status) == {"mv-champion": PRODUCTION}


def moved(wanted: Mapping[str, ModelStage], *versions: ModelVersion, alive: Sequence[str] = ("ours", "other")) -> Any:
    registry = Registry(versions, frozenset(alive))
    return [(each.version.metadata.name, each.stage, each.rollout) for each in moves("ours", wanted, registry)]


@pytest.mark.parametrize(
    ("found", "wanted", "after"),
    [
        pytest.param((REGISTERED, None), SHADOW, (SHADOW, "ours"), id="taken up"),
        pytest.param((SHADOW, "ours"), SHADOW, None, id="as it is"),
        pytest.param((CANARY, "ours"), REJECTED, (REJECTED, "ours"), id="rejected"),
        pytest.param((REJECTED, None), SHADOW, (SHADOW, "ours"), id="tried again"),
        pytest.param((CANARY, "other"), SHADOW, None, id="higher in another rollout"),
        pytest.param((SHADOW, "other"), SHADOW, None, id="as high in another rollout"),
        pytest.param((SHADOW, "other"), CANARY, (CANARY, "ours"), id="higher here"),
        pytest.param((CANARY, "gone"), SHADOW, (SHADOW, "ours"), id="of a rollout that is gone"),
        pytest.param((SHADOW, "ours"), None, (REGISTERED, None), id="named no more"),
        pytest.param((PRODUCTION, "ours"), None, (RETIRED, None), id="a champion named no more"),
        pytest.param((REJECTED, "ours"), None, (REJECTED, None), id="rejected and named no more"),
        pytest.param((PRODUCTION, "gone"), None, (RETIRED, None), id="the champion of a rollout that is gone"),
        pytest.param((PRODUCTION, "other"), None, None, id="somebody else's"),
        pytest.param((RETIRED, None), None, None, id="nobody's"),
        pytest.param((PRODUCTION, "other"), PRODUCTION, None, id="champion of both"),
    ],
)
def test_a_rollout_moves_what_it_names_and_no_other_holds_as_high(
    found: tuple[ModelStage, str | None], wanted: ModelStage | None, after: tuple[ModelStage, str | None] | None
) -> None:
    asked = {} if wanted is None else {"mv": wanted}
    assert moved(asked, registered("mv", *found)) == ([] if after is None else [("mv", *after)])


def test_the_former_champion_gives_way_before_the_new_one_enters() -> None:
    found = moved(
        {"new": PRODUCTION, "old": SHADOW}, registered("new", CANARY, "ours"), registered("old", PRODUCTION, "ours")
    )
    assert found == [("old", SHADOW, "ours"), ("new", PRODUCTION, "ours")]


@pytest.mark.parametrize("holder", [None, "gone"])
def test_a_production_model_that_nobody_holds_gives_way_to_one_of_its_strategy_only(holder: str | None) -> None:
    stale = registered("stale", PRODUCTION, holder)
    assert moved({"new": PRODUCTION}, registered("new"), stale) == [
        ("stale", RETIRED, None),
        ("new", PRODUCTION, "ours"),
    ]
    apart = registered("apart", PRODUCTION, None, strategy="carry")
    assert moved({"new": PRODUCTION}, registered("new"), apart) == [("new", PRODUCTION, "ours")]


def test_a_second_production_model_of_a_strategy_is_told_and_not_made() -> None:
    first = registered("first", PRODUCTION, "other")
    registry = Registry((first, registered("second")), frozenset({"ours", "other"}))
    assert moved({"second": PRODUCTION}, *registry.versions) == []
    claim = production_claim("ours", {"second": PRODUCTION}, registry)
    assert claim is not None
    assert (claim.refused or "").startswith(
        "champion second is of strategy momentum, whose Production model is first, champion of rollout other"
    )
    apart = Registry((first, registered("second", strategy="carry")), registry.rollouts)
    assert production_claim("ours", {"second": PRODUCTION}, apart) == ProductionClaim()
    assert production_claim("ours", {"second": SHADOW}, registry) is None


def test_a_second_production_is_said_once_and_moves_nobody() -> None:
    journey = in_canary()
    before = (journey.champion, journey.share)
    for why in ("a strategy has one", "a strategy has one", None, "a strategy has one"):
        journey.production = ProductionClaim(why)
        journey.look()
        (condition,) = [each for each in journey.status.conditions if each.type == "SoleProduction"]
        assert condition.status is (ConditionStatus.FALSE if why else ConditionStatus.TRUE)
    assert journey.reasons.count(Reason.SECOND_PRODUCTION) == 2
    assert (journey.champion, journey.share) == before
    assert journey.stage(SECOND) is Stage.SHADOW


NAMES = ("a", "b", "c", "d")
ROLLOUTS = ("one", "two", "three")
WANTED = st.dictionaries(st.sampled_from(NAMES), st.sampled_from([SHADOW, CANARY, REJECTED, REGISTERED]), max_size=4)


@st.composite
def passes(draw: st.DrawFn) -> tuple[str, Mapping[str, ModelStage], int, frozenset[str]]:
    """One pass of a rollout that has a champion, or is going; it may die after any number of writes."""
    wanted = draw(WANTED)
    if draw(st.booleans()):
        wanted = wanted | {draw(st.sampled_from(NAMES)): PRODUCTION}
    rollout = draw(st.sampled_from(ROLLOUTS))
    alive = draw(st.sets(st.sampled_from(ROLLOUTS))) | {rollout}
    return rollout, wanted, draw(st.integers(0, 4)), frozenset(alive)


@given(st.lists(passes(), max_size=30), st.lists(st.sampled_from(["momentum", "carry"]), min_size=4, max_size=4))
def test_a_strategy_never_has_two_production_models_whatever_the_rollouts_do(
    history: list[tuple[str, Mapping[str, ModelStage], int, frozenset[str]]], strategies: list[str]
) -> None:
    known = {name: registered(name, strategy=strategy) for name, strategy in zip(NAMES, strategies, strict=True)}
    for rollout, wanted, writes, alive in history:
        for move in moves(rollout, wanted, Registry(tuple(known.values()), alive))[:writes]:
            name, version = move.version.metadata.name, move.version
            known[name] = registered(name, move.stage, move.rollout, strategy=version.spec.strategy)
            productions = [each.spec.strategy for each in known.values() if each.status.stage is PRODUCTION]
            assert len(productions) == len(set(productions))


@given(passes())
def test_what_was_moved_is_not_moved_again(one: tuple[str, Mapping[str, ModelStage], int, frozenset[str]]) -> None:
    rollout, wanted, _, alive = one
    known = {name: registered(name) for name in NAMES}
    for move in moves(rollout, wanted, Registry(tuple(known.values()), alive)):
        known[move.version.metadata.name] = registered(move.version.metadata.name, move.stage, move.rollout)
    assert moves(rollout, wanted, Registry(tuple(known.values()), alive)) == []
