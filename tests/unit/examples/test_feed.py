import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web

from examples.models.shadow_models.feed import Feed, FeedSettings
from examples.models.shadow_models.feed_record import FAILURES_KEPT, FeedRecord
from examples.models.shadow_models.tape import questions
from tests.unit.examples.predictions import bars

Handler = Callable[[web.Request], Awaitable[web.Response]]
Gateway = Callable[[Handler], Awaitable[str]]


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    """A server on loopback that answers as the test says."""
    runners: list[web.AppRunner] = []

    async def start(handler: Handler) -> str:
        async def healthy(_: web.Request) -> web.Response:
            return web.Response()

        app = web.Application()
        app.router.add_get("/healthz", healthy)
        app.router.add_post("/predict", handler)
        runner = web.AppRunner(app)
        await runner.setup()
        runners.append(runner)
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        return f"http://{host}:{port}"

    yield start
    for runner in runners:
        await runner.cleanup()


async def feed(url: str, *, requests: int, rate: float = 500.0, timeout_seconds: float = 1.0) -> FeedRecord:
    settings = FeedSettings(
        gateway_url=url,
        hostname="momentum.models.internal",
        rate=rate,
        max_requests=requests,
        timeout_seconds=timeout_seconds,
        concurrency=4,
    )
    record = FeedRecord()
    await Feed(settings, questions({"sp500": bars(1.0, 2.0, 3.0)}, first_pass=0), record).run()
    return record


async def test_every_answer_is_counted_under_its_model(gateway: Gateway) -> None:
    seen: list[tuple[str, int, int]] = []

    async def answer(request: web.Request) -> web.Response:
        body = await request.json()
        seen.append((request.headers["Host"], body["pass"], body["bar"]))
        return web.json_response({}, headers={"x-model": "v7" if body["bar"] else "v8"})

    record = await feed(await gateway(answer), requests=6)
    assert (record.sent, record.failed, dict(record.answers)) == (6, 0, {"v8": 3, "v7": 3})
    assert sorted(seen) == [("momentum.models.internal", replay, bar) for replay in range(3) for bar in range(2)]
    assert set(record.last_answer) == {"v7", "v8"}


async def test_anything_but_200_is_a_failure_and_is_not_tried_again(gateway: Gateway) -> None:
    calls = 0

    async def refuse(_: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        return web.Response(status=503, text="no healthy upstream")

    record = await feed(await gateway(refuse), requests=25)
    assert (calls, record.sent, record.failed) == (25, 25, 25)
    assert len(record.failures) == FAILURES_KEPT
    assert record.failures[0]["reason"] == "503: no healthy upstream"


async def test_a_timeout_and_a_cut_connection_are_failures(gateway: Gateway) -> None:
    async def hang_or_cut(request: web.Request) -> web.Response:
        if (await request.json())["bar"]:
            await asyncio.sleep(1.0)
        if request.transport is not None:
            request.transport.close()
        return web.Response()

    record = await feed(await gateway(hang_or_cut), requests=4, timeout_seconds=0.2)
    assert (record.sent, record.failed) == (4, 4)
    assert any("Timeout" in failure["reason"] for failure in record.failures)


async def test_the_number_of_open_requests_is_bounded(gateway: Gateway) -> None:
    present, most = 0, 0

    async def slow(_: web.Request) -> web.Response:
        nonlocal present, most
        present += 1
        most = max(most, present)
        await asyncio.sleep(0.05)
        present -= 1
        return web.json_response({}, headers={"x-model": "v7"})

    record = await feed(await gateway(slow), requests=20)
    assert (record.sent, most) == (20, 4)
    assert record.behind > 0


async def test_the_rate_is_kept(gateway: Gateway) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({}, headers={"x-model": "v7"})

    loop = asyncio.get_running_loop()
    url = await gateway(answer)
    start = loop.time()
    await feed(url, requests=20, rate=40.0)
    assert 0.45 < loop.time() - start < 2.0


def test_seconds_are_kept_apart_and_every_request_is_in_one() -> None:
    record = FeedRecord()
    record.answered("v7", 100.2)
    record.answered("v8", 100.9)
    record.failure("503", 101.1)
    # Ends a moment before, reported a moment after: the second before is not opened again.
    record.answered("v7", 100.99)
    seconds = record.as_json()["perSecond"]
    assert [(s["t"], s["sent"], s["failed"], s["answers"]) for s in seconds] == [
        (100, 2, 0, {"v7": 1, "v8": 1}),
        (101, 2, 1, {"v7": 1}),
    ]
    assert record.as_json()["lastAnswer"] == {"v7": 100.99, "v8": 100.9}


def test_the_feed_always_has_bounds() -> None:
    settings = FeedSettings.read({"GATEWAY_URL": "http://gateway/", "ROLLOUT_HOSTNAME": "h", "MAX_REQUESTS": "5"})
    assert (settings.gateway_url, settings.max_requests, settings.max_seconds) == ("http://gateway", 5, 900.0)
    with pytest.raises(ValueError, match="GATEWAY_URL is not set"):
        FeedSettings.read({"ROLLOUT_HOSTNAME": "h"})
