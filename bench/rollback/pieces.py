"""Brings the bench's own pieces into the cluster: gateway, Prometheus, the models' figures and the client."""

from functools import partial
from pathlib import Path
from typing import Any

import yaml

from examples.demo.player.api_server import ApiServer
from examples.demo.player.installation import available, gateway_url, programmed
from examples.demo.player.names import MANIFESTS as DEMO
from examples.demo.player.options import IMAGES
from examples.demo.player.tools import Tools
from examples.demo.player.waiting import wait_until

NAMESPACE = "bench"
MANIFESTS = Path(__file__).parent / "manifests"
_PODS = Path(__file__).parent / "pods"
_LONGEST_SECONDS = 180.0


class Pieces:
    """The bench's namespace."""

    def __init__(self, tools: Tools, api: ApiServer, images: dict[str, str]) -> None:
        self._tools = tools
        self._api = api
        self._images = images

    def bring_up(self, certificate: str) -> None:
        """Apply all of it, and wait until it serves; what an earlier bench left is removed before.

        The certificate is the one that the operator shows to who posts alerts.
        """
        self.remove()
        self.apply((MANIFESTS / "pieces.yaml").read_text())
        code = {path.name: path.read_text() for path in sorted(_PODS.glob("*.py"))}
        self.apply(yaml.safe_dump(_config_map("code", code)))
        self.apply(yaml.safe_dump(_config_map("certificate", {"tls.crt": certificate})))
        self.apply(self._prometheus())
        wait_until("the gateway to be Programmed", partial(programmed, self._api, NAMESPACE), seconds=_LONGEST_SECONDS)
        address = gateway_url(self._api, NAMESPACE)
        self.apply((MANIFESTS / "client.yaml").read_text().replace("GATEWAY_ADDRESS", address))
        for name in ("figures", "prometheus", "client"):
            self.wait_for(name)

    def remove(self) -> None:
        """Remove the namespace with all that is in it."""
        if self._api.get(f"/api/v1/namespaces/{NAMESPACE}") is None:
            return
        if self._api.get("/apis/shadowrollouts.io/v1alpha1") is not None:
            self._tools.kubectl("delete", "sr", "--all", f"--namespace={NAMESPACE}", "--timeout=120s", seconds=130.0)
        self._tools.kubectl("delete", "namespace", NAMESPACE, "--timeout=180s", seconds=190.0)

    def apply(self, manifest: str) -> None:
        """Apply a manifest, with the images that were asked for."""
        for image, default in IMAGES.items():
            manifest = manifest.replace(default, self._images[image])
        self._tools.kubectl("apply", "--filename=-", stdin=manifest, seconds=120.0)

    def scale(self, name: str, replicas: int) -> None:
        """Let a deployment have so many pods."""
        self._tools.kubectl("scale", f"deployment/{name}", f"--replicas={replicas}", f"--namespace={NAMESPACE}")

    def wait_for(self, name: str) -> None:
        """Wait until a deployment is available."""
        wait_until(
            f"deployment {name} to be available",
            partial(available, self._api, NAMESPACE, name),
            seconds=_LONGEST_SECONDS,
        )

    def prometheus_address(self) -> str:
        """Where Prometheus answers, also for a program that runs on the node."""
        service = self._api.get(f"/api/v1/namespaces/{NAMESPACE}/services/prometheus")
        return f"http://{service['spec']['clusterIP']}:9090"

    def pods(self, name: str) -> list[str]:
        """The pods of a deployment, those included that are about to end."""
        found = self._api.items(f"/api/v1/namespaces/{NAMESPACE}/pods", labelSelector=f"app={name}")
        return [each["metadata"]["name"] for each in found]

    def _prometheus(self) -> str:
        """The demo's Prometheus, but for its configuration."""
        documents = [one for one in yaml.safe_load_all((DEMO / "prometheus.yaml").read_text()) if _is_server(one)]
        for one in documents:
            one["metadata"]["namespace"] = NAMESPACE
        return yaml.safe_dump_all(documents)


def _is_server(document: dict[str, Any]) -> bool:
    return document["metadata"]["name"] == "prometheus" and document["kind"] in {"Deployment", "Service"}


def _config_map(name: str, data: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "data": data,
    }
