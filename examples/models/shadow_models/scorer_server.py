"""HTTP server of the scorer."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Self

from fastapi import FastAPI, HTTPException, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry
from pydantic import ValidationError

from .bars import load_market
from .environment import Environment
from .messages import BATCH
from .scorer_metrics import BookCollector, exposition
from .serving import serve
from .settlement import Settlement

SETTLE_EVERY_SECONDS = 0.1


@dataclass(frozen=True)
class ScorerSettings:
    """What the scorer is told by its environment."""

    notional: float = 10_000.0
    """Account currency that a position of 1 holds."""
    grace_seconds: float = 0.6
    """How long the slowest model has to log a prediction after the next bar was asked about."""
    host: str = "0.0.0.0"  # noqa: S104 - a pod's own address is not known before it runs
    port: int = 8080

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> Self:
        """Read the environment.

        Raises:
            ValueError: a variable is not what it must be.

        """
        environment = Environment(variables)
        return cls(
            notional=environment.read("NOTIONAL", float, cls.notional),
            grace_seconds=environment.read("GRACE_SECONDS", float, cls.grace_seconds),
            host=environment.read("HOST", str, cls.host),
            port=environment.read("PORT", int, cls.port),
        )


def create_app(settings: ScorerSettings) -> FastAPI:
    """Everything between the environment and the first request."""
    settlement = Settlement(load_market(), notional=settings.notional, grace=settings.grace_seconds)
    registry = CollectorRegistry()
    registry.register(BookCollector(settlement))

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(_settle_forever(settlement))
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    app = FastAPI(title="scorer", lifespan=lifespan, openapi_url=None)

    @app.post("/predictions")
    async def predictions(request: Request) -> dict[str, int]:
        try:
            batch = BATCH.validate_json(await request.body())
        except ValidationError as error:
            raise HTTPException(status_code=422, detail=f"not a list of predictions: {error}") from error
        settlement.receive(batch, time.monotonic())
        return {"received": len(batch)}

    @app.get("/healthz")
    async def healthz() -> Response:
        return Response("ok\n", media_type="text/plain")

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(exposition(registry), media_type=CONTENT_TYPE_LATEST)

    return app


async def _settle_forever(settlement: Settlement) -> None:
    while True:
        settlement.settle(time.monotonic())
        await asyncio.sleep(SETTLE_EVERY_SECONDS)


def run(settings: ScorerSettings) -> None:
    """Serve until SIGTERM."""
    serve(create_app(settings), host=settings.host, port=settings.port)
