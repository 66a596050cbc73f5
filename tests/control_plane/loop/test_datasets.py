"""Models on other data than they name."""

from typing import Any

import pytest

from shadow_operator.api.status import DatasetFinding, Phase, Stage
from tests.control_plane.loop.field import CHALLENGER, CHAMPION, EQUAL, Field
from tests.world.datasets import EXPECTED, OTHER, in_spec, naming
from tests.world.manifests import REMOVED, changed
from tests.world.model_versions import model_version

pytestmark = pytest.mark.control_plane

_TICKS = 8
_DATASET = {"fingerprint": EXPECTED, "path": "/data/prices"}


async def tried(field: Field, found: str, **model: Any) -> None:
    """Time enough for the better challenger to become champion, with this in its pods."""
    field.kubelet.data[CHALLENGER] = found
    await field.in_shadow(in_spec(naming("challengers[0]", **model)))
    for _ in range(_TICKS):
        field.clock.advance(minutes=20)
        await field.tick()


def finding(field: Field, model: str = CHALLENGER) -> DatasetFinding:
    told = field.status().dataset(model)
    assert told is not None
    return told.finding


async def test_on_the_data_that_it_names_it_goes_its_way(field: Field) -> None:
    await tried(field, EXPECTED)
    assert field.status().champion is not None
    assert field.status().phase in {Phase.CANARY, Phase.PROMOTING, Phase.WATCHING, Phase.COMPLETED}
    assert finding(field) is DatasetFinding.MATCHED


async def test_on_other_data_it_never_acts_and_is_told_of_once(field: Field) -> None:
    await tried(field, OTHER)
    assert field.weights() == {CHAMPION: 100}
    line = field.status().challenger(CHALLENGER)
    assert line is not None
    assert line.stage is Stage.PENDING
    assert f"is {OTHER}, and {EXPECTED} was expected" in (line.waiting_for or "")
    assert finding(field) is DatasetFinding.MISMATCHED
    assert field.reasons().count("DatasetMismatched") == 1
    (condition,) = [each for each in field.status().conditions if each.type == "DatasetsMatch"]
    assert (condition.status, condition.reason) == ("False", "Mismatched")
    equal = field.status().challenger(EQUAL)
    assert equal is not None
    assert equal.stage is not Stage.PENDING, "the others go on"


async def test_an_exception_is_recorded_and_lets_it_go_on(field: Field) -> None:
    await tried(field, OTHER, allowDatasetMismatch=True)
    assert field.status().phase is not Phase.SHADOWING
    assert finding(field) is DatasetFinding.ALLOWED
    entries = field.objects("shadowrollouts.io/v1alpha1", "rolloutdecisions").values()
    assert "DatasetMismatched" in {event["reason"] for each in entries for event in each["spec"]["events"]}


async def test_the_dataset_of_a_registered_model_is_checked_as_well(field: Field) -> None:
    field.server.register(model_version(dataset=_DATASET), dry=False)
    field.kubelet.data[CHALLENGER] = OTHER
    edits = naming() | {"challengers[0].image": REMOVED, "challengers[0].modelVersionRef": {"name": "better-2"}}
    await field.in_shadow(in_spec(edits))
    assert finding(field) is DatasetFinding.MISMATCHED


async def test_a_champion_on_other_data_stops_no_rollback(field: Field) -> None:
    memory = await field.in_canary()
    await field.tick()
    stored = field.stored()
    field.kubelet.data[CHAMPION] = OTHER
    field.server.request("PUT", f"{field.server.rollouts}/momentum", changed(stored, in_spec(naming("champion"))))
    await field.tick()
    assert finding(field, CHAMPION) is DatasetFinding.MISMATCHED
    assert memory.rollback is None
    field.lose(CHALLENGER, 10_000)
    await field.look()
    assert field.weights() == {CHAMPION: 100}
    await field.one_pass()
    assert field.status().canary is None


async def test_a_dataset_that_no_volume_holds_stalls_the_rollout_with_a_sentence(field: Field) -> None:
    await field.in_shadow({"spec.challengers[0].dataset": _DATASET})
    stalled = next(each for each in field.status().conditions if each.type == "Stalled")
    assert (stalled.status, stalled.reason) == ("True", "DatasetNotMounted")
    assert "/data/prices" in stalled.message
