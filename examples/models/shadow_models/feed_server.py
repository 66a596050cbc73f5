"""HTTP server that reports on the feed while it runs."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterator

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from .bars import load_market
from .feed import Feed, FeedSettings
from .feed_record import FeedRecord
from .serving import serve
from .tape import questions


class _RecordCollector(Collector):
    def __init__(self, record: FeedRecord) -> None:
        self._record = record

    def collect(self) -> Iterator[Metric]:
        yield CounterMetricFamily("feed_requests", "Requests that ended.", value=self._record.sent)
        yield CounterMetricFamily(
            "feed_failures", "Requests that ended with anything but 200.", value=self._record.failed
        )
        answers = CounterMetricFamily("feed_answers", "Answers by model.", labels=["model"])
        for model, count in self._record.answers.items():
            answers.add_metric([model], count)
        yield answers


def create_app(settings: FeedSettings) -> FastAPI:
    """Everything between the environment and the first request."""
    record = FeedRecord()
    first_pass = int(time.time()) if settings.first_pass is None else settings.first_pass
    feed = Feed(settings, questions(load_market(), first_pass), record)
    registry = CollectorRegistry()
    registry.register(_RecordCollector(record))

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        running = asyncio.create_task(feed.run())
        yield
        feed.stop()
        await running

    app = FastAPI(title="feed", lifespan=lifespan, openapi_url=None)

    @app.get("/report")
    async def report() -> Response:
        return Response(json.dumps(record.as_json()), media_type="application/json")

    @app.post("/stop")
    async def stop() -> dict[str, bool]:
        feed.stop()
        return {"stopped": True}

    @app.get("/healthz")
    async def healthz() -> Response:
        return Response("ok\n", media_type="text/plain")

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return app


def run(settings: FeedSettings) -> None:
    """Serve until SIGTERM, feeding meanwhile."""
    serve(create_app(settings), host=settings.host, port=settings.port)
