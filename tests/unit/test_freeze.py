"""The fleet-wide freeze, as the operator reads it."""

import pytest

from shadow_operator.cluster import Object, UnavailableError
from shadow_operator.core.kinds import CONFIG_MAP, Kind
from shadow_operator.freeze import FREEZE, Freeze
from tests.world.memory_cluster import MemoryCluster

_PATH = f"{CONFIG_MAP.root}/namespaces/shadow-system/{CONFIG_MAP.plural}/{FREEZE}"


class Unreachable(MemoryCluster):
    """An API server that nobody reaches."""

    async def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        raise UnavailableError(f"{kind.name} {namespace}/{name}: no route to host")


async def test_nothing_is_frozen_without_the_config_map() -> None:
    assert await Freeze(MemoryCluster(), "shadow-system").why() is None


@pytest.mark.parametrize(
    ("data", "said"), [({}, "is there"), ({"reason": "the year's end"}, "is there, because the year's end")]
)
async def test_the_config_map_freezes_and_its_reason_is_told(data: dict[str, str], said: str) -> None:
    cluster = MemoryCluster()
    cluster.objects[_PATH] = {"metadata": {"name": FREEZE, "namespace": "shadow-system"}, "data": data}
    assert await Freeze(cluster, "shadow-system").why() == f"ConfigMap shadow-system/{FREEZE} {said}"


async def test_a_freeze_that_can_not_be_read_holds() -> None:
    why = await Freeze(Unreachable(), "shadow-system").why()
    assert why is not None
    assert "can't be read" in why


async def test_an_operator_outside_of_a_cluster_is_never_frozen() -> None:
    assert await Freeze(Unreachable(), None).why() is None
