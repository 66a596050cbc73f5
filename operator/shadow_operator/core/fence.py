"""The fence around the models that act on nothing: a NetworkPolicy by which their pods can't reach a broker.

It names who stands outside, and shuts in every other pod of the rollout: one that nobody thought of is inside.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Any

from shadow_operator.api.rollout import ShadowRollout
from shadow_operator.api.workload import Fence
from shadow_operator.core.kinds import NETWORK_POLICY
from shadow_operator.core.plan import MODEL_LABEL, ROLLOUT_LABEL, Manifest, metadata, object_name

_EVERYWHERE = {4: "0.0.0.0/0", 6: "::/0"}
_NAMESPACE_LABEL = "kubernetes.io/metadata.name"


def fence_name(rollout: ShadowRollout) -> str:
    """The name of the rollout's NetworkPolicy."""
    return object_name(rollout, "fence")


def fence_of(rollout: ShadowRollout, fence: Fence, outside: Iterable[str]) -> Manifest:
    """The NetworkPolicy that lets no pod reach a broker but those of the models `outside`."""
    return _policy(rollout, outside, [{"to": [*_addresses(fence), _namespaces(fence)]}])


def open_fence(rollout: ShadowRollout) -> Manifest:
    """The NetworkPolicy of a rollout whose manifest fences nobody any more: it stays, and denies nothing."""
    return _policy(rollout, (), [{}])


def _policy(rollout: ShadowRollout, outside: Iterable[str], egress: Sequence[dict[str, Any]]) -> Manifest:
    others = sorted(outside)
    selector: dict[str, Any] = {"matchLabels": {ROLLOUT_LABEL: rollout.metadata.name}}
    if others:
        selector["matchExpressions"] = [{"key": MODEL_LABEL, "operator": "NotIn", "values": others}]
    body = {
        "metadata": metadata(rollout, fence_name(rollout)),
        "spec": {"podSelector": selector, "policyTypes": ["Egress"], "egress": list(egress)},
    }
    return Manifest(NETWORK_POLICY, body)


def _addresses(fence: Fence) -> list[dict[str, Any]]:
    """Everywhere but where brokers are; a NetworkPolicy can say what is allowed, and nothing else."""
    # Whether a block holds the addresses of pods is each network's own choice; where brokers are pods, none does.
    denied = [*(fence.cidrs or ()), *((fence.cluster_cidrs or ()) if fence.namespaces else ())]
    blocks = []
    for version, everywhere in _EVERYWHERE.items():
        excepted = sorted(each for each in denied if ipaddress.ip_network(each, strict=False).version == version)
        blocks.append({"ipBlock": {"cidr": everywhere} | ({"except": excepted} if excepted else {})})
    return blocks


def _namespaces(fence: Fence) -> dict[str, Any]:
    if not fence.namespaces:
        return {"namespaceSelector": {}}
    denied = {"key": _NAMESPACE_LABEL, "operator": "NotIn", "values": sorted(fence.namespaces)}
    return {"namespaceSelector": {"matchExpressions": [denied]}}
