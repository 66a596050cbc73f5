"""A port at which this process answers, with TLS where a certificate is mounted."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from aiohttp import web

_log = logging.getLogger(__name__)

_RELOAD_SECONDS = 60.0
_BEARER = "Bearer "


@dataclass(frozen=True, slots=True)
class Door:
    """Where it is.

    Attributes:
        port: of this process.
        tls: directory with tls.crt and tls.key, as a Secret is mounted; None for plain HTTP.

    """

    port: int
    tls: Path | None

    @classmethod
    def at(cls, port: int, directory: str | None) -> Self:
        """The door that the settings describe."""
        return cls(port, None if directory is None else Path(directory))


@asynccontextmanager
async def opened(application: web.Application, door: Door) -> AsyncIterator[None]:
    """Answer there. A certificate that was replaced is used within a minute.

    Raises:
        OSError: the port is taken, or there is no such certificate.

    """
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    context = None if door.tls is None else ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    reloading = None
    if context is not None and door.tls is not None:
        _load(context, door.tls)
        reloading = asyncio.create_task(_reload(context, door.tls), name=f"certificate of port {door.port}")
    try:
        await web.TCPSite(runner, None, door.port, ssl_context=context).start()
        yield
    finally:
        if reloading is not None:
            reloading.cancel()
        await runner.cleanup()


def bearer_token(request: web.Request) -> str:
    """The token that the request carries, empty where it has none."""
    header = request.headers.get("Authorization", "")
    return header.removeprefix(_BEARER) if header.startswith(_BEARER) else ""


async def _reload(context: ssl.SSLContext, directory: Path) -> None:
    while True:
        await asyncio.sleep(_RELOAD_SECONDS)
        try:
            _load(context, directory)
        except (OSError, ssl.SSLError) as error:
            _log.warning("the certificate in %s can't be loaded, the former one stays: %s", directory, error)


def _load(context: ssl.SSLContext, directory: Path) -> None:
    context.load_cert_chain(directory / "tls.crt", directory / "tls.key")
