"""What one pass sees of the world when parts of it can't be seen."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from shadow_operator.core.comparison import Comparisons
from shadow_operator.core.observed import Observed
from shadow_operator.fleet import Memory
from shadow_operator.freeze import Freeze
from shadow_operator.metrics import MetricsError, Sample, Track
from shadow_operator.observe import Ports, observe, workload_of
from shadow_operator.traffic.gateway_api import GatewayAPIRouter
from tests.world.figures import minute
from tests.world.journeys import CHAMPION, FIRST, SECOND, in_shadow
from tests.world.memory_cluster import MemoryCluster
from tests.world.rollouts import rollout_of

_LABELLED = re.compile(r'"shadow_model", "([^"]+)".*?"shadow_figure", "([^"]+)"')
_LATER = timedelta(seconds=30)


class Series:
    """A metric source in memory: each model in `alive` earns something every minute."""

    def __init__(self, alive: Sequence[str]) -> None:
        self.alive = alive
        self.asked: list[str] = []

    async def instant(self, query: str, at: datetime | None = None) -> Sequence[Sample]:
        """Every gate's query has the moment of the time grid for an answer."""
        if not self.alive:
            raise MetricsError("Prometheus is down")
        self.asked.append(query)
        value = 0.0 if at is None else (at - minute(0)).total_seconds()
        return [
            Sample({"shadow_model": model, "shadow_figure": figure}, value)
            for model, figure in _LABELLED.findall(query)
            if model in self.alive
        ]

    async def range(self, query: str, start: datetime, end: datetime, step: timedelta) -> Sequence[Track]:
        if not self.alive:
            raise MetricsError("Prometheus is down")
        moments = [start + number * step for number in range(int((end - start) / step) + 1)]
        return [
            Track({"shadow_model": model, "shadow_figure": figure}, [self._point(figure, each) for each in moments])
            for model, figure in _LABELLED.findall(query)
            if model in self.alive
        ]

    @staticmethod
    def _point(figure: str, moment: datetime) -> tuple[float, float]:
        at = moment.timestamp()
        return at, at if figure == "sampled_at" else (moment - minute(0)).total_seconds()


async def seen(alive: Sequence[str], then: Sequence[str] | None = None) -> Observed:
    """Two passes, two minutes apart; in the second one `then` is alive."""
    cluster, memory = MemoryCluster(), Memory(comparisons=Comparisons())
    rollout = rollout_of(status=in_shadow().status)
    for number, models in ((1, alive), (3, alive if then is None else then)):
        ports = Ports(cluster, GatewayAPIRouter(cluster), Series(models), Freeze(cluster, None))
        observed = await observe(ports, rollout, memory, minute(number) + _LATER)
    return observed


async def test_a_gate_that_measures_is_asked_once_for_each_moment_of_the_grid() -> None:
    cluster, memory, source = MemoryCluster(), Memory(comparisons=Comparisons()), Series([CHAMPION, FIRST])
    gates = [{"name": "mean", "test": "PairedMean"}, {"name": "restarts", "test": "Restarts"}]
    rollout = rollout_of({"spec.gates": gates}, in_shadow().status)
    ports = Ports(cluster, GatewayAPIRouter(cluster), source, Freeze(cluster, None))
    for seconds in (90, 95, 150):
        observed = await observe(ports, rollout, memory, minute(0) + timedelta(seconds=seconds))
    assert len(source.asked) == 2
    assert observed.evidence[FIRST].measured["restarts"].own["restarts"][0].value == 120.0
    assert observed.evidence[SECOND].measured["restarts"].own["restarts"] == ()


async def test_two_passes_make_pairs() -> None:
    observed = await seen([CHAMPION, FIRST, SECOND])
    assert observed.metrics.available
    assert observed.evidence[FIRST].mean.samples == 2
    assert observed.evidence[FIRST].blind is None


async def test_without_an_answer_everybody_is_blind_and_keeps_the_evidence() -> None:
    observed = await seen([CHAMPION, FIRST, SECOND], then=[])
    assert not observed.metrics.available
    assert observed.metrics.message == "Prometheus is down"
    assert {each.blind for each in observed.evidence.values()} == {"Prometheus is down"}


async def test_a_blind_champion_blinds_everybody() -> None:
    observed = await seen([FIRST, SECOND])
    assert {each.blind for each in observed.evidence.values()} == {f"there is no series profit of {CHAMPION}"}


async def test_a_challenger_without_figures_blinds_itself_and_no_other() -> None:
    observed = await seen([CHAMPION, FIRST])
    assert not observed.metrics.available
    assert observed.evidence[SECOND].blind == f"there is no series profit of {SECOND}"
    assert observed.evidence[FIRST].blind is None


async def test_series_that_all_ended_blind_everybody_although_prometheus_answers() -> None:
    observed = await seen([CHAMPION, FIRST, SECOND], then=["nobody"])
    assert not observed.metrics.available
    assert [each.blind for each in observed.evidence.values()] == [
        f"there is no series profit of {name}" for name in (FIRST, SECOND)
    ]


async def test_series_that_never_were_are_named() -> None:
    observed = await seen(["nobody"])
    assert f"there is no series profit of {FIRST}" in observed.metrics.message


def deployment(**status: object) -> dict[str, object]:
    spec = {"replicas": 2, "template": {"spec": {}}}
    return {"metadata": {"generation": 2}, "spec": spec, "status": {"observedGeneration": 2} | status}


@pytest.mark.parametrize(
    ("found", "ready", "message"),
    [
        pytest.param(deployment(readyReplicas=2, updatedReplicas=2), True, "", id="all there"),
        pytest.param(deployment(readyReplicas=2, updatedReplicas=1), False, "1 of 2 pods are ready", id="old ones"),
        pytest.param(deployment(readyReplicas=1, updatedReplicas=2), False, "1 of 2 pods are ready", id="not ready"),
        pytest.param(
            deployment(replicas=3, readyReplicas=2, updatedReplicas=1),
            False,
            "0 of 2 pods are ready",
            id="one of the new and two of the old",
        ),
        pytest.param(
            {
                "metadata": {"generation": 2},
                "spec": {"replicas": 1, "template": {"spec": {}}},
                "status": {"observedGeneration": 2, "replicas": 2, "readyReplicas": 1, "updatedReplicas": 1},
            },
            False,
            "0 of 1 pods are ready",
            id="a new one that never starts beside an old one that serves",
        ),
        pytest.param(deployment(), False, "0 of 2 pods are ready", id="none"),
        pytest.param(
            deployment(observedGeneration=1, readyReplicas=2, updatedReplicas=2),
            False,
            "the Deployment was just changed",
            id="of the generation before",
        ),
        pytest.param(
            deployment(conditions=[{"type": "ReplicaFailure", "status": "True", "message": "quota exceeded"}]),
            False,
            "0 of 2 pods are ready; quota exceeded",
            id="with the reason",
        ),
    ],
)
def test_pods_are_ready_when_all_are_updated_and_ready(found: dict[str, object], *, ready: bool, message: str) -> None:
    workload = workload_of(found)
    assert (workload.ready, workload.message) == (ready, message)
