"""Rollouts that are judged by a template."""

import pytest

from tests.control_plane.loop.field import CHALLENGER, CHAMPION, Field, manifest
from tests.world.gate_templates import gate_template
from tests.world.manifests import REMOVED, changed

pytestmark = pytest.mark.control_plane

FROM_TEMPLATE = {"spec.gates": REMOVED, "spec.canary": REMOVED, "spec.gatesFrom": {"name": "house"}}


async def acting(field: Field) -> None:
    """Time passes until the better one has the first step's share of the template."""
    for _ in range(20):
        if field.weights() == {CHAMPION: 95, CHALLENGER: 5}:
            return
        field.clock.advance(minutes=20)
        await field.tick()
    pytest.fail(f"the shares are {field.weights()}: {field.status().message}")


async def test_a_rollout_runs_by_its_template(field: Field) -> None:
    field.server.share(gate_template(shadow={"minDuration": "2h", "minTrades": 10}), dry=False)
    await field.in_shadow(FROM_TEMPLATE | {"spec.shadow": REMOVED})
    assert field.status().phase == "Shadowing"
    # What is taken over is never written into the manifest, which is Git's.
    assert not {"gates", "canary", "shadow"} & set(field.stored()["spec"])
    await acting(field)


async def test_a_missing_template_stalls_the_rollout_until_it_is_there(field: Field) -> None:
    field.create(changed(manifest(), FROM_TEMPLATE))
    await field.one_pass()
    stalled = next(each for each in field.status().conditions if each.type == "Stalled")
    assert (stalled.status, stalled.reason) == ("True", "GateTemplateMissing")
    field.server.share(gate_template(), dry=False)
    await field.tick()
    stalled = next(each for each in field.status().conditions if each.type == "Stalled")
    assert stalled.status == "False"


async def test_a_template_that_makes_no_whole_is_refused_with_the_field(field: Field) -> None:
    field.server.share(gate_template(canary=None), dry=False)
    field.create(changed(manifest(), FROM_TEMPLATE))
    await field.one_pass()
    assert "spec.canary" in (field.status().message or "")


async def test_without_its_template_and_after_a_restart_the_guard_takes_a_share_back(field: Field) -> None:
    stored = field.server.share(gate_template(), dry=False)
    await field.in_shadow(FROM_TEMPLATE)
    await acting(field)
    field.server.request("DELETE", f"{field.server.templates}/{stored['metadata']['name']}")
    field.start_operator()
    await field.one_pass()
    await field.look()
    field.lose(CHALLENGER, 6_000.0 * 0.05)
    await field.look()
    assert field.weights() == {CHAMPION: 100}


@pytest.mark.parametrize("begins", ["with a pass", "by taking over"])
async def test_with_a_template_that_makes_no_whole_and_after_a_restart_the_guard_takes_a_share_back(
    field: Field, begins: str
) -> None:
    stored = field.server.share(gate_template(), dry=False)
    await field.in_shadow(FROM_TEMPLATE)
    await acting(field)
    field.server.request("DELETE", f"{field.server.templates}/{stored['metadata']['name']}")
    field.server.share(gate_template(canary=None), dry=False)
    field.start_operator()
    if begins == "with a pass":
        await field.one_pass()
        assert "spec.canary" in (field.status().message or "")
    else:
        await field.operator.reconciler.remember(field.stored())
    await field.look()
    field.lose(CHALLENGER, 6_000.0 * 0.05)
    await field.look()
    assert field.weights() == {CHAMPION: 100}


def test_a_rollout_names_gates_and_a_canary_or_a_template(field: Field) -> None:
    with pytest.raises(Exception, match="a rollout needs gates and a canary"):
        field.create(changed(manifest(), {"spec.gates": REMOVED}))
    with pytest.raises(Exception, match="a rollout needs gates and a canary"):
        field.create(changed(manifest(), {"spec.canary": REMOVED}))
