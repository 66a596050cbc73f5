"""The registry: reads the ModelVersions of a namespace, and moves their stages as the rollouts move."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping

from pydantic import ValidationError

from shadow_operator.api.model_version import ModelStage, ModelVersion
from shadow_operator.cluster import Cluster
from shadow_operator.core.kinds import MODEL_VERSION, SHADOW_ROLLOUT
from shadow_operator.core.lifecycle import Move, Registry, moves

_log = logging.getLogger(__name__)


class Registrar:
    """The only one that moves stages; in a namespace one rollout after another, so that each sees what was moved."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def read(self, namespace: str) -> Registry:
        """Read all ModelVersions of a namespace, and which of their holders are there."""
        stored = await self._cluster.list(MODEL_VERSION, namespace, "")
        versions = [version for version in map(_valid, stored) if version is not None]
        holders = {each.status.rollout for each in versions if each.status.rollout is not None}
        found = {name: await self._cluster.get(SHADOW_ROLLOUT, namespace, name) for name in sorted(holders)}
        return Registry(versions, frozenset(name for name, rollout in found.items() if rollout is not None))

    async def move(self, namespace: str, rollout: str, wanted: Mapping[str, ModelStage], known: Registry) -> Registry:
        """Write the stages that differ, and return what is registered then.

        Raises:
            ConflictError: somebody wrote one of them in between; the rest is left for the next time.
            ClusterError: it could not be written.

        """
        if not moves(rollout, wanted, known):
            return known
        async with self._locks[namespace]:
            for move in moves(rollout, wanted, await self.read(namespace)):
                await self._write(namespace, move)
            return await self.read(namespace)

    async def release(self, namespace: str, rollout: str) -> None:
        """The rollout is gone, and what it held is free.

        Raises:
            ClusterError: it could not be written; whoever passes over a rollout of the namespace next does it then.

        """
        await self.move(namespace, rollout, {}, await self.read(namespace))

    async def _write(self, namespace: str, move: Move) -> None:
        where = move.version.metadata
        status = move.version.status.model_copy(
            update={"observed_generation": where.generation, "stage": move.stage, "rollout": move.rollout}
        )
        document = status.model_dump(by_alias=True, exclude_none=True, mode="json")
        await self._cluster.apply_status(MODEL_VERSION, namespace, where.name, document, where.resource_version)
        _log.info("%s/%s is %s, moved by %s", namespace, where.name, move.stage.value, move.rollout or "nobody")


def _valid(stored: dict[str, object]) -> ModelVersion | None:
    try:
        return ModelVersion.model_validate(stored)
    except ValidationError as error:
        _log.warning("a ModelVersion that this release can't read counts as missing: %s", error)
        return None
