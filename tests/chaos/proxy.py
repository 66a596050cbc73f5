"""A proxy between the operator and the real API server that refuses, dawdles, loses answers and parts the two."""

import asyncio
import contextlib
import json
import random
import ssl
import threading
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiohttp import web
from kubernetes import client, config

_WRITES = frozenset({"PATCH", "POST", "PUT", "DELETE"})
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "host"})
_REASONS = {409: "Conflict", 429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable"}


@dataclass(frozen=True, slots=True)
class Weather:
    """What the proxy does to requests.

    Attributes:
        status: what a refused request is answered with; 409 is for writes only.
        refuses: share of the requests that are refused, and never reach the API server.
        loses: share of the writes that the API server carries out, and whose answer nobody gets.
        delay: seconds before a request goes on, and before each piece of a watch.
        is_parted: nothing gets through, and every connection is cut.

    """

    status: int = 500
    refuses: float = 0.0
    loses: float = 0.0
    delay: float = 0.0
    is_parted: bool = False


FAIR = Weather()


class FaultProxy:
    """One proxy, in a thread of its own. Between the operator and it there is no TLS and no credential."""

    def __init__(self, kubeconfig: str, seed: int) -> None:
        self.weather = FAIR
        self._random = random.Random(seed)  # noqa: S311 - faults, not secrets
        self._known = client.Configuration()
        config.load_kube_config(  # type: ignore[no-untyped-call] # untyped library
            config_file=kubeconfig, client_configuration=self._known
        )
        self._open: set[asyncio.BaseTransport] = set()
        self._loop = asyncio.new_event_loop()
        self._ready, self._ended = threading.Event(), asyncio.Event()
        self._address = ""
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve()), daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()
        assert self._ready.wait(10), "the proxy did not start"

    def close(self) -> None:
        """End."""
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(10)

    def write_kubeconfig(self, path: Path) -> None:
        """A kubeconfig with which a client goes through the proxy."""
        named = {"name": "chaos"}
        path.write_text(
            yaml.safe_dump(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "clusters": [named | {"cluster": {"server": self._address}}],
                    "users": [named | {"user": {"token": "through-the-proxy"}}],
                    "contexts": [named | {"context": {"cluster": "chaos", "user": "chaos"}}],
                    "current-context": "chaos",
                }
            )
        )

    def change(self, weather: Weather) -> None:
        """From now on it does so."""
        self.weather = weather
        if weather.is_parted:
            self._loop.call_soon_threadsafe(self._cut)

    def _cut(self) -> None:
        for transport in list(self._open):
            if isinstance(transport, asyncio.Transport):
                transport.abort()

    async def _serve(self) -> None:
        trusted = ssl.create_default_context(cafile=self._known.ssl_ca_cert)
        if self._known.cert_file:
            trusted.load_cert_chain(self._known.cert_file, self._known.key_file)
        token = self._known.get_api_key_with_prefix("BearerToken")
        self._credential = {} if token is None else {"Authorization": token}
        connector = aiohttp.TCPConnector(ssl=trusted, limit=0)
        async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
            self._session = session
            application = web.Application(client_max_size=16 << 20)
            application.router.add_route("*", "/{path:.*}", self._answer)
            runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self._address = f"http://127.0.0.1:{runner.addresses[0][1]}"
            self._ready.set()
            await self._ended.wait()
            self._cut()
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        weather, transport = self.weather, request.transport
        if transport is None or weather.is_parted:
            return self._abort(transport)
        self._open.add(transport)
        try:
            await asyncio.sleep(weather.delay)
            if self._random.random() < weather.refuses and (weather.status != 409 or request.method in _WRITES):
                return _refusal(weather.status)
            return await self._forward(request, transport, is_lost=self._is_lost(request))
        except (aiohttp.ClientError, ConnectionError):
            return self._abort(transport)
        finally:
            self._open.discard(transport)

    def _is_lost(self, request: web.Request) -> bool:
        return request.method in _WRITES and self._random.random() < self.weather.loses

    def _abort(self, transport: asyncio.BaseTransport | None) -> web.StreamResponse:
        if isinstance(transport, asyncio.Transport):
            transport.abort()
        return web.Response(status=502)

    async def _forward(
        self, request: web.Request, transport: asyncio.BaseTransport, *, is_lost: bool
    ) -> web.StreamResponse:
        headers = _end_to_end(request.headers, {"authorization"}) | self._credential
        url = f"{self._known.host}{request.rel_url}"
        timeout = aiohttp.ClientTimeout(total=None)
        async with self._session.request(
            request.method, url, headers=headers, data=await request.read() or None, timeout=timeout
        ) as answer:
            if is_lost:
                await answer.read()
                return self._abort(transport)
            reply = web.StreamResponse(status=answer.status, headers=_end_to_end(answer.headers, set()))
            await reply.prepare(request)
            async for piece in _pieces(answer):
                await asyncio.sleep(self.weather.delay)
                await reply.write(piece)
            await reply.write_eof()
            return reply


async def _pieces(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    with contextlib.suppress(asyncio.CancelledError):
        async for piece in answer.content.iter_any():
            yield piece


def _end_to_end(headers: Mapping[str, str], without: set[str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _HOP | without}


def _refusal(status: int) -> web.Response:
    said: dict[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "the chaos suite refused it",
        "reason": _REASONS[status],
        "code": status,
    }
    wait = {"Retry-After": "1"} if status == 429 else {}
    return web.Response(status=status, text=json.dumps(said), content_type="application/json", headers=wait)
