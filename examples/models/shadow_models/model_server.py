"""HTTP server of one model."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException, Response
from prometheus_client import CONTENT_TYPE_LATEST

from .bars import load_market
from .forecaster import Forecaster
from .messages import Question
from .model import Model
from .model_metrics import ModelMetrics
from .model_settings import ModelSettings
from .outbox import Outbox
from .policy_file import PolicyFile
from .scorer_client import scorer_post
from .serving import serve

FLUSH_SECONDS = 3.0


def create_app(settings: ModelSettings) -> FastAPI:
    """Everything between the environment and the first request."""
    policy = PolicyFile(settings.policy_path)
    model = Model(settings, Forecaster(load_market(), skill=settings.skill, seed=settings.seed), policy)
    metrics = ModelMetrics(settings.rollout, settings.model)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with scorer_post(settings.scorer_url) as post:
            outbox = app.state.outbox = Outbox(post)
            metrics.watch(outbox)
            tasks = [asyncio.create_task(policy.follow()), asyncio.create_task(outbox.run())]
            yield
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await outbox.flush(FLUSH_SECONDS)

    app = FastAPI(title=settings.model, lifespan=lifespan, openapi_url=None)
    _add_routes(app, settings, model, metrics)
    return app


def _add_routes(app: FastAPI, settings: ModelSettings, model: Model, metrics: ModelMetrics) -> None:
    headers = {"x-model": settings.model}

    @app.post("/predict")
    async def predict(question: Question) -> Response:
        start = time.perf_counter()
        try:
            answer = model.answer(question)
        except LookupError as error:
            metrics.errors.inc()
            raise HTTPException(status_code=422, detail=str(error)) from error
        if settings.scorer_url:
            app.state.outbox.put(model.log_entry(question, answer))
        metrics.confidence.observe(answer.confidence)
        metrics.inference.observe(time.perf_counter() - start)
        return Response(answer.model_dump_json(), media_type="application/json", headers=headers)

    @app.get("/healthz")
    async def healthz() -> Response:
        return Response("ok\n", media_type="text/plain", headers=headers)

    @app.get("/metrics")
    async def exposition() -> Response:
        return Response(metrics.exposition(), media_type=CONTENT_TYPE_LATEST)


def run(settings: ModelSettings) -> None:
    """Serve until SIGTERM."""
    serve(create_app(settings), host=settings.host, port=settings.port, linger=settings.prestop_seconds)
