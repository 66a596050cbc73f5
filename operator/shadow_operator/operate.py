"""The life of one process: it stands by, leads, looks after every rollout, and hands over."""

import asyncio
import logging
import os
import signal
import socket
import uuid
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from shadow_operator import telemetry
from shadow_operator.access import Access
from shadow_operator.alerts import Alerts, lead_here, webhook
from shadow_operator.cluster import Cluster, RightToWrite
from shadow_operator.core.lease import Terms
from shadow_operator.door import Door, opened
from shadow_operator.exposition import exposition
from shadow_operator.fleet import Fleet
from shadow_operator.guard import Guard, Sight
from shadow_operator.handlers import Loops, registry_for, watch, why_unwell
from shadow_operator.leader import Candidate, Leadership, Place
from shadow_operator.probe import Wellbeing, answered
from shadow_operator.reconcile import Reconciler
from shadow_operator.renewal import Pulse, Renewal
from shadow_operator.settings import Settings
from shadow_operator.sources import Sources
from shadow_operator.take_over import take_over
from shadow_operator.traffic.gateway_api import GatewayAPIRouter

_log = logging.getLogger(__name__)

# How long writes that are under way may take to end, and the Lease to be given back, once somebody says to stop.
_RESIGN_SECONDS = 1.0
_LOST = 3


def _utc_now() -> datetime:
    return datetime.now(UTC)


async def operate(settings: Settings) -> None:
    """Stand by until this process leads, then look after every rollout, until a signal says to stop."""
    stop = asyncio.Event()
    _stop_on_signals(stop)
    well = Wellbeing()
    async with answered(settings.probe_port, well.why_not), _exposed(settings):
        if settings.pod_namespace is None:
            # Nothing elects a leader outside of a cluster: whoever starts one operator there starts no second one.
            telemetry.LEADING.set(1)
            await _first_to_end(look_after(settings, None, well, stop), stop.wait())
        else:
            await _in_turn(settings, settings.pod_namespace, well, stop)


@asynccontextmanager
async def _exposed(settings: Settings) -> AsyncIterator[None]:
    """Show the operator's own metrics, also while this process stands by."""
    door = Door.at(settings.metrics_port, settings.metrics_tls)
    if not settings.metrics_secure:
        async with opened(exposition(None), door):
            yield
        return
    # Reviews are asked by those that stand by as well, and change nothing: they need no right to write.
    async with (
        await Cluster.connect(settings.request_seconds, settings.kubeconfig) as cluster,
        opened(exposition(Access(cluster)), door),
    ):
        yield


async def _in_turn(settings: Settings, namespace: str, well: Wellbeing, stop: asyncio.Event) -> None:
    leadership, terms = Leadership(), Terms(settings.lease_seconds)
    identity = settings.pod_name or f"{socket.gethostname()}-{uuid.uuid4().hex[:8]}"
    place = Place(namespace, settings.lease_name, identity)
    # A connection of its own: whoever wants the Lease waits behind no other request, and long for none.
    async with await Cluster.connect(terms.deadline / 2, settings.kubeconfig) as cluster:
        candidate = Candidate(cluster, leadership, place, terms)
        await _first_to_end(candidate.elected(), stop.wait())
        if stop.is_set():
            await candidate.resign(_RESIGN_SECONDS)
            return
        # Not before: who stands by for hours has no pulse.
        pulse = Pulse()

        async def keep() -> None:
            async with await Cluster.connect(terms.deadline / 2, settings.kubeconfig) as aside:
                await Candidate(aside, leadership, place, terms).keep(pulse.seconds_missed)

        beating = asyncio.create_task(pulse.beat(), name="pulse")
        renewal = Renewal(keep, _end)
        renewal.start()
        working = asyncio.create_task(look_after(settings, leadership, well, stop), name="operator")
        stopping = asyncio.create_task(stop.wait(), name="until a signal says to stop")
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            await renewal.stop()
            # Writes end first, then the Lease goes, then all the rest: whoever leads next need not wait for that.
            await candidate.resign(_RESIGN_SECONDS)
            await _ended(working)
            await _ended(beating)
    if not working.cancelled():
        working.result()


def _end(error: Exception) -> None:
    """End without stopping in order: whatever is in memory is stale, and the kubelet starts one that knows nothing."""
    _log.critical("%s; this process ends at once, and begins anew", error)
    logging.shutdown()
    os._exit(_LOST)


async def look_after(
    settings: Settings, right_to_write: RightToWrite | None, well: Wellbeing, stop: asyncio.Event
) -> None:
    """Look after every rollout until cancelled, or until the guard or kopf ends, which they should not."""
    fleet = Fleet()
    async with await Cluster.connect(settings.request_seconds, settings.kubeconfig, right_to_write) as cluster:
        # The guard has connections of its own: evaluations that queue up for a slow Prometheus don't make it wait.
        sources, together, alone, vitals = (
            Sources(cluster, settings.query_seconds, settings.prometheus_allowed) for _ in range(4)
        )
        router = GatewayAPIRouter(cluster)
        reconciler = Reconciler(
            cluster,
            router,
            sources.of,
            fleet,
            _utc_now,
            settings,
        )
        guard = Guard(
            fleet,
            cluster,
            router,
            Sight(together.of, alone.of, vitals.of),
            _utc_now,
            timedelta(seconds=settings.guard_seconds),
        )
        loops = Loops(reconciler, fleet)
        # By the connections of everybody else: they are open already, where others would have to be opened first.
        alerts = Alerts(guard, Access(cluster))

        async def watching() -> None:
            await take_over(cluster, reconciler, guard, settings.namespaces)
            well.leads(lambda: why_unwell(loops, max(len(settings.namespaces), 1)))
            await _watch(settings, loops, guard, fleet, stop)

        try:
            async with _hearing(alerts, cluster, settings):
                await _first_to_end(guard.run(), watching())
        finally:
            for each in (sources, together, alone, vitals):
                each.close()


@asynccontextmanager
async def _hearing(alerts: Alerts, cluster: Cluster, settings: Settings) -> AsyncIterator[None]:
    """Hear alerts, where the settings say so."""
    if not settings.alerts_port:
        yield
        return
    door = Door.at(settings.alerts_port, settings.alerts_tls)
    leading = None
    async with opened(webhook(alerts), door):
        if settings.alerts_service and settings.pod_namespace and settings.pod_ip:
            where = (settings.pod_namespace, settings.alerts_service, settings.pod_ip, settings.alerts_port)
            leading = asyncio.create_task(lead_here(cluster, *where), name="the Service of the alerts")
        try:
            yield
        finally:
            if leading is not None:
                await _ended(leading)


async def _watch(settings: Settings, loops: Loops, guard: Guard, fleet: Fleet, stop: asyncio.Event) -> None:
    ready = asyncio.Event()
    # kopf takes the signals, and lets a pass go on for seconds while another process could lead. They are taken back.
    again = asyncio.create_task(_stop_on_signals_after(ready, stop))
    try:
        await watch(registry_for(loops, guard, fleet), settings.namespaces, ready)
    finally:
        again.cancel()


async def _stop_on_signals_after(ready: asyncio.Event, stop: asyncio.Event) -> None:
    await ready.wait()
    _stop_on_signals(stop)


def _stop_on_signals(stop: asyncio.Event) -> None:
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _first_to_end(*each: Coroutine[Any, Any, object]) -> None:
    tasks = [asyncio.create_task(one) for one in each]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
