"""The answer to Kubernetes' probes: whether this process is well, be it that it leads or that it stands by."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from shadow_operator.door import Door, opened

PATH = "/healthz"


class Wellbeing:
    """What the probes are told. A process that stands by is well: it has nothing to do but to be there."""

    def __init__(self) -> None:
        self._why_not: Callable[[], str | None] = lambda: None

    def leads(self, why_not: Callable[[], str | None]) -> None:
        """From now on it has to do its work as well."""
        self._why_not = why_not

    def why_not(self) -> str | None:
        """Why the process is not well, None while it is."""
        return self._why_not()


@asynccontextmanager
async def answered(port: int, why_unwell: Callable[[], str | None]) -> AsyncIterator[None]:
    """Answer on the port: 200, or 503 with a sentence that says why."""

    async def answer(_: web.Request) -> web.Response:
        why = why_unwell()
        return web.Response(text=why or "alive", status=200 if why is None else 503)

    application = web.Application()
    application.router.add_get(PATH, answer)
    async with opened(application, Door(port, None)):
        yield
