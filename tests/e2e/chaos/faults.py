"""What breaks on a whole cluster: real pods, a real gateway, a real kubelet."""

import contextlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.rollback.killer import Killer
from bench.rollback.ours import ShadowRollouts
from bench.rollback.pieces import NAMESPACE
from examples.demo.player.failure import DemoError
from examples.demo.player.names import GATEWAY_NAMESPACE, OPERATOR_NAMESPACE
from examples.demo.player.tools import Tools
from tests.chaos.faults import edit_route
from tests.chaos.guarantees import Guarantees
from tests.chaos.rollouts import CHAMPION, TWIN
from tests.control_plane.api_server import ApiServer

_NOW = ("--grace-period=0", "--force", "--wait=false")
_ROLLOUT, _MODEL = "shadowrollouts.io/rollout", "shadowrollouts.io/model"


@dataclass(frozen=True, slots=True)
class Cluster:
    """What can break."""

    tools: Tools
    ours: ShadowRollouts
    killer: Killer
    server: ApiServer
    guarantees: Guarantees
    random: random.Random

    def delete_pods(self, namespace: str, *chosen: str) -> None:
        """Delete pods without grace; those that are gone already are gone."""
        with contextlib.suppress(DemoError):
            self.tools.kubectl("delete", "pods", f"--namespace={namespace}", *chosen, *_NOW)


def _kill_leader(cluster: Cluster) -> None:
    with contextlib.suppress(DemoError):
        cluster.killer.kill(cluster.ours.leader())


def _delete_operators(cluster: Cluster) -> None:
    cluster.delete_pods(OPERATOR_NAMESPACE, "--all")


def _upgrade_operators(cluster: Cluster) -> None:
    """Every pod of the operator gives way to one of a new template, one after the other, as when a release follows."""
    with contextlib.suppress(DemoError):
        cluster.tools.kubectl("rollout", "restart", "deployment", f"--namespace={OPERATOR_NAMESPACE}")


def _delete_prometheus(cluster: Cluster) -> None:
    cluster.delete_pods(NAMESPACE, "--selector=app=prometheus")


def _delete_envoy_gateway(cluster: Cluster) -> None:
    cluster.delete_pods(GATEWAY_NAMESPACE, "--selector=control-plane=envoy-gateway")


def _a_rollout(cluster: Cluster) -> str:
    return cluster.random.choice(sorted(cluster.guarantees.watched))


def _delete_challengers(cluster: Cluster) -> None:
    name = _a_rollout(cluster)
    challenger = cluster.guarantees.watched[name].fate.challenger
    cluster.delete_pods(NAMESPACE, f"--selector={_ROLLOUT}={name},{_MODEL} in ({challenger},{TWIN})")


def _delete_one_of_each(cluster: Cluster) -> None:
    """A node fails that held one pod of every model, the leader and Prometheus."""
    pods = cluster.server.request("GET", f"/api/v1/namespaces/{NAMESPACE}/pods", labelSelector=_ROLLOUT)["items"]
    one_each = {(each["metadata"]["labels"][_ROLLOUT], each["metadata"]["labels"][_MODEL]): each for each in pods}
    cluster.delete_pods(NAMESPACE, *sorted(each["metadata"]["name"] for each in one_each.values()))
    _delete_prometheus(cluster)
    _kill_leader(cluster)


def _edit_route(cluster: Cluster) -> None:
    edit_route(cluster.server, cluster.guarantees, _a_rollout(cluster))


Fault = Callable[[Cluster], None]

FAULTS: Mapping[str, Fault] = {
    "leader killed": _kill_leader,
    "every operator's pod deleted": _delete_operators,
    "operator upgraded": _upgrade_operators,
    "Prometheus' pod deleted": _delete_prometheus,
    "pods of the challengers deleted": _delete_challengers,
    "a node's pods deleted, one of each model": _delete_one_of_each,
    f"route edited by hand, away from {CHAMPION}": _edit_route,
}
# Once in dozens of times its Envoy refuses connections for a moment, before any request reaches it. Nothing that the
# operator does makes a difference there, so it is no part of what has to pass each time.
OF_LONG_RUNS: Mapping[str, Fault] = {"Envoy Gateway's pod deleted": _delete_envoy_gateway}
