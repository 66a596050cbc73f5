"""What goes on around the operator on a control plane alone: stand-ins for the kubelet and the gateway."""

import asyncio
import threading

from tests.control_plane.api_server import ApiServer, RefusedError
from tests.control_plane.loop.stand_ins import StandInGateway, StandInKubelet


class Surroundings:
    """What goes on around the operator: pods start, and the gateway follows. Never faulty."""

    def __init__(self, path: str, namespace: str) -> None:
        self._gateway = StandInGateway(ApiServer(path, namespace))
        self._kubelet = StandInKubelet(ApiServer(path, namespace))
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._ends.set()
        self._thread.join(40)

    def _run(self) -> None:
        while not self._ends.wait(0.2):
            try:
                asyncio.run(self._kubelet.run_pods())
                self._gateway.program()
            except (RefusedError, TimeoutError):
                continue


def removed(server: ApiServer) -> None:
    """Remove the namespace with the rollouts in it: nobody is left to answer their finalizers."""
    for rollout in server.request("GET", server.rollouts)["items"]:
        rollout["metadata"]["finalizers"] = []
        server.request("PUT", f"{server.rollouts}/{rollout['metadata']['name']}", rollout)
    server.request("DELETE", f"/api/v1/namespaces/{server.namespace}")
