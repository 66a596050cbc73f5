"""The entry point, `shadow-operator`."""

import argparse
import asyncio
import logging
import sys
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import kopf
from prometheus_client import start_http_server

from shadow_operator.cli import fingerprint, models, replay
from shadow_operator.cluster import Cluster
from shadow_operator.fleet import Fleet
from shadow_operator.guard import Guard, Sight
from shadow_operator.handlers import Loops, registry_for
from shadow_operator.reconcile import Reconciler
from shadow_operator.settings import Settings
from shadow_operator.sources import Sources
from shadow_operator.traffic.gateway_api import GatewayAPIRouter

_log = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


async def operate(settings: Settings) -> None:
    """Look after every rollout until kopf is told to stop by a signal, or the guard ends, which it should not."""
    # The guard has connections of its own: evaluations that queue up for a slow Prometheus don't make it wait.
    sources, together, alone = (Sources(settings.query_seconds) for _ in range(3))
    fleet = Fleet()
    async with await Cluster.connect(settings.request_seconds, settings.kubeconfig) as cluster:
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
            Sight(together.of, alone.of),
            _utc_now,
            timedelta(seconds=settings.guard_seconds),
        )
        registry = registry_for(Loops(reconciler, fleet), guard, fleet, watchers=max(len(settings.namespaces), 1))
        # No stop flag: kopf waits five seconds for whatever waits for one.
        watching = kopf.operator(
            registry=registry,
            clusterwide=not settings.namespaces,
            namespaces=settings.namespaces,
            standalone=True,
            liveness_endpoint=f"http://0.0.0.0:{settings.probe_port}/healthz",
        )
        try:
            await _first_to_end(guard.run(), watching)
        finally:
            for each in (sources, together, alone):
                each.close()


async def _first_to_end(*each: Coroutine[Any, Any, None]) -> None:
    tasks = [asyncio.create_task(one) for one in each]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


def main() -> None:
    """Run the operator until it is told to stop, or one command."""
    parser = argparse.ArgumentParser(prog="shadow-operator", description=__doc__)
    parser.add_argument("--log-format", choices=("json", "plain"), default="json", help="how log lines are written")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    fingerprint.add_to(commands)
    replay.add_to(commands)
    models.add_to(commands)
    arguments = parser.parse_args()
    if "run" in arguments:
        sys.exit(arguments.run(arguments))
    log_format = kopf.LogFormat.JSON if arguments.log_format == "json" else kopf.LogFormat.PLAIN
    kopf.configure(log_format=log_format)
    # A line for each event seen and each probe answered is noise to whoever reads this at night.
    for noisy in ("kopf.objects", "kopf.activities", "aiohttp.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        settings = Settings.from_environment()
    except ValueError as error:
        sys.exit(str(error))
    start_http_server(settings.metrics_port)
    _log.info("shadow-operator starts: %s", settings)
    asyncio.run(operate(settings))


if __name__ == "__main__":
    main()
