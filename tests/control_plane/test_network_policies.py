"""The API server takes every NetworkPolicy that is generated. None is enforced: there is no network here."""

from pathlib import Path
from typing import Any

import pytest

from shadow_operator.core.fence import fence_of, open_fence
from shadow_operator.core.plan import Manifest
from tests.control_plane.api_server import ApiServer
from tests.world.chart import Chart, found_helm, of_kind
from tests.world.rollouts import rollout_of

pytestmark = [pytest.mark.control_plane, pytest.mark.timeout(600)]

_FENCES: tuple[dict[str, Any], ...] = (
    {"cidrs": ["203.0.113.0/24"]},
    {"cidrs": ["203.0.113.7/32", "10.0.0.1/8", "2001:db8::/32", "64:ff9b::/96"]},
    {"namespaces": ["brokers"], "clusterCIDRs": ["10.244.0.0/16", "fd00::/8"]},
)


def _taken(api: ApiServer, policy: dict[str, Any]) -> dict[str, Any]:
    body = policy | {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
    body["metadata"] = {key: value for key, value in body["metadata"].items() if key != "ownerReferences"}
    body["metadata"]["namespace"] = api.namespace
    path = f"/apis/networking.k8s.io/v1/namespaces/{api.namespace}/networkpolicies/{body['metadata']['name']}"
    return api.request("PATCH", path, body, fieldManager="tests", force="true", dryRun="All", fieldValidation="Strict")


def _spec(manifest: Manifest) -> dict[str, Any]:
    return dict(manifest.body)


@pytest.mark.parametrize("fence", _FENCES, ids=str)
@pytest.mark.parametrize("outside", [(), ("steady",), ("steady", "better")])
def test_every_fence_is_taken_as_it_is(api: ApiServer, fence: dict[str, Any], outside: tuple[str, ...]) -> None:
    rollout = rollout_of({"spec.workload.fence": fence})
    assert rollout.spec.workload.fence is not None
    policy = _spec(fence_of(rollout, rollout.spec.workload.fence, outside))
    assert _taken(api, policy)["spec"] == policy["spec"]


def test_an_open_one_is_taken_as_it_is(api: ApiServer) -> None:
    policy = _spec(open_fence(rollout_of()))
    assert _taken(api, policy)["spec"] == policy["spec"]


def test_that_of_the_operators_pods_is_taken_as_it_is(api: ApiServer, tmp_path: Path) -> None:
    scraper = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    given = {"networkPolicy": {"enabled": True, "metricsFrom": [scraper]}}
    (policy,) = of_kind(Chart(found_helm(), tmp_path).rendered(given), "NetworkPolicy")
    assert _taken(api, policy)["spec"] == policy["spec"]
