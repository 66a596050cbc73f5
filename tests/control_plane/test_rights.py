"""What the operator must not be able to do: the chart's roles, judged by a real API server with RBAC."""

import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.control_plane.api_server import ApiServer
from tests.world.chart import NAMESPACE, Chart, Object, found_helm, of_kind

pytestmark = [pytest.mark.control_plane, pytest.mark.timeout(600)]

_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
_ELSEWHERE = "somewhere-else"

# Group, resource with its subresource, verb. Each of them lets somebody be more than the operator should be.
_NEVER = (
    *(("", "secrets", verb) for verb in ("get", "list", "watch", "create", "patch", "delete")),
    ("", "pods", "create"),
    ("", "pods", "delete"),
    ("", "pods/exec", "create"),
    ("", "pods/attach", "create"),
    ("", "pods/portforward", "create"),
    ("", "pods/ephemeralcontainers", "patch"),
    ("", "pods/log", "get"),
    ("", "serviceaccounts", "get"),
    ("", "serviceaccounts", "impersonate"),
    ("", "serviceaccounts/token", "create"),
    ("", "users", "impersonate"),
    ("", "nodes", "get"),
    ("", "nodes/proxy", "get"),
    ("", "namespaces", "create"),
    ("", "namespaces", "delete"),
    ("", "persistentvolumes", "get"),
    ("", "events", "delete"),
    ("apps", "daemonsets", "create"),
    ("apps", "statefulsets", "create"),
    ("batch", "jobs", "create"),
    ("batch", "cronjobs", "create"),
    *(
        ("rbac.authorization.k8s.io", resource, verb)
        for resource in ("roles", "rolebindings", "clusterroles", "clusterrolebindings")
        for verb in ("get", "create", "patch", "bind", "escalate")
    ),
    ("admissionregistration.k8s.io", "validatingadmissionpolicies", "delete"),
    ("admissionregistration.k8s.io", "validatingadmissionpolicybindings", "delete"),
    ("apiextensions.k8s.io", "customresourcedefinitions", "patch"),
    ("certificates.k8s.io", "certificatesigningrequests", "create"),
    ("networking.k8s.io", "networkpolicies", "delete"),
    ("gateway.networking.k8s.io", "gateways", "patch"),
    ("gateway.networking.k8s.io", "httproutes/status", "patch"),
    ("shadowrollouts.io", "shadowrollouts", "create"),
    ("shadowrollouts.io", "shadowrollouts", "delete"),
    ("shadowrollouts.io", "rolloutdecisions", "patch"),
    ("shadowrollouts.io", "rolloutdecisions", "update"),
    ("shadowrollouts.io", "modelversions", "patch"),
    ("shadowrollouts.io", "gatetemplates", "patch"),
    # The commands are people's: the operator can't give itself one through the admission policy.
    ("shadowrollouts.io", "shadowrollouts/promote", "update"),
    ("shadowrollouts.io", "shadowrollouts/force-promote", "update"),
    ("*", "*", "*"),
)
_ITS_OWN = (
    ("shadowrollouts.io", "shadowrollouts/status", "patch"),
    ("gateway.networking.k8s.io", "httproutes", "patch"),
    ("apps", "deployments", "create"),
    ("", "configmaps", "patch"),
)


def _install(api: ApiServer, objects: list[Object]) -> Iterator[str]:
    """Bring the chart's roles onto the API server; gives the operator's user name."""
    paths = []
    kinds = {"ClusterRole": "clusterroles", "ClusterRoleBinding": "clusterrolebindings"}
    kinds |= {"Role": "roles", "RoleBinding": "rolebindings"}
    for each in objects:
        if each["kind"] not in kinds or "aggregate" in str(each["metadata"].get("labels", {})):
            continue
        place = each["metadata"].get("namespace")
        root = _RBAC if place is None else f"{_RBAC}/namespaces/{place}"
        path = f"{root}/{kinds[each['kind']]}/{each['metadata']['name']}"
        api.request("PATCH", path, each, fieldManager="tests", force="true")
        paths.append(path)
    (account,) = of_kind(objects, "ServiceAccount")
    yield f"system:serviceaccount:{NAMESPACE}:{account['metadata']['name']}"
    for path in paths:
        api.request("DELETE", path)


def _chart(directory: Path, values: Mapping[str, Any]) -> list[Object]:
    return Chart(found_helm(), directory).rendered(values, f"rights-{uuid.uuid4().hex[:6]}")


@pytest.fixture(scope="module", autouse=True)
def namespaces(api: ApiServer) -> None:
    for name in (NAMESPACE, _ELSEWHERE):
        api.request("PATCH", f"/api/v1/namespaces/{name}", _namespace(name), fieldManager="tests", force="true")


def _namespace(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


@pytest.fixture(scope="module")
def everywhere(api: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The operator that looks after all namespaces."""
    yield from _install(api, _chart(tmp_path_factory.mktemp("chart"), {}))


@pytest.fixture(scope="module")
def in_one_namespace(api: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The operator that looks after the namespace of the tests, and no other one."""
    yield from _install(api, _chart(tmp_path_factory.mktemp("chart"), {"watchNamespaces": [api.namespace]}))


def _may(api: ApiServer, user: str, asked: tuple[str, str, str], namespace: str) -> bool:
    group, resource, verb = asked
    name, _, subresource = resource.partition("/")
    attributes = {"group": group, "resource": name, "subresource": subresource, "verb": verb, "namespace": namespace}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": user, "groups": _groups(), "resourceAttributes": attributes},
    }
    return bool(api.request("POST", _REVIEWS, review)["status"]["allowed"])


def _groups() -> list[str]:
    return ["system:serviceaccounts", f"system:serviceaccounts:{NAMESPACE}", "system:authenticated"]


@pytest.mark.parametrize("asked", _NEVER, ids=" ".join)
def test_what_would_make_it_more_than_an_operator_it_may_nowhere(
    api: ApiServer, everywhere: str, asked: tuple[str, str, str]
) -> None:
    for namespace in (api.namespace, NAMESPACE, "kube-system", ""):
        assert not _may(api, everywhere, asked, namespace), f"{everywhere} may {asked} in {namespace or 'all'}"


@pytest.mark.parametrize("asked", _ITS_OWN, ids=" ".join)
def test_in_namespaced_mode_it_works_there_and_nowhere_else(
    api: ApiServer, in_one_namespace: str, asked: tuple[str, str, str]
) -> None:
    assert _may(api, in_one_namespace, asked, api.namespace)
    assert not _may(api, in_one_namespace, asked, _ELSEWHERE)
    assert not _may(api, in_one_namespace, asked, "")


def test_its_lease_is_written_in_its_own_namespace_only(api: ApiServer, everywhere: str) -> None:
    create = ("coordination.k8s.io", "leases", "create")
    assert _may(api, everywhere, create, NAMESPACE)
    assert not _may(api, everywhere, create, "kube-system")
    assert not _may(api, everywhere, ("coordination.k8s.io", "leases", "patch"), NAMESPACE), "only the one of its name"
