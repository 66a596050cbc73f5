"""Who may give a command: the chart's ValidatingAdmissionPolicy, judged by a real API server with RBAC."""

import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from shadow_operator.core.command import COMMAND_ANNOTATION, COMMAND_BY_ANNOTATION, Verb
from tests.control_plane.api_server import ApiServer, RefusedError
from tests.world.manifests import changed, valid_manifest

pytestmark = pytest.mark.control_plane

_POLICY = Path(__file__).parents[2] / "charts" / "shadow-operator" / "files" / "commands-policy.yaml"
_ADMISSION = "/apis/admissionregistration.k8s.io/v1"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_ACTIVE_SECONDS = 60.0
# Ann may edit rollouts, reject, and nothing else; carl may edit them only.
_ANN, _CARL = "ann", "carl"


def give(api: ApiServer, user: str, annotations: Mapping[str, str]) -> None:
    """Write the rollout with these annotations, and no others, as `user`."""
    place = f"{api.rollouts}/momentum"
    stored = api.request("GET", place)
    stored["metadata"]["annotations"] = dict(annotations)
    api.request("PUT", place, stored, user=user)


def command(text: str, by: str) -> dict[str, str]:
    return {COMMAND_ANNOTATION: text, COMMAND_BY_ANNOTATION: by}


@pytest.fixture(scope="module")
def guarded(api: ApiServer) -> Iterator[ApiServer]:
    """The API server with the policy in force in this namespace only."""
    name = f"commands-{uuid.uuid4().hex[:8]}"
    policy = yaml.safe_load(_POLICY.read_text())
    policy["metadata"]["name"] = name
    here = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": api.namespace}}}
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"], "matchResources": here},
    }
    api.request("POST", f"{_ADMISSION}/validatingadmissionpolicies", policy)
    api.request("POST", f"{_ADMISSION}/validatingadmissionpolicybindings", binding)
    editing = {"apiGroups": ["shadowrollouts.io"], "resources": ["shadowrollouts"], "verbs": ["get", "update"]}
    rejecting = {"apiGroups": ["shadowrollouts.io"], "resources": ["shadowrollouts/reject"], "verbs": ["update"]}
    for user, rules in ((_ANN, [editing, rejecting]), (_CARL, [editing])):
        grant(api, user, rules)
    api.apply(valid_manifest(), dry=False)
    wait_until_in_force(api)
    yield api
    api.request("DELETE", f"{api.rollouts}/momentum")
    api.request("DELETE", f"{_ADMISSION}/validatingadmissionpolicybindings/{name}")
    api.request("DELETE", f"{_ADMISSION}/validatingadmissionpolicies/{name}")


def grant(api: ApiServer, user: str, rules: list[dict[str, list[str]]]) -> None:
    place = f"{_RBAC}/namespaces/{api.namespace}"
    metadata = {"name": user, "namespace": api.namespace}
    group = "rbac.authorization.k8s.io"
    api.request("POST", f"{place}/roles", {"metadata": metadata, "rules": rules})
    bound = {
        "metadata": metadata,
        "roleRef": {"apiGroup": group, "kind": "Role", "name": user},
        "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
    }
    api.request("POST", f"{place}/rolebindings", bound)


def wait_until_in_force(api: ApiServer) -> None:
    """A policy is in force some time after it was written, and no field of it says when."""
    deadline = time.monotonic() + _ACTIVE_SECONDS
    number = 0
    while time.monotonic() < deadline:
        number += 1
        try:
            give(api, _CARL, command(f"reject/probe-{number}", _CARL))
        except RefusedError as refusal:
            if "it takes update on shadowrollouts/reject" in str(refusal):
                give(api, _CARL, {})
                return
        time.sleep(0.25)
    pytest.fail(f"the policy was not in force within {_ACTIVE_SECONDS:g} s")


def test_whoever_has_the_subresource_may_give_the_command(guarded: ApiServer) -> None:
    give(guarded, _ANN, command("reject/1", _ANN))
    stored = guarded.request("GET", f"{guarded.rollouts}/momentum")
    assert stored["metadata"]["annotations"] == command("reject/1", _ANN)


def test_nobody_else_may(guarded: ApiServer) -> None:
    with pytest.raises(RefusedError, match="ann may not promote momentum: it takes update on shadowrollouts/promote"):
        give(guarded, _ANN, command("promote/2", _ANN))


@pytest.mark.parametrize("by", ["", "bob"])
def test_nobody_speaks_for_somebody_else(guarded: ApiServer, by: str) -> None:
    with pytest.raises(RefusedError, match="with a command it has to be who gives it, ann"):
        give(guarded, _ANN, command(f"reject/3-{by}", by))


def test_nobody_puts_another_name_to_a_command_that_was_given(guarded: ApiServer) -> None:
    give(guarded, _ANN, command("reject/4", _ANN))
    with pytest.raises(RefusedError, match="with a command it has to be who gives it, ann"):
        give(guarded, _ANN, command("reject/4", "bob"))
    with pytest.raises(RefusedError, match="carl may not reject momentum"):
        give(guarded, _CARL, command("reject/4", _CARL))


def test_who_edits_something_else_is_asked_nothing(guarded: ApiServer) -> None:
    given = command("reject/5", _ANN)
    give(guarded, _ANN, given)
    give(guarded, _CARL, given | {"team": "desk"})
    give(guarded, _CARL, {"team": "desk"})


@pytest.mark.parametrize("verb", list(Verb))
def test_a_new_rollout_brings_no_command_along(guarded: ApiServer, verb: Verb) -> None:
    grant(guarded, f"maker-{verb}", [{"apiGroups": ["*"], "resources": ["shadowrollouts"], "verbs": ["create"]}])
    body = changed(valid_manifest(), {"metadata.name": f"new-{verb}", "metadata.namespace": guarded.namespace})
    body["metadata"]["annotations"] = command(f"{verb}/1", f"maker-{verb}")
    with pytest.raises(RefusedError, match=f"may not {verb} new-{verb}"):
        guarded.request("POST", guarded.rollouts, body, user=f"maker-{verb}")
