"""kopf 1.45 can lose its watch for good, without a word. Under the operator's own settings it does not.

kopf keeps an inactivity timer open while it hands an event on. When a busy event loop lets the timer expire in just
that moment, the cancellation hits the watcher itself instead of the stream. Nothing is logged, and the process goes on.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import kopf
import pytest

from shadow_operator.api.rollout import GROUP, PLURAL, VERSION
from shadow_operator.handlers import is_watching, settings_for
from tests.control_plane.api_server import ApiServer
from tests.world.manifests import shortest_manifest

pytestmark = pytest.mark.control_plane

_INACTIVITY_SECONDS = 1.0
# How long before the timer expires an event arrives, and how long the loop is busy once it has.
_EARLY_SECONDS = 0.15
_BUSY_SECONDS = 0.3
_ROUNDS = 6
_SOON_SECONDS = 10.0


class Watched:
    """What a handler saw: each object's name, and when it saw anything last."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.seen_at = 0.0

    def see(self, name: str) -> None:
        self.names.append(name)
        self.seen_at = asyncio.get_running_loop().time()

    async def until_seen(self, name: str, within: float = _SOON_SECONDS) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while name not in self.names:  # noqa: ASYNC110 - kopf has no event to wait for
                    await asyncio.sleep(0.02)
        return name in self.names


@contextlib.asynccontextmanager
async def kopf_watching(namespace: str, configure: Callable[[kopf.OperatorSettings], None]) -> AsyncIterator[Watched]:
    """kopf in this event loop, with one handler of events and the settings that `configure` leaves."""
    registry, watched = kopf.OperatorRegistry(), Watched()
    resource: tuple[str, str, str] = (GROUP, VERSION, PLURAL)

    @kopf.on.startup(registry=registry)
    async def start(settings: kopf.OperatorSettings, **_: Any) -> None:
        configure(settings)

    @kopf.on.login(registry=registry)
    def login(**kwargs: Any) -> Any:
        return kopf.login_with_kubeconfig(**kwargs)

    @kopf.on.event(*resource, registry=registry)
    async def changed(name: str, **_: Any) -> None:
        watched.see(name)

    stop, ready = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(
        kopf.operator(registry=registry, namespaces=[namespace], standalone=True, stop_flag=stop, ready_flag=ready)
    )
    try:
        async with asyncio.timeout(_SOON_SECONDS):
            await ready.wait()
            while not is_watching():  # noqa: ASYNC110 - kopf has no event to wait for
                await asyncio.sleep(0.02)
        yield watched
    finally:
        stop.set()
        async with asyncio.timeout(_SOON_SECONDS):
            await running


def kopfs_own_timer(settings: kopf.OperatorSettings) -> None:
    settings_for(settings)
    settings.watching.inactivity_timeout = _INACTIVITY_SECONDS


def ours_with_short_streams(settings: kopf.OperatorSettings) -> None:
    settings_for(settings)
    # The same mechanism as in the field, in a hundredth of the time.
    settings.watching.server_timeout = 1
    settings.watching.client_timeout = 2


async def a_new_object_while_the_loop_is_busy(api: ApiServer, watched: Watched, name: str) -> None:
    """A new object's event arrives just before the timer would expire, and is handed on just after it."""
    expires_at = watched.seen_at + _INACTIVITY_SECONDS
    await asyncio.sleep(expires_at - _EARLY_SECONDS - asyncio.get_running_loop().time())
    _create(api, name)
    # Its event now waits in the socket: the next turn of the loop reads it, and goes on to something that takes long.
    await asyncio.sleep(0)
    time.sleep(_BUSY_SECONDS)  # noqa: ASYNC251 - this is the point: the loop is busy
    await asyncio.sleep(0)


def _create(api: ApiServer, name: str) -> None:
    api.apply(shortest_manifest() | {"metadata": {"name": name}}, dry=False)


async def test_kopfs_own_timer_ends_the_watch_without_a_word(
    server: ApiServer, monkeypatch: pytest.MonkeyPatch, kubeconfig_path: str, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("KUBECONFIG", kubeconfig_path)
    caplog.set_level(logging.WARNING)
    async with kopf_watching(server.namespace, kopfs_own_timer) as watched:
        _create(server, "first")
        assert await watched.until_seen("first")
        for number in range(_ROUNDS):
            await a_new_object_while_the_loop_is_busy(server, watched, f"round-{number}")
            await asyncio.sleep(0.1)
            if not is_watching():
                break
            assert await watched.until_seen(f"round-{number}")
        assert not is_watching(), "kopf's watcher outlived its timer: is the defect mended, or the task renamed?"
        _create(server, "unseen")
        assert not await watched.until_seen("unseen", within=1.0)
    assert [record.message for record in caplog.records] == []


async def test_with_the_operators_settings_the_same_load_loses_nothing(
    server: ApiServer, monkeypatch: pytest.MonkeyPatch, kubeconfig_path: str
) -> None:
    monkeypatch.setenv("KUBECONFIG", kubeconfig_path)
    async with kopf_watching(server.namespace, ours_with_short_streams) as watched:
        _create(server, "first")
        assert await watched.until_seen("first")
        for number in range(_ROUNDS):
            await a_new_object_while_the_loop_is_busy(server, watched, f"round-{number}")
            assert await watched.until_seen(f"round-{number}")
            assert is_watching()
        _create(server, "last")
        assert await watched.until_seen("last")
    assert not is_watching()
