"""The entry point, `shadow-operator`."""

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from datetime import UTC, datetime, timedelta

import kopf
from prometheus_client import start_http_server

from shadow_operator.cluster import Cluster
from shadow_operator.fleet import Fleet
from shadow_operator.guard import Guard
from shadow_operator.handlers import Loops, registry_for
from shadow_operator.reconcile import Reconciler
from shadow_operator.settings import Settings
from shadow_operator.sources import Sources
from shadow_operator.traffic.gateway_api import GatewayAPIRouter

_log = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


async def operate(settings: Settings, stop: asyncio.Event) -> None:
    """Look after every rollout until `stop` is set."""
    # The guard has connections of its own: evaluations that queue up for a slow Prometheus don't make it wait.
    sources, guard_sources = Sources(settings.query_seconds), Sources(settings.query_seconds)
    fleet = Fleet()
    async with await Cluster.connect(settings.request_seconds, settings.kubeconfig) as cluster:
        router = GatewayAPIRouter(cluster)
        reconciler = Reconciler(
            cluster,
            router,
            sources.of,
            fleet,
            _utc_now,
            longest_wait=timedelta(seconds=settings.evaluation_seconds),
            longest_unkept=timedelta(seconds=settings.checkpoint_seconds),
        )
        guard = Guard(fleet, router, guard_sources.of, _utc_now, timedelta(seconds=settings.guard_seconds))
        guarding = asyncio.create_task(guard.run(), name="guard")
        guarding.add_done_callback(lambda _: stop.set())
        try:
            await kopf.operator(
                registry=registry_for(Loops(reconciler, fleet), fleet, watchers=max(len(settings.namespaces), 1)),
                clusterwide=not settings.namespaces,
                namespaces=settings.namespaces,
                standalone=True,
                liveness_endpoint=f"http://0.0.0.0:{settings.probe_port}/healthz",
                stop_flag=stop,
            )
        finally:
            guarding.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await guarding
            sources.close()
            guard_sources.close()


async def _run(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    await operate(settings, stop)


def main() -> None:
    """Run the operator until it is told to stop."""
    parser = argparse.ArgumentParser(prog="shadow-operator", description=__doc__)
    parser.add_argument("--log-format", choices=("json", "plain"), default="json", help="how log lines are written")
    arguments = parser.parse_args()
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
    asyncio.run(_run(settings))


if __name__ == "__main__":
    main()
