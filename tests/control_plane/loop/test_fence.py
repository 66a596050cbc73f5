"""The fence follows the roles: shut around shadows, open for who acts, and shut again by a rollback."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shadow_operator.api.status import ConditionStatus
from shadow_operator.cluster import Cluster
from tests.control_plane.loop.field import CHALLENGER, CHAMPION, EQUAL, Field, manifest
from tests.world.manifests import REMOVED, changed
from tests.world.network import EnforcingNetwork, Place

pytestmark = pytest.mark.control_plane

_FENCE = {"spec.workload.fence": {"cidrs": ["203.0.113.0/24"]}}
_BROKER = Place("203.0.113.7")
_POLICIES = "networking.k8s.io/v1", "networkpolicies"
_NETWORK = EnforcingNetwork(blocks_hold_pods=True)


def fences(field: Field) -> dict[str, dict[str, Any]]:
    return field.objects(*_POLICIES)


def outside(field: Field) -> set[str]:
    """The models whose pods, as they are labelled now, a network that enforces policies lets out to the broker."""
    policies = list(fences(field).values())
    labels = [
        each["spec"]["template"]["metadata"]["labels"] for each in field.objects("apps/v1", "deployments").values()
    ]
    return {each["shadowrollouts.io/model"] for each in labels if _NETWORK.lets_out(policies, each, _BROKER)}


def edit(field: Field, edits: dict[str, Any]) -> None:
    body = changed(field.stored(), edits)
    body["metadata"].pop("managedFields")
    field.server.request("PUT", f"{field.server.rollouts}/momentum", body)


async def test_shadows_are_fenced_and_the_fence_goes_with_the_rollout(field: Field) -> None:
    await field.in_shadow(_FENCE)
    policy = fences(field)["momentum-fence"]
    assert policy["metadata"]["ownerReferences"][0]["name"] == "momentum"
    assert outside(field) == {CHAMPION}


async def test_it_follows_the_roles_and_a_rollback_shuts_it_again(field: Field) -> None:
    await field.in_canary(edits=_FENCE)
    await field.look()
    await field.one_pass()
    assert outside(field) == {CHAMPION, CHALLENGER}
    pods = {each["metadata"]["uid"] for each in field.objects("apps/v1", "replicasets").values()}
    field.lose(CHALLENGER, 400.0)
    await field.look()
    assert field.weights() == {CHAMPION: 100}
    await field.one_pass()
    assert field.reasons() == ["RolledBack"]
    assert outside(field) == {CHAMPION}
    assert {each["metadata"]["uid"] for each in field.objects("apps/v1", "replicasets").values()} == pods


async def test_one_that_somebody_took_away_is_put_back(field: Field) -> None:
    await field.in_shadow(_FENCE)
    path = f"/apis/networking.k8s.io/v1/namespaces/{field.server.namespace}/networkpolicies/momentum-fence"
    field.server.request("DELETE", path)
    assert outside(field) == {CHAMPION, CHALLENGER, EQUAL}
    field.clock.advance(minutes=1)
    await field.one_pass()
    assert outside(field) == {CHAMPION}


@pytest.mark.parametrize("restarted", [False, True])
async def test_without_it_in_the_manifest_it_opens(field: Field, *, restarted: bool) -> None:
    await field.in_shadow(_FENCE)
    edit(field, {"spec.workload.fence": REMOVED})
    if restarted:
        field.start_operator()
    await field.one_pass()
    assert outside(field) == {CHAMPION, CHALLENGER, EQUAL}
    edit(field, _FENCE)
    await field.one_pass()
    assert outside(field) == {CHAMPION}


async def test_a_rollout_without_one_makes_none_and_leaves_that_of_others_alone(field: Field) -> None:
    path = f"/apis/networking.k8s.io/v1/namespaces/{field.server.namespace}/networkpolicies/momentum-fence"
    theirs = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "momentum-fence"},
        "spec": {"podSelector": {}, "policyTypes": ["Egress"]},
    }
    field.server.request("PATCH", path, theirs, fieldManager="tests", force="true")
    before = field.server.request("GET", path)
    await field.in_shadow()
    assert field.server.request("GET", path) == before
    assert set(fences(field)) == {"momentum-fence"}


class WithoutTheRight(Cluster):
    """An operator whose role says nothing of NetworkPolicies."""

    async def _send(self, arguments: Any, seconds: float) -> tuple[int, bytes]:
        if "networkpolicies" in arguments[1]:
            return 403, b'{"message": "networkpolicies is forbidden"}'
        return await super()._send(arguments, seconds)


@pytest.fixture
async def without_the_right(kubeconfig_path: str) -> AsyncIterator[Cluster]:
    async with await WithoutTheRight.connect(10.0, kubeconfig_path) as cluster:
        yield cluster


async def test_who_may_not_write_it_starts_no_pod_and_says_so(field: Field, without_the_right: Cluster) -> None:
    field.create(changed(manifest(), _FENCE))
    await field.reconciler_over(without_the_right).once(field.key())
    assert field.objects("apps/v1", "deployments") == {}
    (stalled,) = [each for each in field.status().conditions if each.type == "Stalled"]
    assert stalled.status is ConditionStatus.TRUE
    assert "networkpolicies is forbidden" in stalled.message


async def test_who_asks_for_none_needs_no_right_to_any(field: Field, without_the_right: Cluster) -> None:
    field.create(manifest())
    await field.reconciler_over(without_the_right).once(field.key())
    assert len(field.objects("apps/v1", "deployments")) == 3
