"""Serves until told to stop, and stops without failing a request."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

LOG = logging.getLogger(__name__)
# Requests that are still open when the lingering is over get this long.
DRAIN_SECONDS = 5
# Longer than a gateway keeps a connection that is idle (Envoy: an hour). Were the server the first to close one, the
# gateway might be sending a request on it at that moment, and that request would fail.
KEEP_ALIVE_SECONDS = 2 * 3600


class LingeringServer(uvicorn.Server):
    """After SIGTERM it goes on serving for a while.

    Kubernetes sends the signal at the moment at which it starts to withdraw the endpoint: for a second or two the
    gateway still sends requests. A second signal cuts the wait short.
    """

    def __init__(self, config: uvicorn.Config, linger: float) -> None:
        super().__init__(config)
        self._linger = linger
        self._signals = 0

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Replace uvicorn's handlers, which stop at once and then end the process by the signal, not with 0."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._withdraw)
        yield

    def _withdraw(self) -> None:
        self._signals += 1
        wait = self._linger if self._signals == 1 else 0.0
        LOG.info("Asked to stop: serving for %g s more.", wait)
        asyncio.get_running_loop().call_later(wait, self._stop)

    def _stop(self) -> None:
        self.should_exit = True


def serve(app: FastAPI, *, host: str, port: int, linger: float = 0.0) -> None:
    """Serve on this address until SIGTERM."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        lifespan="on",
        log_config=None,
        log_level=logging.WARNING,
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    LingeringServer(config, linger).run()
