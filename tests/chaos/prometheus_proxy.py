"""A proxy between the operator and a real Prometheus, one address for each rollout, whose answers can go wrong."""

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

import aiohttp
from aiohttp import web

_SLOW_SECONDS = 6.0
_SKEW_SECONDS = 30.0


class Fault(StrEnum):
    """What is wrong with the answers."""

    NONE = "none"
    DOWN = "down"
    SLOW = "slow"
    PARTIAL = "partial"
    EMPTY = "empty"
    NAN = "nan"
    HTML = "html"
    TRUNCATED = "truncated"
    BEHIND = "behind"
    AHEAD = "ahead"


class PrometheusProxy:
    """In a thread of its own."""

    def __init__(self, prometheus: str) -> None:
        self._prometheus = prometheus
        self._faults: dict[str, Fault] = {}
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._ended = asyncio.Event()
        self.port = 0

    def start(self) -> None:
        """Answer from now on."""
        threading.Thread(target=lambda: self._loop.run_until_complete(self._serve()), daemon=True).start()
        assert self._ready.wait(10)

    def address(self, rollout: str) -> str:
        """Where this rollout's Prometheus seems to be."""
        return f"http://127.0.0.1:{self.port}/{rollout}"

    def change(self, rollout: str, fault: Fault) -> None:
        """From now on this rollout's answers are so."""
        self._faults[rollout] = fault

    def close(self) -> None:
        """End."""
        self._loop.call_soon_threadsafe(self._ended.set)

    async def _serve(self) -> None:
        application = web.Application()
        application.router.add_post("/{rollout}/api/v1/{what}", self._answer)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        async with aiohttp.ClientSession() as self._session:
            self._ready.set()
            await self._ended.wait()
        await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        fault = self._faults.get(request.match_info["rollout"], Fault.NONE)
        if fault is Fault.DOWN and request.transport is not None:
            request.transport.abort()
        if fault is Fault.SLOW:
            await asyncio.sleep(_SLOW_SECONDS)
        if fault is Fault.HTML:
            return web.Response(status=500, text="<html>Bad Gateway</html>", content_type="text/html")
        form = dict(await request.post())
        async with self._session.post(f"{self._prometheus}/api/v1/{request.match_info['what']}", data=form) as response:
            whole = await response.read()
        if fault in _CHANGES and response.status == 200:
            whole = json.dumps(_CHANGES[fault](json.loads(whole))).encode()
        if fault is Fault.TRUNCATED:
            whole = whole[: len(whole) // 2]
        return web.Response(status=response.status, body=whole, content_type="application/json")


def _partial(answer: dict[str, Any]) -> dict[str, Any]:
    """As Thanos says that a store is missing."""
    return answer | {"warnings": ["a store did not answer"]}


def _empty(answer: dict[str, Any]) -> dict[str, Any]:
    return answer | {"data": answer["data"] | {"result": []}}


def _each_value(change: Callable[[Mapping[str, str], str], str]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def changed(answer: dict[str, Any]) -> dict[str, Any]:
        for row in answer["data"]["result"]:
            for point in (*row.get("values", ()), *([row["value"]] if "value" in row else [])):
                point[1] = change(row["metric"], point[1])
        return answer

    return changed


def _skewed(seconds: float) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The clock of whoever scrapes is wrong, so the samples seem to be from another time."""
    return _each_value(
        lambda labels, text: str(float(text) + seconds) if labels.get("shadow_figure") == "sampled_at" else text
    )


_CHANGES: Mapping[Fault, Callable[[dict[str, Any]], dict[str, Any]]] = {
    Fault.PARTIAL: _partial,
    Fault.EMPTY: _empty,
    Fault.NAN: _each_value(lambda _labels, _text: "NaN"),
    Fault.BEHIND: _skewed(-_SKEW_SECONDS),
    Fault.AHEAD: _skewed(_SKEW_SECONDS),
}
