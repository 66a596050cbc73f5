"""The right to write, and the probes of those who have it and of those who have not."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from shadow_operator.cluster import Cluster, NotLeadingError, UnavailableError
from shadow_operator.core.kinds import CONFIG_MAP
from shadow_operator.leader import Leadership
from shadow_operator.probe import Wellbeing, answered
from tests.world.kubeconfigs import kubeconfig


class HandClock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def hanging_server(tmp_path: Path, unused_tcp_port: int) -> AsyncIterator[str]:
    """An API server that takes requests and answers none; yields a kubeconfig for it."""

    async def hang(_: web.Request) -> web.Response:
        await asyncio.sleep(3600)
        raise AssertionError("nobody waits so long")

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", hang)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    yield kubeconfig(tmp_path, f"http://127.0.0.1:{unused_tcp_port}")
    await runner.cleanup()


def test_nobody_may_write_who_was_not_elected() -> None:
    with pytest.raises(NotLeadingError, match="does not lead"), Leadership().writing():
        pass


def test_the_right_ends_by_itself_unless_it_is_renewed() -> None:
    clock = HandClock()
    right = Leadership(clock)
    right.extend(104.0)
    clock.now = 103.0
    with right.writing() as seconds:
        assert seconds == 1.0
    right.extend(107.0)
    clock.now = 104.0
    with right.writing() as seconds:
        assert seconds == 3.0
    clock.now = 107.0
    with pytest.raises(NotLeadingError), right.writing():
        pass


async def test_whoever_resigns_waits_for_the_writes_that_are_under_way() -> None:
    clock = HandClock()
    right = Leadership(clock)
    right.extend(104.0)
    with right.writing():
        right.end()
        quiet = asyncio.create_task(right.quiet())
        await asyncio.sleep(0)
        assert not quiet.done()
        with pytest.raises(NotLeadingError), right.writing():
            pass
    await quiet


async def test_no_write_is_under_way_any_more_when_the_right_ends(hanging_server: str) -> None:
    right = Leadership()
    async with await Cluster.connect(60.0, hanging_server, right) as cluster:
        right.extend(time.clock_gettime(time.CLOCK_BOOTTIME) + 0.3)
        begun = time.monotonic()
        with pytest.raises(UnavailableError, match="did not answer"):
            await cluster.merge(CONFIG_MAP, "default", "one", {})
        assert time.monotonic() - begun < 2.0
        assert right.seconds_left == 0
        await asyncio.wait_for(right.quiet(), 0.1)


async def test_a_process_that_stands_by_is_well_and_a_leader_says_why_it_is_not(unused_tcp_port: int) -> None:
    well = Wellbeing()
    address = f"http://127.0.0.1:{unused_tcp_port}/healthz"
    async with answered(unused_tcp_port, well.why_not), aiohttp.ClientSession() as session:
        async with session.get(address) as answer:
            assert (answer.status, await answer.text()) == (200, "alive")
        well.leads(lambda: "kopf's watcher of shadowrollouts has ended")
        async with session.get(address) as answer:
            assert (answer.status, await answer.text()) == (503, "kopf's watcher of shadowrollouts has ended")
