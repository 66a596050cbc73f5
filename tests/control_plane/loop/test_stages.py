"""The stages of registered models, which only the operator moves, on a real API server."""

import pytest

from shadow_operator.api.model_version import ModelStage
from shadow_operator.api.status import Phase
from tests.control_plane.loop.field import CHALLENGER, CHAMPION, Field, manifest
from tests.world.manifests import REMOVED, changed
from tests.world.model_versions import model_version

pytestmark = pytest.mark.control_plane

_MOST_TICKS = 20
BY_REFERENCE = {
    "spec.champion.image": REMOVED,
    "spec.champion.modelVersionRef": {"name": "steady-1"},
    "spec.challengers[0].image": REMOVED,
    "spec.challengers[0].modelVersionRef": {"name": "better-2"},
}


def register(field: Field, *names: str) -> None:
    for name in names:
        field.server.register(model_version(name, image=f"models/{name}"), dry=False)


def stages(field: Field) -> dict[str, tuple[str, str | None]]:
    """Where each registered model stands, and which rollout holds it."""
    found = field.server.request("GET", field.server.models)["items"]
    return {each["metadata"]["name"]: (each["status"]["stage"], each["status"].get("rollout")) for each in found}


async def test_the_registry_follows_a_rollout_from_shadow_to_production(field: Field) -> None:
    register(field, "steady-1", "better-2", "never-named")
    await field.in_shadow(BY_REFERENCE)
    assert stages(field) == {
        "steady-1": (ModelStage.PRODUCTION, "momentum"),
        "better-2": (ModelStage.SHADOW, "momentum"),
        "never-named": (ModelStage.REGISTERED, None),
    }
    seen = []
    for _ in range(_MOST_TICKS):
        field.start_operator()
        await field.tick()
        await field.tick()
        seen.append(stages(field)["better-2"][0])
        if field.status().phase is Phase.COMPLETED:
            break
        field.clock.advance(minutes=20)
    assert list(dict.fromkeys(seen)) == [ModelStage.SHADOW, ModelStage.CANARY, ModelStage.PRODUCTION]
    assert stages(field)["steady-1"] == (ModelStage.SHADOW, "momentum"), "it stands by"


async def test_a_strategy_has_one_production_model_and_the_second_rollout_is_told_why(field: Field) -> None:
    register(field, "steady-1", "better-2", "second-1")
    await field.in_shadow(BY_REFERENCE)
    second = {"spec.champion.image": REMOVED, "spec.champion.modelVersionRef": {"name": "second-1"}}
    field.create(changed(manifest("rival"), second))
    for _ in range(3):
        await field.one_pass("rival")
    assert stages(field)["second-1"] == (ModelStage.REGISTERED, None)
    assert stages(field)["steady-1"] == (ModelStage.PRODUCTION, "momentum")
    (condition,) = [each for each in field.status("rival").conditions if each.type == "SoleProduction"]
    assert (condition.status, condition.reason) == ("False", "SecondProduction")
    assert "whose Production model is steady-1, champion of rollout momentum" in condition.message
    assert field.reasons("rival").count("SecondProduction") == 1
    assert field.weights("rival") == {CHAMPION: 100}, "it serves as before"
    (sole,) = [each for each in field.status().conditions if each.type == "SoleProduction"]
    assert sole.status == "True"


async def test_what_a_deleted_rollout_held_is_free(field: Field) -> None:
    register(field, "steady-1", "better-2")
    await field.in_shadow(BY_REFERENCE)
    field.server.request("DELETE", f"{field.server.rollouts}/momentum")
    await field.operator.reconciler.retire(field.key())
    assert stages(field) == {"steady-1": (ModelStage.RETIRED, None), "better-2": (ModelStage.REGISTERED, None)}


async def test_a_model_that_the_manifest_names_no_more_is_let_go(field: Field) -> None:
    register(field, "steady-1", "better-2")
    await field.in_shadow(BY_REFERENCE)
    stored = field.stored()
    edits = {"spec.challengers[0].modelVersionRef": REMOVED, "spec.challengers[0].image": "models/better:3"}
    field.server.request("PUT", f"{field.server.rollouts}/momentum", changed(stored, edits))
    await field.tick()
    assert stages(field)["better-2"] == (ModelStage.REGISTERED, None)
    assert field.status().challenger(CHALLENGER) is not None
