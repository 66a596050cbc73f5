"""Reading the world for one pass: pods, route, metrics. Whatever can't be read is unknown, not an error."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shadow_operator.api.rollout import ShadowRollout
from shadow_operator.cluster import Cluster, Object
from shadow_operator.core import gates, measurement, roles
from shadow_operator.core.command import command_of
from shadow_operator.core.comparison import Comparisons, aligned_end
from shadow_operator.core.contract import queries
from shadow_operator.core.dataset_check import present_check
from shadow_operator.core.evidence import Evidence, Point
from shadow_operator.core.guardrails import JUDGEMENT_LASTS, Judgement
from shadow_operator.core.kinds import DEPLOYMENT
from shadow_operator.core.observed import MetricsHealth, Observed, Workload
from shadow_operator.core.plan import MODEL_LABEL, ROLLOUT_LABEL
from shadow_operator.core.readings import Reading, on_grid
from shadow_operator.fleet import Memory
from shadow_operator.freeze import Freeze
from shadow_operator.metrics import MetricsError, MetricSource
from shadow_operator.metrics.history import history
from shadow_operator.pods import datasets
from shadow_operator.traffic import Router

# Between a scrape and the moment at which its samples can be queried.
_INGESTION_LAG = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything outside of the program."""

    cluster: Cluster
    router: Router
    source: MetricSource
    freeze: Freeze


async def observe(ports: Ports, rollout: ShadowRollout, memory: Memory, now: datetime) -> Observed:
    """Read everything that a decision needs."""
    comparisons = memory.comparisons or Comparisons()
    # A rollback waits for nothing: what it still needs is the status and the policy, not another look at the evidence.
    is_urgent = memory.rollback is not None or memory.stop is not None
    failed = None if is_urgent else await _compare(ports.source, rollout, comparisons, now)
    evidence = comparisons.evidence()
    if failed is not None:
        evidence = _blinded(evidence, failed)
    if not is_urgent:
        evidence = await _measured(ports.source, rollout, memory, evidence, comparisons.last_at)
    checks = await datasets(ports.cluster, rollout)
    evidence = {name: replace(known, dataset=checks.get(name)) for name, known in evidence.items()}
    route = await ports.router.observed(rollout)
    if memory.rollback is not None and memory.rollback.zero_at is not None:
        route = replace(route, rollback=memory.rollback)
    return Observed(
        route=route,
        workloads=await _workloads(ports.cluster, rollout),
        evidence=evidence,
        metrics=_health(rollout.spec.metrics.prometheus.address, evidence, failed),
        judgement=_still_true(memory.judgement, now),
        command=command_of(rollout.metadata.annotations),
        frozen=await ports.freeze.why(),
        stop=memory.stop,
        datasets=checks,
    )


def _still_true(judgement: Judgement | None, now: datetime) -> Judgement | None:
    """The guard's judgement, unless the guard has seen nothing since: an old one lets nothing advance."""
    if judgement is None or now - judgement.signals.read_at > JUDGEMENT_LASTS:
        return None
    return judgement


async def _compare(source: MetricSource, rollout: ShadowRollout, comparisons: Comparisons, now: datetime) -> str | None:
    """Read the part of the time grid that is new and complete, and compare. Returns why it could not be read."""
    spec, status = rollout.spec, rollout.status
    comparisons.pairs(spec, status)
    step = spec.metrics.interval.timedelta
    end = aligned_end(now, step, spec.metrics.scrape_interval.timedelta + _INGESTION_LAG)
    start = end if comparisons.last_at is None else comparisons.last_at + step
    try:
        comparisons.advance(spec, status, await _read(source, rollout, start, end))
    except MetricsError as error:
        return str(error)[:1024]
    return None


