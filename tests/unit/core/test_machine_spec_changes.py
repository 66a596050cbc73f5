"""What follows when Git changes the manifest on the way."""

import pytest

from shadow_operator.api.status import Phase, Stage
from shadow_operator.core import roles
from shadow_operator.core.events import Reason
from tests.world.evidence import better, worse
from tests.world.journeys import CHAMPION, FIRST, SECOND, Journey, in_canary, in_shadow, watched
from tests.world.manifests import REMOVED
from tests.world.rollouts import spec_of

_V7 = {"name": CHAMPION, "image": "models/momentum:7"}
_V8 = {"name": FIRST, "image": "models/momentum:8"}
_PATCHTST = {"name": SECOND, "image": "models/patchtst:2"}
_V9 = {"name": "momentum-v9", "image": "models/momentum:9"}
_CAUGHT_UP = {"champion": _V8, "challengers": [_V7, _PATCHTST]}


def split_of(journey: Journey) -> dict[str, int]:
    return dict(roles.split(journey.spec, journey.status).weights)


def test_a_new_challenger_starts_pending_and_disturbs_nobody() -> None:
    journey = in_canary()
    before = journey.status.canary
    journey.spec = spec_of({"challengers[2]": _V9})
    journey.look()
    assert journey.stage("momentum-v9") is Stage.PENDING
    assert journey.status.canary == before


def test_a_removed_challenger_leaves_no_line() -> None:
    journey = in_shadow()
    journey.spec = spec_of({"challengers[1]": REMOVED})
    journey.look()
    assert [line.name for line in journey.status.challengers] == [FIRST]


def test_a_changed_image_is_another_model_and_starts_anew() -> None:
    journey = in_canary()
    journey.spec = spec_of({"challengers[0].image": "models/momentum:8b"})
    journey.look()
    line = journey.status.challenger(FIRST)
    assert line is not None
    assert (line.stage, line.image, line.shadow_since) == (Stage.PENDING, "models/momentum:8b", None)
    assert journey.share == 0
    assert journey.last_reason() is Reason.MODEL_CHANGED


@pytest.mark.parametrize("ended", ["rejected", "rolled back"])
def test_a_changed_image_lets_a_finished_challenger_race_again(ended: str) -> None:
    journey = in_canary() if ended == "rolled back" else in_shadow()
    if ended == "rolled back":
        journey.mark = journey.breach(FIRST)
    else:
        journey.evidence[FIRST] = worse()
    journey.look()
    journey.mark = None
    journey.evidence.clear()
    journey.spec = spec_of({"challengers[0].image": "models/momentum:8b"})
    journey.look()
    journey.look()
    assert journey.stage(FIRST) is Stage.SHADOW


def test_a_changed_image_of_the_champion_starts_every_comparison_anew() -> None:
    journey = in_canary()
    journey.spec = spec_of({"champion.image": "models/momentum:7b"})
    journey.look()
    assert journey.champion == CHAMPION
    assert journey.status.champion is not None
    assert journey.status.champion.image == "models/momentum:7b"
    assert {line.stage for line in journey.status.challengers} == {Stage.PENDING}
    assert journey.share == 0


def test_git_that_still_names_the_former_champion_undoes_nothing() -> None:
    journey = watched()
    journey.wait("1d").look()
    assert journey.champion == FIRST
    assert journey.spec.champion.name == CHAMPION


@pytest.mark.parametrize("wait", ["1d", "8d"], ids=["while it is watched", "after the watch"])
def test_git_that_catches_up_moves_no_traffic(wait: str) -> None:
    journey = watched()
    journey.wait(wait).look()
    before = split_of(journey)
    journey.spec = spec_of(_CAUGHT_UP)
    decision = journey.look()
    assert not decision.refused
    assert split_of(journey) == before == {FIRST: 100}
    assert journey.champion == FIRST


def test_git_that_drops_the_standby_moves_no_traffic() -> None:
    journey = watched()
    journey.wait("8d").look()
    journey.spec = spec_of({"champion": _V8, "challengers": [_PATCHTST]})
    journey.look()
    assert split_of(journey) == {FIRST: 100}
    assert journey.status.watch is None
    assert journey.last_reason() is Reason.CHAMPION_ADOPTED


