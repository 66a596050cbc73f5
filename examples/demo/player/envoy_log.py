"""Which pod Envoy sent each request to.

Envoy's counters by cluster cannot tell: all backends of one rule share a cluster. Its access log can. It has one line
for each request of a client, with the pod's address; the copies that a mirror makes are not in it.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from .api_server import ApiServer
from .names import CORE, GATEWAY, GATEWAY_LABEL, GATEWAY_NAMESPACE, MODEL_LABEL, NAMESPACE, ROLLOUT, ROLLOUT_LABEL

PROXY_CONTAINER = "envoy"


class EnvoyLog:
    """Reads the access log of the gateway's pods."""

    def __init__(self, api: ApiServer, hostname: str) -> None:
        self._api = api
        self._hostname = hostname
        self._models: dict[str, str] = {}

    def remember_pods(self) -> None:
        """Learn the addresses of the models' pods; a pod that is gone stays known, as its requests stay logged."""
        pods = self._api.items(f"{CORE}/{NAMESPACE}/pods", labelSelector=f"{ROLLOUT_LABEL}={ROLLOUT}")
        for pod in pods:
            address = pod.get("status", {}).get("podIP")
            if address:
                self._models[address] = pod["metadata"]["labels"].get(MODEL_LABEL, "unknown")

    def requests(self, since: float) -> list[tuple[float, str]]:
        """Return (moment, model) of each request since then."""
        owned = f"{GATEWAY_LABEL}-name={GATEWAY},{GATEWAY_LABEL}-namespace={NAMESPACE}"
        proxies = self._api.items(f"{CORE}/{GATEWAY_NAMESPACE}/pods", labelSelector=owned)
        moment = datetime.fromtimestamp(since, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        found: list[tuple[float, str]] = []
        for proxy in proxies:
            path = f"{CORE}/{GATEWAY_NAMESPACE}/pods/{proxy['metadata']['name']}/log"
            text = self._api.text(path, container=PROXY_CONTAINER, sinceTime=moment)
            found.extend(read_log(text, self._hostname, self._models))
        return sorted(found)


def read_log(text: str, hostname: str, models: Mapping[str, str]) -> Iterator[tuple[float, str]]:
    """Read the lines of one access log that are about predictions for this host name."""
    for line in text.splitlines():
        if not line.startswith("{"):
            continue
        try:
            entry = json.loads(line)
            if entry[":authority"].partition(":")[0] != hostname or entry["x-envoy-origin-path"] != "/predict":
                continue
            moment = datetime.fromisoformat(entry["start_time"]).timestamp()
            address = entry["upstream_host"].rpartition(":")[0]
        except (ValueError, KeyError, AttributeError, TypeError):
            # Envoy's own log is on the same stream.
            continue
        yield moment, models.get(address, f"unknown pod {address}")
