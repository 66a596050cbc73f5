"""Starts, reads and stops the feed that runs in the cluster."""

import json
from typing import Any

from .api_server import ApiServer
from .installation import Installation
from .names import FEED_PATH, NAMESPACE
from .tools import Tools
from .waiting import Look, wait_until


class FeedControl:
    """The feed is the client: what it saw is what a customer would have seen."""

    def __init__(self, tools: Tools, api: ApiServer, installation: Installation) -> None:
        self._tools = tools
        self._api = api
        self._installation = installation

    def start(self) -> None:
        """Start it, and wait for its first answer from a model."""
        address = {"GATEWAY_URL": self._installation.gateway_url()}
        target = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "feed", "namespace": NAMESPACE},
            "data": address,
        }
        self._tools.kubectl("apply", "--filename=-", stdin=json.dumps(target))
        self._installation.apply("feed")
        wait_until("the feed's first answer from a model", self._answered, seconds=90.0)

    def report(self) -> dict[str, Any]:
        """Return what it has seen so far."""
        found = self._api.get(f"{FEED_PATH}/report")
        return dict(found) if found else {"sent": 0, "failed": 0, "answers": {}, "lastAnswer": {}, "perSecond": []}

    def stop(self) -> None:
        """Let it ask nothing more; its report stays."""
        self._api.post(f"{FEED_PATH}/stop")

    def _answered(self) -> Look:
        report = self.report()
        found = {key: report[key] for key in ("sent", "failed", "failures", "warmUpProbes") if key in report}
        return Look(done=bool(report["answers"]), found=json.dumps(found))