async def _measured(
    source: MetricSource,
    rollout: ShadowRollout,
    memory: Memory,
    evidence: Mapping[str, Evidence],
    at: datetime | None,
) -> Mapping[str, Evidence]:
    """The evidence with the answers to the gates' own queries, asked once for each moment of the time grid."""
    if at is None:
        return evidence
    challengers = sorted(evidence.keys() & {one.name for one in roles.unfinished(rollout.status)})
    asks = measurement.asks(rollout, challengers)
    if memory.measurement is None or (memory.measurement.at, memory.measurement.asks) != (at, asks):
        batches = measurement.batches(asks)
        answers = await asyncio.gather(*(_answer(source, batch, at) for batch in batches))
        memory.measurement = measurement.Measurement(at, asks, tuple(answers))
    return measurement.added(rollout, evidence, memory.measurement)


async def _answer(source: MetricSource, batch: measurement.Batch, at: datetime) -> measurement.Answer:
    try:
        samples = await source.instant(batch.query, at)
    except MetricsError as error:
        return measurement.Answer(batch.asks, (), str(error)[:1024])
    return measurement.Answer(batch.asks, tuple(Point(sample.labels, sample.value) for sample in samples))


def _health(address: str, evidence: Mapping[str, Evidence], failed: str | None) -> MetricsHealth:
    if not evidence and failed is None:
        return MetricsHealth(available=False, message="there is nothing to compare yet")
    blind = [failed] if failed else sorted({each.blind for each in evidence.values() if each.blind})
    if blind:
        return MetricsHealth(available=False, message="; ".join(blind)[:1024])
    return MetricsHealth(available=True, message=f"every query to {address} was answered")


async def _read(source: MetricSource, rollout: ShadowRollout, start: datetime, end: datetime) -> list[Reading]:
    if start > end:
        return []
    models = {roles.champion_of(rollout.spec, rollout.status)}
    models |= {challenger.name for challenger in roles.unfinished(rollout.status)}
    if rollout.spec.benchmark is not None:
        models.add(rollout.spec.benchmark.name)
    key = rollout.metadata
    step = rollout.spec.metrics.interval.timedelta
    more = {figure for gate in rollout.spec.gates if (figure := gates.figure_needed(gate)) is not None}
    asked = queries(rollout.spec.metrics.queries, key.namespace, key.name, sorted(models), sorted(more))
    found = await history(source, asked, start, end, step)
    return on_grid(found, start, end, step)


def _blinded(evidence: Mapping[str, Evidence], why: str) -> Mapping[str, Evidence]:
    return {name: replace(known, blind=known.blind or why) for name, known in evidence.items()}


async def _workloads(cluster: Cluster, rollout: ShadowRollout) -> Mapping[str, Workload]:
    selector = f"{ROLLOUT_LABEL}={rollout.metadata.name}"
    found = await cluster.list(DEPLOYMENT, rollout.metadata.namespace, selector)
    return {each["metadata"]["labels"][MODEL_LABEL]: workload_of(each) for each in found}


def workload_of(deployment: Object) -> Workload:
    """Whether every pod that the Deployment asks for is there, available, and of the newest template.

    While pods are replaced the old ones are still ready: they answer in the new model's name and are not it.
    """
    return replace(_readiness(deployment), check=present_check(deployment["spec"]["template"]["spec"]))


def _readiness(deployment: Object) -> Workload:
    wanted, status = deployment["spec"].get("replicas", 1), deployment.get("status", {})
    if status.get("observedGeneration", 0) < deployment["metadata"].get("generation", 0):
        return Workload(ready=False, message="the Deployment was just changed")
    updated = status.get("updatedReplicas", 0)
    old = max(status.get("replicas", 0) - updated, 0)
    ready = min(status.get("readyReplicas", 0) - old, updated)
    if ready >= wanted and old == 0:
        return Workload(ready=True)
    troubles = [
        condition["message"]
        for condition in status.get("conditions", [])
        if condition["type"] == "ReplicaFailure"
        or (condition["type"] == "Progressing" and condition["status"] == "False")
    ]
    return Workload(ready=False, message="; ".join([f"{max(ready, 0)} of {wanted} pods are ready", *troubles]))
