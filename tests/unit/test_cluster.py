"""How the API server is reached."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from shadow_operator.cluster import Cluster
from shadow_operator.core.kinds import CONFIG_MAP
from tests.world.kubeconfigs import kubeconfig


@asynccontextmanager
async def answering(name: str, port: int, asked: list[str]) -> AsyncIterator[None]:
    """A server that notes that it was asked."""

    async def answer(_: web.Request) -> web.Response:
        asked.append(name)
        return web.json_response({})

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield
    await runner.cleanup()


@pytest.mark.parametrize(
    ("not_by_proxy", "by"),
    [pytest.param("", "the proxy", id="every host"), pytest.param("127.0.0.1", "the API server", id="not this host")],
)
async def test_the_api_server_is_asked_by_the_proxy_that_the_environment_names(
    tmp_path: Path,
    unused_tcp_port_factory: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
    not_by_proxy: str,
    by: str,
) -> None:
    server, proxy, asked = unused_tcp_port_factory(), unused_tcp_port_factory(), list[str]()
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy}")
    monkeypatch.setenv("no_proxy", not_by_proxy)
    async with (
        answering("the API server", server, asked),
        answering("the proxy", proxy, asked),
        await Cluster.connect(5.0, kubeconfig(tmp_path, f"http://127.0.0.1:{server}")) as cluster,
    ):
        await cluster.get(CONFIG_MAP, "default", "one")
    assert asked == [by]
