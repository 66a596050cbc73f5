"""What breaks on a whole cluster: real pods, a real gateway, a real kubelet."""

import contextlib
import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

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

_NOW = ("--grace-period=0", "--force", "--wait=false", "--ignore-not-found")
_ROLLOUT, _MODEL = "shadowrollouts.io/rollout", "shadowrollouts.io/model"
_UNTIL_KNOWN = timedelta(seconds=5)

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cluster:
    """What can break, and which leaders were killed."""

    tools: Tools
    ours: ShadowRollouts
    killer: Killer
    server: ApiServer
    guarantees: Guarantees
    random: random.Random
    killed: list[str] = field(default_factory=list)

    def delete_pods(self, namespace: str, *chosen: str) -> None:
        """Delete pods without grace; those that are gone already are gone."""
        self.tools.kubectl("delete", "pods", f"--namespace={namespace}", *chosen, *_NOW)


def _kill_leader(cluster: Cluster) -> None:
    leader = cluster.ours.leader()
    # Another fault may have ended it just before.
    with contextlib.suppress(DemoError):
        cluster.killer.kill(leader)
        cluster.killed.append(leader)


def _delete_operators(cluster: Cluster) -> None:
    cluster.delete_pods(OPERATOR_NAMESPACE, "--all")


def _upgrade_operators(cluster: Cluster) -> None:
    """Every pod of the operator gives way to one of a new template, one after the other, as when a release follows."""
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
    """A node fails that held one pod of every model, the leader and Prometheus; of no model the only pod that lives."""
    if _settled(cluster, GATEWAY_NAMESPACE, "control-plane=envoy-gateway"):
        of_model: dict[tuple[str, str], list[str]] = defaultdict(list)
        for each in _settled(cluster, NAMESPACE, _ROLLOUT):
            labels = each["metadata"]["labels"]
            of_model[labels[_ROLLOUT], labels[_MODEL]].append(each["metadata"]["name"])
        if chosen := [pods[-1] for _, pods in sorted(of_model.items()) if len(pods) > 1]:
            cluster.delete_pods(NAMESPACE, *chosen)
    _delete_prometheus(cluster)
    _kill_leader(cluster)


def _settled(cluster: Cluster, namespace: str, selector: str) -> list[Object]:
    """The pods that are ready for long enough that the gateway knows of them."""
    pods = cluster.server.request("GET", f"/api/v1/namespaces/{namespace}/pods", labelSelector=selector)["items"]
    return [each for each in pods if _is_settled(each, datetime.now(UTC))]


def _is_settled(pod: Object, now: datetime) -> bool:
    ready = [
        datetime.fromisoformat(each["lastTransitionTime"])
        for each in pod["status"].get("conditions", [])
        if (each["type"], each["status"]) == ("Ready", "True")
    ]
    return "deletionTimestamp" not in pod["metadata"] and any(now - since >= _UNTIL_KNOWN for since in ready)


def _edit_route(cluster: Cluster) -> None:
    edit_route(cluster.server, cluster.guarantees, _a_rollout(cluster))


Fault = Callable[[Cluster], None]

KILLED = "leader killed"
FAULTS: Mapping[str, Fault] = {
    KILLED: _kill_leader,
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
