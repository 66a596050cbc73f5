"""A network that enforces NetworkPolicies, as their documentation says; that of the test cluster does not."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Labels = Mapping[str, str]


@dataclass(frozen=True)
class Place:
    """Where a pod connects to: an address, and its namespace if it is a pod's."""

    address: str
    namespace: str | None = None


@dataclass(frozen=True)
class EnforcingNetwork:
    """One kind of network.

    Attributes:
        blocks_hold_pods: whether an ipBlock holds the addresses of pods as well; the API leaves it to each network.

    """

    blocks_hold_pods: bool

    def lets_out(self, policies: Sequence[Mapping[str, Any]], pod: Labels, to: Place) -> bool:
        """Whether a pod with these labels can connect there: any policy that selects it may allow it."""
        rules = [each["spec"] for each in policies if _selects(each["spec"]["podSelector"], pod)]
        if not rules:
            return True
        return any(self._allows(rule, to) for spec in rules for rule in spec["egress"])

    def _allows(self, rule: Mapping[str, Any], to: Place) -> bool:
        return "to" not in rule or any(self._holds(peer, to) for peer in rule["to"])

    def _holds(self, peer: Mapping[str, Any], to: Place) -> bool:
        if "namespaceSelector" in peer:
            named = None if to.namespace is None else {"kubernetes.io/metadata.name": to.namespace}
            return named is not None and _selects(peer["namespaceSelector"], named)
        if to.namespace is not None and not self.blocks_hold_pods:
            return False
        block = peer["ipBlock"]
        return _within(to, block["cidr"]) and not any(_within(to, each) for each in block.get("except", ()))


def _within(to: Place, block: str) -> bool:
    address, network = ipaddress.ip_address(to.address), ipaddress.ip_network(block, strict=False)
    return address.version == network.version and address in network


def _selects(selector: Mapping[str, Any], labels: Labels) -> bool:
    wanted = selector.get("matchLabels", {})
    terms = selector.get("matchExpressions", ())
    assert all(term["operator"] == "NotIn" for term in terms)
    return wanted.items() <= labels.items() and all(labels.get(term["key"]) not in term["values"] for term in terms)
