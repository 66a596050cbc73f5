"""The fleet-wide freeze: a ConfigMap in the operator's namespace that stops every advance. Rollbacks work."""

from dataclasses import dataclass

from shadow_operator.cluster import Cluster, ClusterError
from shadow_operator.core.kinds import CONFIG_MAP

FREEZE = "shadow-operator-freeze"
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Freeze:
    """Where the freeze is looked for; an operator outside of a cluster has no namespace, and nothing freezes it."""

    cluster: Cluster
    namespace: str | None

    async def why(self) -> str | None:
        """Why nothing may advance now, None while it may. A freeze that can't be read holds."""
        if self.namespace is None:
            return None
        try:
            found = await self.cluster.get(CONFIG_MAP, self.namespace, FREEZE)
        except ClusterError as error:
            return f"whether there is ConfigMap {self.namespace}/{FREEZE} can't be read: {error}"[:_LONGEST]
        if found is None:
            return None
        reason = found.get("data", {}).get("reason", "")
        return f"ConfigMap {self.namespace}/{FREEZE} is there{f', because {reason}' if reason else ''}"[:_LONGEST]
