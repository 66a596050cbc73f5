"""Evidence outlives the operator: one small ConfigMap a rollout, `<rollout>-evidence`."""

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shadow_operator.api.rollout import ShadowRollout
from shadow_operator.cluster import Cluster
from shadow_operator.core.acting import ActingBook
from shadow_operator.core.comparison import Comparisons
from shadow_operator.core.kinds import CONFIG_MAP
from shadow_operator.core.plan import metadata, object_name
from shadow_operator.fleet import Memory

_log = logging.getLogger(__name__)

_COMPARISONS = "comparisons.json"
_ACTING = "acting.json"


async def restore(cluster: Cluster, rollout: ShadowRollout, memory: Memory) -> None:
    """Bring back what was kept. What can't be read starts anew, which only costs time."""
    name = object_name(rollout, "evidence")
    found = await cluster.get(CONFIG_MAP, rollout.metadata.namespace, name)
    owners = [] if found is None else found["metadata"].get("ownerReferences", [])
    # Evidence of a deleted rollout of the same name says nothing about this one.
    is_ours = any(owner["uid"] == rollout.metadata.uid for owner in owners)
    data: dict[str, Any] = found.get("data", {}) if found is not None and is_ours else {}
    memory.comparisons, memory.acting = kept_in(data, name)


def kept_in(data: Mapping[str, str], name: str) -> tuple[Comparisons, ActingBook | None]:
    """The evidence that the ConfigMap `name` holds. Somebody may have written it by hand."""
    comparisons, acting = Comparisons(), None
    try:
        if _COMPARISONS in data:
            comparisons = Comparisons.from_json(json.loads(data[_COMPARISONS]))
        if _ACTING in data:
            acting = ActingBook.from_json(json.loads(data[_ACTING]))
    except (ValueError, KeyError, TypeError, AttributeError, LookupError, ArithmeticError) as error:
        _log.warning("ConfigMap %s can't be read, its evidence starts anew: %r", name, error)
        return Comparisons(), None
    return comparisons, acting


async def keep(cluster: Cluster, rollout: ShadowRollout, memory: Memory, now: datetime) -> None:
    """Keep the evidence as it is now."""
    if memory.comparisons is None:
        return
    data = {_COMPARISONS: json.dumps(memory.comparisons.to_json())}
    if memory.acting is not None:
        data[_ACTING] = json.dumps(memory.acting.to_json())
    body = {"metadata": metadata(rollout, object_name(rollout, "evidence")), "data": data}
    await cluster.apply(CONFIG_MAP, body)
    memory.checkpointed_at = now
