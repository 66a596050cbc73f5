"""Rollouts that name registered models."""

import pytest

from tests.control_plane.loop.field import CHALLENGER, CHAMPION, Field, manifest
from tests.world.manifests import REMOVED, changed
from tests.world.model_versions import model_version

pytestmark = pytest.mark.control_plane

BY_REFERENCE = {"spec.challengers[0].image": REMOVED, "spec.challengers[0].modelVersionRef": {"name": "better-2"}}


def images(field: Field) -> dict[str, str]:
    deployments = field.objects("apps/v1", "deployments").values()
    pods = [each["spec"]["template"]["spec"]["containers"][0] for each in deployments]
    return {each["metadata"]["name"]: pod["image"] for each, pod in zip(deployments, pods, strict=True)}


async def test_a_rollout_by_reference_runs_the_registered_image(field: Field) -> None:
    field.server.register(model_version(), dry=False)
    await field.in_shadow(BY_REFERENCE)
    assert images(field)[f"momentum-{CHALLENGER}"] == "models/better:2"
    assert field.status().phase == "Shadowing"
    # The spec stays Git's: nothing is filled in there.
    assert "image" not in field.stored()["spec"]["challengers"][0]


async def test_a_missing_model_stalls_the_rollout_until_it_is_registered(field: Field) -> None:
    field.create(changed(manifest(), BY_REFERENCE))
    await field.one_pass()
    stalled = next(each for each in field.status().conditions if each.type == "Stalled")
    assert (stalled.status, stalled.reason) == ("True", "ModelVersionMissing")
    assert not images(field)
    field.server.register(model_version(), dry=False)
    await field.tick()
    assert f"momentum-{CHALLENGER}" in images(field)


async def test_a_deactivated_model_leaves_a_running_rollout_and_its_guard_as_they_are(field: Field) -> None:
    field.server.register(model_version(), dry=False)
    await field.in_shadow(BY_REFERENCE)
    before = images(field), field.weights(), field.mirrors(), field.policy_roles()
    stored = field.server.request("GET", f"{field.server.models}/better-2")
    field.server.request("PUT", f"{field.server.models}/better-2", changed(stored, {"spec.active": False}))
    field.start_operator()
    await field.tick()
    assert (images(field), field.weights(), field.mirrors(), field.policy_roles()) == before
    assert "spec.active is false" in (field.status().message or "")
    assert field.operator.fleet.of(field.key()).rollout is not None
    assert field.status().champion is not None
    assert field.weights() == {CHAMPION: 100}
