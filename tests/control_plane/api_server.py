"""The API server that the tests of this folder talk to."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from kubernetes import config
from urllib3.exceptions import HTTPError

from shadow_operator.api import gate_template, model_version
from shadow_operator.api.crd import DEFINITIONS, Definition, custom_resource_definition
from shadow_operator.api.rollout import GROUP, PLURAL, VERSION

_ROOT = Path(__file__).parents[2]
_CONTEXT = "shadow-control-plane"
_ROLLOUTS = f"/apis/{GROUP}/{VERSION}"
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
# After a CRD has changed, the API server still answers by the old one for a moment, and no field of it says until when.
_SWAP_SECONDS = 2.0

Object = dict[str, Any]


class RefusedError(Exception):
    """The API server refused. The message is what a person sees."""


class OverwrittenError(RefusedError):
    """The object was written since it was read."""


class UnansweredError(RefusedError):
    """The API server did not answer, or not as one that is up does."""


class ApiServer:
    """A few requests with plain dictionaries, in a namespace of their own."""

    def __init__(self, kubeconfig: str, namespace: str) -> None:
        self._api = config.new_client_from_config(config_file=kubeconfig)  # type: ignore[no-untyped-call] # untyped library
        self.namespace = namespace

    def request(
        self,
        method: str,
        path: str,
        body: Object | None = None,
        accept: str = "application/json",
        user: str | None = None,
        **query: str,
    ) -> Object:
        """Send one request; as `user` where one is named, with what RBAC allows that user."""
        content_type = "application/apply-patch+yaml" if method == "PATCH" else "application/json"
        arguments = self._api.param_serialize(
            method,
            path,
            query_params=list(query.items()),
            header_params={"Accept": accept, "Content-Type": content_type}
            | ({} if user is None else {"Impersonate-User": user}),
            body=body,
            auth_settings=["BearerToken"],
        )
        try:
            response = self._api.call_api(*arguments)
            content = json.loads(response.read())
        except (HTTPError, ValueError) as error:
            raise UnansweredError(f"{method} {path}: {error!r}") from error
        if not 200 <= response.status < 300:
            refused = OverwrittenError if content.get("reason") == "Conflict" else RefusedError
            raise refused(content["message"])
        return dict(content)

    @property
    def rollouts(self) -> str:
        return f"{_ROLLOUTS}/namespaces/{self.namespace}/{PLURAL}"

    def apply(self, manifest: Object, *, dry: bool = True) -> Object:
        """Create it as `kubectl apply` does: strictly, so that an unknown field is an error and no warning."""
        body = manifest | {"metadata": manifest["metadata"] | {"namespace": self.namespace}}
        query = {"fieldValidation": "Strict"} | ({"dryRun": "All"} if dry else {})
        return self.request("POST", self.rollouts, body, **query)

    @property
    def models(self) -> str:
        return f"{_ROLLOUTS}/namespaces/{self.namespace}/{model_version.PLURAL}"

    def register(self, manifest: Object, *, dry: bool = True) -> Object:
        """Create a ModelVersion, strictly."""
        return self._create(self.models, manifest, dry=dry)

    @property
    def templates(self) -> str:
        return f"{_ROLLOUTS}/namespaces/{self.namespace}/{gate_template.PLURAL}"

    def share(self, manifest: Object, *, dry: bool = True) -> Object:
        """Create a GateTemplate, strictly; a section that is None is left out."""
        said = {section: given for section, given in manifest["spec"].items() if given is not None}
        return self._create(self.templates, manifest | {"spec": said}, dry=dry)

    def _create(self, path: str, manifest: Object, *, dry: bool) -> Object:
        body = manifest | {"metadata": manifest["metadata"] | {"namespace": self.namespace}}
        query = {"fieldValidation": "Strict"} | ({"dryRun": "All"} if dry else {})
        return self.request("POST", path, body, **query)

    def account(self, name: str) -> str:
        """Create a service account that may nothing; returns a token of it."""
        accounts = f"/api/v1/namespaces/{self.namespace}/serviceaccounts"
        self.request("POST", accounts, {"metadata": {"name": name}})
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}
        return str(self.request("POST", f"{accounts}/{name}/token", asked)["status"]["token"])

    def install_crds(self) -> None:
        before = [self._crd_generation(each) for each in DEFINITIONS]
        for each in DEFINITIONS:
            self.request("PATCH", _path(each), custom_resource_definition(each), fieldManager="tests", force="true")
        deadline = time.monotonic() + 30
        while not all(self._is_established(each) for each in DEFINITIONS):
            assert time.monotonic() < deadline, "the CRDs were not established in 30 s"
            time.sleep(0.1)
        if [self._crd_generation(each) for each in DEFINITIONS] != before:
            time.sleep(_SWAP_SECONDS)

    def _crd_generation(self, defined: Definition) -> int | None:
        try:
            return int(self.request("GET", _path(defined))["metadata"]["generation"])
        except RefusedError:
            return None

    def _is_established(self, defined: Definition) -> bool:
        # A definition that was made a moment ago has `conditions: null`.
        conditions = self.request("GET", _path(defined)).get("status", {}).get("conditions") or []
        return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)


def _path(defined: Definition) -> str:
    return f"{_CRDS}/{defined.plural}.{GROUP}"


def kubeconfig() -> str:
    """The control plane's kubeconfig; fails where there is none, and where it is not one made for tests."""
    named = os.environ.get("SHADOW_CONTROL_PLANE_KUBECONFIG")
    if named is None:
        asked = subprocess.run(
            [sys.executable, "hack/cluster", "kubeconfig", "--control-plane"],
            cwd=_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.returncode:
            pytest.fail(f"{asked.stderr.strip()}, or leave these tests out with -m 'not control_plane'")
        named = asked.stdout.strip()
    _, active = config.list_kube_config_contexts(config_file=named)  # type: ignore[no-untyped-call] # untyped library
    if active["name"] != _CONTEXT:
        pytest.fail(f"the context of {named} is {active['name']}: these tests write only to {_CONTEXT}")
    return named
