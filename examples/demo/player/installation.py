"""Brings the operator and the demo's pieces into the cluster. Safe to run again."""

import contextlib
from functools import partial
from typing import Any

import yaml

from .api_server import ApiServer
from .failure import DemoError
from .names import (
    CORE,
    GATEWAY,
    GATEWAY_LABEL,
    GATEWAY_NAMESPACE,
    MANIFESTS,
    NAMESPACE,
    OPERATOR_NAMESPACE,
    RELEASE,
    RESOURCE,
    ROLLOUT,
    ROLLOUT_PATH,
)
from .options import IMAGES, Options
from .tools import Tools
from .view import Declared, declared_in, view_of
from .waiting import Look, wait_until


class Installation:
    """What has to be there before the first request."""

    def __init__(self, tools: Tools, api: ApiServer, options: Options) -> None:
        self._tools = tools
        self._api = api
        self._options = options

    def install_operator(self, *values: str) -> None:
        """Install the operator from its chart, with more values of it as NAME=VALUE, and wait for its pods."""
        repository, _, tag = self._options.images["operator"].rpartition(":")
        self._tools.helm(
            "upgrade",
            "--install",
            RELEASE,
            str(self._options.chart),
            f"--namespace={OPERATOR_NAMESPACE}",
            "--create-namespace",
            f"--set-string=image.repository={repository},image.tag={tag},image.pullPolicy=IfNotPresent",
            *(f"--set-json={value}" for value in values),
            "--wait",
            "--timeout=120s",
        )

    def remove_former_run(self) -> None:
        """Remove what an earlier run left: nothing that is completed or settled begins anew."""
        with contextlib.suppress(DemoError):
            self._tools.kubectl(
                *("delete", "deployment/feed", "deployment/scorer", f"--namespace={NAMESPACE}"),
                *("--ignore-not-found", "--wait=false"),
            )
        if self._api.get(ROLLOUT_PATH) is not None:
            self._tools.kubectl("delete", RESOURCE, ROLLOUT, f"--namespace={NAMESPACE}", "--timeout=60s", seconds=70.0)
            wait_until("the former rollout's pods to go", self._former_pods, seconds=60.0)

    def apply_pieces(self) -> None:
        """Apply everything but the rollout and the feed, and wait until it serves."""
        for name in ("namespace", "gateway", "scorer", "prometheus"):
            self.apply(name)
        for name in ("scorer", "prometheus"):
            wait_until(
                f"deployment {name} to be available", partial(available, self._api, NAMESPACE, name), seconds=120.0
            )
        wait_until(f"gateway {GATEWAY} to be Programmed", partial(programmed, self._api, NAMESPACE), seconds=120.0)

    def apply_rollout(self) -> Declared:
        """Apply the rollout, and wait until every challenger sees a copy of the requests."""
        self.apply("rollout")
        manifest: dict[str, Any] = yaml.safe_load((MANIFESTS / "rollout.yaml").read_text())
        wait_until(f"rollout {ROLLOUT} to be Shadowing with every challenger in Shadow", self._shadowing, seconds=120.0)
        return declared_in(manifest)

    def apply(self, name: str) -> None:
        """Apply one manifest, with the images that were asked for."""
        text = (MANIFESTS / f"{name}.yaml").read_text()
        for image, default in IMAGES.items():
            text = text.replace(default, self._options.images[image])
        self._tools.kubectl("apply", "--filename=-", stdin=text)

    def gateway_url(self) -> str:
        """Return the address at which the gateway serves inside the cluster."""
        return gateway_url(self._api, NAMESPACE)

    def _shadowing(self) -> Look:
        view = view_of(self._api.get(ROLLOUT_PATH) or {})
        stages = {line.name: line.stage for line in view.challengers}
        done = view.phase == "Shadowing" and bool(stages) and set(stages.values()) == {"Shadow"}
        return Look(
            done=done, found=f"phase {view.phase}, {stages or 'no challengers'}, {view.message or 'no message'}"
        )

    def _former_pods(self) -> Look:
        pods = self._api.items(f"{CORE}/{NAMESPACE}/pods", labelSelector=f"shadowrollouts.io/rollout={ROLLOUT}")
        return Look(done=not pods, found=f"{len(pods)} pods")


def available(api: ApiServer, namespace: str, name: str) -> Look:
    """Look whether a deployment has a pod of its newest template that is available."""
    found = api.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}")
    if found is None:
        return Look(done=False, found="no such deployment")
    status = found.get("status", {})
    current = status.get("observedGeneration") == found["metadata"]["generation"]
    ready = current and status.get("availableReplicas", 0) >= 1 and status.get("updatedReplicas", 0) >= 1
    return Look(done=ready, found=_conditions(found))


def programmed(api: ApiServer, namespace: str) -> Look:
    """Look whether a namespace's gateway is Programmed."""
    found = api.get(f"/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/gateways/{GATEWAY}") or {}
    conditions = found.get("status", {}).get("conditions", [])
    done = any(each["type"] == "Programmed" and each["status"] == "True" for each in conditions)
    return Look(done=done, found=_conditions(found))


def gateway_url(api: ApiServer, namespace: str) -> str:
    """Return the address at which a namespace's gateway serves inside the cluster."""
    owned = ",".join(f"{GATEWAY_LABEL}-{key}={value}" for key, value in (("name", GATEWAY), ("namespace", namespace)))
    services = api.items(f"{CORE}/{GATEWAY_NAMESPACE}/services", labelSelector=owned)
    if len(services) != 1:
        raise DemoError(f"Gateway {GATEWAY} has {len(services)} Services in {GATEWAY_NAMESPACE}: it should have one.")
    return f"http://{services[0]['metadata']['name']}.{GATEWAY_NAMESPACE}:80"


def _conditions(found: dict[str, Any]) -> str:
    conditions = found.get("status", {}).get("conditions", [])
    said = [f"{each['type']}={each['status']} ({each.get('message', '')})" for each in conditions]
    return ", ".join(said) or "no conditions yet"
