"""What a new leader does first: it lets the guard look at every challenger that acts, ahead of all passes."""

import asyncio
import logging
import time
from collections.abc import Sequence

from pydantic import ValidationError

from shadow_operator.api.status import Status
from shadow_operator.cluster import Cluster, ClusterError, Object
from shadow_operator.core import roles
from shadow_operator.core.kinds import SHADOW_ROLLOUT
from shadow_operator.fleet import Key
from shadow_operator.guard import Guard
from shadow_operator.reconcile import Reconciler

_log = logging.getLogger(__name__)

_AT_ONCE = 16


async def take_over(cluster: Cluster, reconciler: Reconciler, guard: Guard, namespaces: Sequence[str]) -> None:
    """Read which challengers act, and have the guard look at each as soon as it can.

    Nothing of it is read before this process leads: what a standby knew might be old. What can't be read now is left to
    the first passes.
    """
    begun = time.monotonic()
    found = [each for namespace in namespaces or (None,) for each in await _listed(cluster, namespace)]
    acting = [each for each in found if _is_under_guard(each)]
    turns = asyncio.Semaphore(_AT_ONCE)
    await asyncio.gather(*(_guard_first(each, reconciler, guard, turns) for each in acting))
    _log.info(
        "%d of %d rollouts have a model under guard; it looked at them after %.2f s",
        len(acting),
        len(found),
        time.monotonic() - begun,
    )


async def _listed(cluster: Cluster, namespace: str | None) -> list[Object]:
    try:
        return await cluster.list(SHADOW_ROLLOUT, namespace, "")
    except ClusterError as error:
        _log.warning("the guard waits for the first passes: %s", error)
        return []


def _is_under_guard(found: Object) -> bool:
    if "deletionTimestamp" in found["metadata"]:
        return False
    try:
        return roles.under_guard(Status.model_validate(found.get("status", {}))) is not None
    except ValidationError:
        return False


async def _guard_first(found: Object, reconciler: Reconciler, guard: Guard, turns: asyncio.Semaphore) -> None:
    key = Key(found["metadata"]["namespace"], found["metadata"]["name"])
    async with turns:
        try:
            await reconciler.remember(found)
        except (ClusterError, ValidationError) as error:
            _log.warning("%s: the guard waits for its first pass: %s", key, error)
        else:
            guard.begin(key)
