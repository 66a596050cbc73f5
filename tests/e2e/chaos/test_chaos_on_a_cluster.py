"""Everything around the operator breaks on a real cluster, under load: no guarantee does, and no request fails.

`CHAOS_SEED` and `CHAOS_CLUSTER_FAULTS` choose how; the seed is printed.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.rollback import certificate
from bench.rollback.killer import Killer
from bench.rollback.lanes import Lanes, Seen
from bench.rollback.ours import ShadowRollouts
from bench.rollback.pieces import MANIFESTS, NAMESPACE, Pieces
from examples.demo.player.api_server import api_server
from examples.demo.player.installation import Installation
from examples.demo.player.options import read_options
from examples.demo.player.tools import Tools
from tests.chaos.guarantees import Guarantees
from tests.chaos.rollouts import CHAMPION, FATES, TWIN, manifest
from tests.chaos.told import Told
from tests.control_plane.api_server import ApiServer
from tests.e2e.chaos.faults import FAULTS, KILLED, OF_LONG_RUNS, Cluster, Fault

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(3600)]

_FAULTS, _FAULTS_A_ROUND, _ROLLOUTS_A_ROUND = 8, 15, 4
_ROUND_SECONDS = 400.0
_RATE = 25.0
_PODS = 2
_PROMETHEUS = "http://prometheus.bench:9090"


@dataclass(frozen=True, slots=True)
class Happened:
    """A fault, and when: Unix seconds."""

    at: float
    fault: str


@pytest.fixture
def seed() -> int:
    return int(os.environ.get("CHAOS_SEED") or time.time())


@pytest.fixture
def world(kubeconfig: Path, tools: Path, images: list[str], seed: int) -> Iterator[tuple[Cluster, Pieces, Lanes]]:
    """The cluster with the bench's pieces and the operator; its gateway asks another pod when one dies."""
    options = read_options(["--tools", str(tools), "--kubeconfig", str(kubeconfig), "--images", *images])
    programs = Tools(tools, kubeconfig)
    with api_server(programs) as api:
        pieces, lanes = Pieces(programs, api, options.images), Lanes(api, ())
        killer = Killer(programs, pieces)
        ours = ShadowRollouts(programs, api, pieces, Installation(programs, api, options), lanes)
        shown = certificate.bring_up(programs)
        ours.install(1.0)
        pieces.bring_up(shown)
        pieces.apply((Path(__file__).parent / "gateway.yaml").read_text())
        killer.bring_up()
        server = ApiServer(str(kubeconfig), NAMESPACE)
        dice = random.Random(seed)  # noqa: S311 - faults, not secrets
        try:
            yield Cluster(programs, ours, killer, server, Guarantees(server), dice), pieces, lanes
        finally:
            killer.remove()
            pieces.remove()


def test_no_guarantee_breaks_and_no_request_fails_whatever_else_does(
    world: tuple[Cluster, Pieces, Lanes], seed: int, told: Told
) -> None:
    cluster, pieces, lanes = world
    wanted, happened = int(os.environ.get("CHAOS_CLUSTER_FAULTS") or _FAULTS), list[Happened]()
    chosen = FAULTS if wanted <= _FAULTS else {**FAULTS, **OF_LONG_RUNS}
    number = 0
    while len(happened) < wanted:
        number += 1
        names = _begin(cluster, pieces, lanes, number)
        _break_things(cluster, lanes, names, _some(cluster, chosen, wanted - len(happened)), happened)
        _end(cluster, names)
    seen = lanes.seen()
    sent, failed = sum(each.sent for each in seen.values()), sum(each.failed for each in seen.values())
    guarantees = cluster.guarantees
    lost = f"{failed} of {sent} requests failed: {_failures(seen)}, after {_spoken(happened)}"
    guarantees.holds("no request fails", lost, holds=failed == 0)
    meant = sum(each.fault == KILLED for each in happened)
    guarantees.holds("leaders die", f"none of {meant} leaders was killed", holds=bool(cluster.killed) or not meant)
    guarantees.holds("there is load", f"only {sent} requests were sent", holds=sent > 100 * wanted)
    told.tell("cluster", seed, Counter(each.fault for each in happened), guarantees)
    assert not guarantees.broken


def _begin(cluster: Cluster, pieces: Pieces, lanes: Lanes, number: int) -> list[str]:
    names = [f"round-{number}-{index}" for index in range(_ROLLOUTS_A_ROUND)]
    for index, name in enumerate(names):
        fate = FATES[index % len(FATES)]
        lanes.race([name], fate.challenger, CHAMPION, TWIN)
        pieces.apply(yaml.safe_dump(_on_real_pods(manifest(name, fate, _PROMETHEUS), name)))
        cluster.guarantees.add(name, fate)
    cluster.ours.wait("in shadow", names, lambda it: it["status"].get("phase") != "Pending")
    lanes.ask(names, _RATE)
    return names


def _on_real_pods(said: dict[str, Any], name: str) -> dict[str, Any]:
    """The rollout of the chaos suite, with models that answer and a host name."""
    bench: dict[str, Any] = yaml.safe_load((MANIFESTS / "rollout.yaml").read_text())
    image = bench["spec"]["champion"]["image"]
    spec = said["spec"]
    for model in (spec["champion"], *spec["challengers"]):
        model["image"] = image
    spec["workload"] = bench["spec"]["workload"] | {"replicas": _PODS}
    spec["traffic"]["gatewayAPI"]["hostnames"] = [f"{name}.bench.internal"]
    return said | {"metadata": {"name": name, "namespace": NAMESPACE}}


def _some(cluster: Cluster, chosen: Mapping[str, Fault], most: int) -> list[tuple[str, Fault]]:
    return [cluster.random.choice(sorted(chosen.items())) for _ in range(min(_FAULTS_A_ROUND, most))]


def _break_things(
    cluster: Cluster, lanes: Lanes, names: list[str], faults: list[tuple[str, Fault]], happened: list[Happened]
) -> None:
    deadline = time.monotonic() + _ROUND_SECONDS
    for name, fault in faults:
        if _all_ended(cluster, names):
            break
        happened.append(Happened(time.time(), name))
        fault(cluster)
        _look_for(cluster, lanes, cluster.random.uniform(2.0, 10.0))
    while time.monotonic() < deadline and not _all_ended(cluster, names):
        _look_for(cluster, lanes, 1.0)


def _all_ended(cluster: Cluster, names: list[str]) -> bool:
    return all(cluster.guarantees.has_ended(name) for name in names)


def _look_for(cluster: Cluster, lanes: Lanes, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        cluster.guarantees.look()
        for each in cluster.guarantees.watched.values():
            if each.fate.breaks and (cluster.guarantees.shares(each.name) or {}).get(each.fate.challenger):
                lanes.break_challengers([each.name])
        if time.monotonic() >= deadline:
            return
        time.sleep(0.2)


def _end(cluster: Cluster, names: list[str]) -> None:
    for name in names:
        cluster.guarantees.at_the_end(name)
        cluster.guarantees.watched.pop(name)


def _failures(seen: Mapping[str, Seen]) -> list[str]:
    return [f"{name} {failure}" for name, each in seen.items() for failure in each.failures][:10]


def _spoken(happened: Sequence[Happened]) -> str:
    return ", ".join(f"{each.at:.3f} {each.fault}" for each in happened)
