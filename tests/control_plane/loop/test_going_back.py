"""Going back to the last good ledger entry, with everything that follows from its spec."""

from typing import Any

import pytest

from shadow_operator.api.decision import DecisionSpec
from shadow_operator.core.command import COMMAND_ANNOTATION, COMMAND_BY_ANNOTATION
from shadow_operator.core.ledger import replay
from tests.control_plane.loop.field import CHALLENGER, CHAMPION, EQUAL, Field
from tests.control_plane.loop.test_ledger import entries
from tests.control_plane.loop.test_registry import images
from tests.world.manifests import changed

pytestmark = pytest.mark.control_plane

_BROKEN = {
    "spec.champion.image": "models/steady:broken",
    "spec.workload.template": {"spec": {"containers": [{"name": "model", "env": [{"name": "MODE", "value": "x"}]}]}},
}


def put(field: Field, edits: dict[str, Any]) -> None:
    field.server.request("PUT", f"{field.server.rollouts}/momentum", changed(field.stored(), edits))


def modes(field: Field) -> set[str]:
    pods = [each["spec"]["template"]["spec"] for each in field.objects("apps/v1", "deployments").values()]
    return {one["name"] for pod in pods for one in pod["containers"][0]["env"]} & {"MODE"}


async def test_a_person_goes_back_as_a_whole_and_the_next_manifest_holds_again(field: Field) -> None:
    await field.in_shadow()
    before = images(field)
    put(field, _BROKEN)
    await field.tick()
    assert images(field)[f"momentum-{CHAMPION}"] == "models/steady:broken"
    assert modes(field) == {"MODE"}
    said = {COMMAND_ANNOTATION: "rollback-nuclear/1", COMMAND_BY_ANNOTATION: "ann"}
    put(field, {"metadata.annotations": field.stored()["metadata"].get("annotations", {}) | said})
    field.start_operator()
    await field.tick()
    command = field.status().command
    assert command is not None
    assert command.answer.startswith("back to ledger entry momentum-")
    assert images(field) == before
    assert modes(field) == set()
    assert field.stored()["spec"]["champion"]["image"] == "models/steady:broken", "the spec stays Git's"
    for _ in range(4):
        field.start_operator()
        field.clock.advance(hours=1)
        await field.tick()
    assert images(field) == before
    assert field.weights() == {CHAMPION: 100}
    assert set(field.mirrors()) == {CHALLENGER, EQUAL}
    put(field, {"spec.champion.image": "models/steady:3"})
    await field.tick()
    assert images(field)[f"momentum-{CHAMPION}"] == "models/steady:3"
    assert field.status().pinned is None


async def test_every_entry_of_it_can_be_decided_again(field: Field) -> None:
    await field.in_shadow()
    put(field, {"metadata.annotations": {COMMAND_ANNOTATION: "rollback-nuclear/1", COMMAND_BY_ANNOTATION: "ann"}})
    await field.tick()
    await field.tick()
    found = [DecisionSpec.model_validate(each["spec"]) for each in entries(field)]
    assert "ann: rollback-nuclear/1" in [each.actor for each in found]
    assert all(replay(each) == [] for each in found)
