"""Everything around the operator breaks, again and again, and no guarantee does. On a real API server.

`CHAOS_SEED` and `CHAOS_FAULTS` choose how, and `CHAOS_ONLY` has one fault happen and no other; the seed is printed. The
gateway and the kubelet are stand-ins: a control plane alone has neither.
"""

import os
import random
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.faults import FAULTS, KILLED, World
from tests.chaos.figures import Exporter, RealPrometheus
from tests.chaos.guarantees import Guarantees
from tests.chaos.operator_process import OperatorProcess
from tests.chaos.proxy import FaultProxy
from tests.chaos.rollouts import CHAMPION, FATES, TWIN, Fate, manifest, models
from tests.chaos.surroundings import Surroundings, removed
from tests.chaos.told import Told
from tests.control_plane.api_server import ApiServer, kubeconfig

_OPERATORS = ("operator-a", "operator-b")
_FAULTS = 12
_ROLLOUTS_A_ROUND = 4
_FAULTS_A_ROUND = 30
_ROUND_SECONDS = 400.0
_BREACH = 1_500.0


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    path, seed = kubeconfig(), int(os.environ.get("CHAOS_SEED") or time.time())
    server = ApiServer(path, f"chaos-{uuid.uuid4().hex[:8]}")
    server.install_crds()
    server.request("POST", "/api/v1/namespaces", {"metadata": {"name": server.namespace}})
    proxies, exporter = {name: FaultProxy(path, seed) for name in _OPERATORS}, Exporter(server.namespace)
    for name, proxy in proxies.items():
        proxy.start()
        proxy.write_kubeconfig(tmp_path / f"kubeconfig-{name}")
    prometheus = RealPrometheus(tmp_path, exporter.port)
    prometheus.start()
    operators = [
        OperatorProcess(name, tmp_path, tmp_path / f"kubeconfig-{name}", server.namespace) for name in _OPERATORS
    ]
    surroundings = Surroundings(path, server.namespace)
    surroundings.start()
    for each in operators:
        each.start()
    try:
        yield World(operators, proxies, prometheus, exporter, server, Guarantees(server), _dice(seed), seed)
    finally:
        surroundings.close()
        for each in operators:
            each.kill()
        prometheus.kill()
        for proxy in proxies.values():
            proxy.close()
        exporter.close()
        removed(server)


def _dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - faults, not secrets


@pytest.mark.control_plane
@pytest.mark.timeout(3600)
def test_no_guarantee_breaks_whatever_else_does(world: World, told: Told) -> None:
    wanted, happened = int(os.environ.get("CHAOS_FAULTS") or _FAULTS), Counter[str]()
    number = 0
    while happened.total() < wanted:
        number += 1
        _round(world, number, min(_FAULTS_A_ROUND, wanted - happened.total()), happened)
    told.tell("control-plane", world.seed, happened, world.guarantees)
    assert not world.guarantees.broken


def _round(world: World, number: int, faults: int, happened: Counter[str]) -> None:
    """A few rollouts at once, on their whole way; faults while they go it, and calm until they have arrived."""
    names = _begin(world, number)
    deadline = time.monotonic() + _ROUND_SECONDS
    while faults and not all(world.guarantees.has_ended(name) for name in names):
        faults -= 1
        name = os.environ.get("CHAOS_ONLY") or world.random.choice((*FAULTS, *[KILLED] * len(FAULTS)))
        fault = FAULTS[name]
        undo = fault.strike(world)
        _look_for(world, world.random.uniform(*fault.seconds))
        undo()
        happened[name] += 1
        _look_for(world, world.random.uniform(0.5, 4.0))
    while time.monotonic() < deadline and not all(world.guarantees.has_ended(name) for name in names):
        _look_for(world, 0.5)
    for name in names:
        world.guarantees.at_the_end(name)
        world.guarantees.watched.pop(name)
        world.server.request("DELETE", f"{world.server.rollouts}/{name}")


def _begin(world: World, number: int) -> list[str]:
    names = []
    for index in range(_ROLLOUTS_A_ROUND):
        name, fate = f"round-{number}-{index}", FATES[index % len(FATES)]
        world.exporter.add(name, models(fate, world.random.randrange(1 << 30)))
        world.server.apply(manifest(name, fate, world.prometheus.address), dry=False)
        world.guarantees.add(name, fate)
        names.append(name)
    return names


def _look_for(world: World, seconds: float) -> None:
    """Look at everything for so long. A challenger that is to break does as soon as it acts."""
    deadline = time.monotonic() + seconds
    while True:
        world.guarantees.look()
        for each in world.guarantees.watched.values():
            _break(world, each.name, each.fate)
        for operator in world.operators:
            operator.revive()
        if time.monotonic() >= deadline:
            return
        time.sleep(0.1)


def _break(world: World, name: str, fate: Fate) -> None:
    if fate.breaks and (world.guarantees.shares(name) or {}).get(fate.challenger):
        world.exporter.lose(name, fate.challenger, _BREACH)


@pytest.mark.control_plane
@pytest.mark.timeout(300)
def test_the_guarantees_can_be_seen_to_break(world: World) -> None:
    """A check that can't fail is none: whoever writes what no operator would is found out."""
    for operator in world.operators:
        operator.kill()
    world.server.apply(manifest("wrong", FATES[0], world.prometheus.address), dry=False)
    champion = {"name": CHAMPION, "image": "models/steady:1", "since": "2030-01-07T00:00:00Z"}
    status = {
        "apiVersion": "shadowrollouts.io/v1alpha1",
        "kind": "ShadowRollout",
        "metadata": {"name": "wrong"},
        "status": {"champion": champion},
    }
    _write(world, f"{world.server.rollouts}/wrong/status", status)
    world.guarantees.add("wrong", FATES[0])
    for shares in ({CHAMPION: 50, TWIN: 50}, {FATES[0].challenger: 10, CHAMPION: 90}):
        _route(world, shares)
        world.guarantees.look()
    assert world.guarantees.broken == [
        "wrong: the route gives {'steady': 50, 'twin': 50}",
        "wrong: {'better': 10, 'steady': 90} while the status knows of 0 %",
    ]


def _route(world: World, shares: Mapping[str, int]) -> None:
    targets = [{"name": f"wrong-{model}", "port": 8080, "weight": share} for model, share in shares.items()]
    route = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "wrong"},
        "spec": {"rules": [{"backendRefs": targets}]},
    }
    _write(world, f"/apis/gateway.networking.k8s.io/v1/namespaces/{world.server.namespace}/httproutes/wrong", route)


def _write(world: World, path: str, body: dict[str, Any]) -> None:
    world.server.request("PATCH", path, body, fieldManager="somebody", force="true")