def test_a_race_that_is_over_stays_completed_once_git_has_tidied_up() -> None:
    journey = watched()
    journey.wait("8d").look()
    journey.spec = spec_of({"champion": _V8, "challengers": [_PATCHTST]})
    journey.look()
    assert journey.phase() is Phase.COMPLETED


def test_a_third_champion_is_refused_in_a_sentence() -> None:
    journey = in_shadow()
    before = split_of(journey)
    journey.spec = spec_of({"champion": _V9})
    decision = journey.look()
    assert decision.refused
    assert split_of(journey) == before
    assert journey.status.message == (
        f"spec.champion is momentum-v9, but {CHAMPION} is champion now: name {CHAMPION}, and keep {CHAMPION} in the "
        "manifest; another model becomes champion by being a challenger first"
    )
    stalled = next(each for each in journey.status.conditions if each.type == "Stalled")
    assert stalled.status.value == "True"
    assert journey.last_reason() is Reason.SPEC_REFUSED


def test_a_third_champion_after_a_promotion_is_told_both_names() -> None:
    journey = watched()
    journey.spec = spec_of({"champion": _V9})
    assert journey.look().refused
    assert f"name {FIRST} or {CHAMPION}, its standby" in (journey.status.message or "")


def test_taking_the_champion_out_of_the_manifest_is_refused() -> None:
    journey = watched()
    journey.spec = spec_of({"challengers[0]": REMOVED})
    assert journey.look().refused
    assert journey.champion == FIRST


def test_a_refusal_is_said_once_and_ends_with_the_fault() -> None:
    journey = in_shadow()
    journey.spec = spec_of({"champion": _V9})
    journey.look()
    journey.wait("1m").look()
    assert journey.reasons.count(Reason.SPEC_REFUSED) == 1
    journey.spec = spec_of()
    decision = journey.look()
    assert not decision.refused
    stalled = next(each for each in journey.status.conditions if each.type == "Stalled")
    assert stalled.status.value == "False"


def test_newcomers_after_the_watch_race_against_the_new_champion() -> None:
    journey = watched()
    journey.wait("8d").look()
    journey.spec = spec_of({"champion": _V8, "challengers": [_V9, _V7]})
    journey.look()
    journey.look()
    assert journey.stage("momentum-v9") is Stage.SHADOW
    journey.evidence["momentum-v9"] = better()
    journey.wait("14d").look()
    assert journey.stage("momentum-v9") is Stage.CANARY


def test_newcomers_within_the_watch_race_once_it_is_over() -> None:
    journey = watched()
    journey.spec = spec_of({"champion": _V8, "challengers": [_V9, _V7]})
    journey.look()
    journey.evidence["momentum-v9"] = better()
    for _ in range(4):
        journey.wait("8d").look()
    assert journey.stage("momentum-v9") is Stage.CANARY


def test_a_new_image_of_a_champion_that_is_still_listed_as_a_challenger_is_refused() -> None:
    journey = watched()
    journey.spec = spec_of({"challengers[0].image": "models/momentum:8b"})
    decision = journey.look()
    assert decision.refused
    assert "name it spec.champion to change its image" in (journey.status.message or "")


def test_a_champion_that_was_rolled_back_in_its_watch_waits_for_git_and_keeps_the_standby_serving() -> None:
    journey = watched()
    journey.spec = spec_of(_CAUGHT_UP)
    journey.look()
    journey.mark = journey.breach(FIRST)
    journey.look()
    journey.mark = None
    decision = journey.look()
    assert not decision.refused, "what a crash left half done has to be put right by the next pass"
    assert split_of(journey) == {CHAMPION: 100}
    assert journey.status.phase is Phase.ROLLED_BACK
    assert f"name {CHAMPION} spec.champion to go on" in (journey.status.message or "")


def test_naming_the_standby_again_ends_the_wait() -> None:
    journey = watched()
    journey.spec = spec_of(_CAUGHT_UP)
    journey.look()
    journey.mark = journey.breach(FIRST)
    journey.look()
    journey.mark = None
    journey.spec = spec_of()
    journey.look()
    assert journey.status.fallen is None
    assert split_of(journey) == {CHAMPION: 100}
