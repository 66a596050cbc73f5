"""kopf's only place: it watches, and keeps one loop a rollout alive. No handler holds logic.

There are no change handlers: they would copy each spec into an annotation, and answer edges instead of levels.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import kopf

from shadow_operator import telemetry
from shadow_operator.api.rollout import GROUP, PLURAL, VERSION
from shadow_operator.cluster import NotLeadingError
from shadow_operator.fleet import Fleet, Key
from shadow_operator.guard import Guard
from shadow_operator.reconcile import Reconciler

_log = logging.getLogger(__name__)

_RETRY = timedelta(seconds=5)
# kopf names its watchers so; a test fails when an upgrade renames them.
WATCHER_PREFIX = f"watcher for {PLURAL}."
_SLOWEST_PASS_SECONDS = 600.0


class Loops:
    """One loop a rollout: a pass, then a wait that an event can cut short."""

    def __init__(self, reconciler: Reconciler, fleet: Fleet) -> None:
        self._reconciler = reconciler
        self._fleet = fleet
        self._retiring: dict[Key, asyncio.Task[None]] = {}
        self._passing: dict[Key, float] = {}

    async def run(self, key: Key, is_stopped: Callable[[], bool], stopped: Awaitable[Any]) -> None:
        """Pass over the rollout until kopf stops the daemon or the rollout is gone."""
        stop: asyncio.Future[Any] = asyncio.ensure_future(stopped)
        try:
            while not is_stopped():
                wake = self._fleet.of(key).wake
                wake.clear()
                delay = await self._pass(key)
                if delay is None:
                    return
                await _first_of(wake, stop, delay)
        finally:
            self._passing.pop(key, None)
            stop.cancel()

    async def _pass(self, key: Key) -> timedelta | None:
        self._passing[key] = time.monotonic()
        try:
            delay = await self._reconciler.once(key)
        except NotLeadingError as error:
            _log.info("%s: the pass ends, the next leader begins anew: %s", key, error)
            return _RETRY
        except Exception:  # noqa: BLE001 - a daemon that ends is never started again in this process
            _log.exception("%s: the pass failed; the next one is in %s", key, _RETRY)
            telemetry.PASSES.labels("failed").inc()
            return _RETRY
        finally:
            self._passing.pop(key, None)
        telemetry.PASSES.labels("succeeded").inc()
        telemetry.LAST_PASS.set_to_current_time()
        return delay

    def retire(self, key: Key) -> None:
        """The rollout is being deleted, or gone; begin to let it go, unless that is under way."""
        running = self._retiring.get(key)
        if running is None or running.done():
            self._retiring[key] = asyncio.create_task(self._retire(key), name=f"retire {key}")

    async def _retire(self, key: Key) -> None:
        while True:
            try:
                await self._reconciler.retire(key)
            except Exception:  # noqa: BLE001 - deletion waits for it, so it is tried until it works
                _log.exception("%s: its route could not be taken away; the next try is in %s", key, _RETRY)
                await asyncio.sleep(_RETRY.total_seconds())
            else:
                self._retiring.pop(key, None)
                return

    def stuck(self) -> str | None:
        """Which pass has hung for far too long, None when none has."""
        now = time.monotonic()
        hung = [str(key) for key, begun in self._passing.items() if now - begun > _SLOWEST_PASS_SECONDS]
        return None if not hung else f"the pass over {', '.join(hung)} does not end"


async def _first_of(wake: asyncio.Event, stop: asyncio.Future[Any], delay: timedelta) -> None:
    waiting: asyncio.Future[Any] = asyncio.ensure_future(wake.wait())
    try:
        await asyncio.wait({waiting, stop}, timeout=delay.total_seconds(), return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting


def settings_for(settings: kopf.OperatorSettings) -> None:
    """Kopf's settings. Each one is here for a defect or a default of kopf that bites."""
    settings.peering.standalone = True
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.persistence.finalizer = f"{GROUP}/daemon"
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=GROUP, v1=False)
    settings.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix=GROUP, v1=False)
    # kopf's own inactivity timer can kill a watcher for good, without a word; streams end by the server's time instead.
    settings.watching.inactivity_timeout = 1e9
    settings.watching.server_timeout = 90
    settings.watching.client_timeout = 120
    settings.watching.connect_timeout = 10
    settings.watching.chunk_size = 500
    settings.networking.request_timeout = 30
    settings.execution.default_backoff = 10
    settings.background.cancellation_polling = 1


def is_watching(watchers: int = 1) -> bool:
    """Whether all of kopf's watchers of rollouts are alive in this event loop: one, or one for each namespace."""
    alive = [task for task in asyncio.all_tasks() if task.get_name().startswith(WATCHER_PREFIX) and not task.done()]
    return len(alive) >= watchers


def why_unwell(loops: Loops, watchers: int) -> str | None:
    """Why a process that leads should be started again, None while all is well; `watchers` is how many kopf keeps."""
    return loops.stuck() if is_watching(watchers) else "kopf's watcher of shadowrollouts has ended"


def registry_for(loops: Loops, guard: Guard, fleet: Fleet) -> kopf.OperatorRegistry:
    """Wire kopf to the loops."""
    registry = kopf.OperatorRegistry()
    resource: tuple[str, str, str] = (GROUP, VERSION, PLURAL)

    @kopf.on.startup(registry=registry)
    async def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
        settings_for(settings)

    @kopf.on.login(registry=registry)
    def login(**kwargs: Any) -> Any:
        return kopf.login_with_service_account(**kwargs) or kopf.login_with_kubeconfig(**kwargs)

    @kopf.on.event(*resource, registry=registry)
    async def changed(namespace: str | None, name: str, meta: kopf.Meta, **event: Any) -> None:
        key = Key(namespace or "", name)
        if event["type"] == "DELETED" or "deletionTimestamp" in meta:
            loops.retire(key)
        else:
            await guard.hear(key, meta.annotations)
            fleet.wake(key)

    @kopf.daemon(*resource, registry=registry)
    async def rollout(namespace: str | None, name: str, stopped: Any, **_: Any) -> None:
        await loops.run(Key(namespace or "", name), lambda: bool(stopped), stopped.wait())

    return registry


async def watch(registry: kopf.OperatorRegistry, namespaces: Sequence[str], ready: asyncio.Event) -> None:
    """Run kopf until it is told to stop; without namespaces over all of them. It sets `ready` once it has begun."""
    # No stop flag: kopf waits five seconds for whatever waits for one.
    await kopf.operator(
        registry=registry, clusterwide=not namespaces, namespaces=namespaces, standalone=True, ready_flag=ready
    )
