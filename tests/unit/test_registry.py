"""The registry's writing: one rollout after another, and never over what somebody else wrote."""

import asyncio

import pytest

from shadow_operator.api.model_version import ModelStage
from shadow_operator.cluster import ConflictError, Object
from shadow_operator.core.kinds import MODEL_VERSION, Kind
from shadow_operator.registry import Registrar
from tests.world.manifests import valid_manifest
from tests.world.memory_cluster import MemoryCluster
from tests.world.model_versions import model_version

_MODELS = "/apis/shadowrollouts.io/v1alpha1/namespaces/default/modelversions"
_ROLLOUTS = "/apis/shadowrollouts.io/v1alpha1/namespaces/default/shadowrollouts"


async def stocked(cluster: MemoryCluster, *names: str) -> MemoryCluster:
    """A namespace with two rollouts, and with these models of one strategy."""
    for name in ("one", "two"):
        cluster.objects[f"{_ROLLOUTS}/{name}"] = valid_manifest() | {"metadata": {"name": name}}
    for name in names:
        body = model_version(name)
        body["metadata"]["namespace"] = "default"
        await cluster.create(MODEL_VERSION, "default", body)
    return cluster


def stage(cluster: MemoryCluster, name: str) -> tuple[str | None, str | None]:
    status = cluster.objects[f"{_MODELS}/{name}"].get("status", {})
    return status.get("stage"), status.get("rollout")


async def test_of_two_rollouts_at_once_one_gets_the_strategys_production() -> None:
    cluster = await stocked(MemoryCluster(), "a", "b")
    registrar = Registrar(cluster)
    known = await registrar.read("default")
    await asyncio.gather(
        registrar.move("default", "one", {"a": ModelStage.PRODUCTION}, known),
        registrar.move("default", "two", {"b": ModelStage.PRODUCTION}, known),
    )
    assert [stage(cluster, "a"), stage(cluster, "b")] == [("Production", "one"), (None, None)]


async def test_what_stands_where_it_should_is_neither_read_again_nor_written() -> None:
    cluster = await stocked(MemoryCluster(), "a")
    registrar = Registrar(cluster)
    known = await registrar.move("default", "one", {"a": ModelStage.SHADOW}, await registrar.read("default"))
    cluster.writes_left = 0
    assert await registrar.move("default", "one", {"a": ModelStage.SHADOW}, known) is known


class Contested(MemoryCluster):
    """Somebody writes each ModelVersion right after it was read."""

    async def list(self, kind: Kind, namespace: str | None, selector: str) -> list[Object]:
        found = await super().list(kind, namespace, selector)
        for each in found:
            await self.apply(kind, {"metadata": {"name": each["metadata"]["name"], "namespace": namespace}})
        return found


async def test_nothing_is_written_over_what_was_written_in_between() -> None:
    cluster = await stocked(Contested(), "a")
    registrar = Registrar(cluster)
    with pytest.raises(ConflictError):
        await registrar.move("default", "one", {"a": ModelStage.CANARY}, await registrar.read("default"))
    assert stage(cluster, "a") == (None, None)


async def test_a_model_that_can_not_be_read_hides_no_other() -> None:
    cluster = await stocked(MemoryCluster(), "a")
    cluster.objects[f"{_MODELS}/b"] = {"metadata": {"name": "b"}, "spec": {"colour": "red"}}
    assert set((await Registrar(cluster).read("default")).by_name) == {"a"}


async def test_a_rollout_that_goes_lets_go_of_what_it_held() -> None:
    cluster = await stocked(MemoryCluster(), "a")
    registrar = Registrar(cluster)
    await registrar.move("default", "one", {"a": ModelStage.PRODUCTION}, await registrar.read("default"))
    await registrar.release("default", "one")
    assert stage(cluster, "a") == ("Retired", None)
