"""The Lease is renewed in a thread of its own: whoever leads goes on to lead while the rest of the process is busy.

On a machine without a processor to spare, the passes that begin with a leadership take longer than a Lease lasts. A
renewal that waited for its turn among them would end each leadership just as it began.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from shadow_operator.leader import clock

_BEAT_SECONDS = 0.5


class Pulse:
    """Whether the main loop still turns."""

    def __init__(self, now: Callable[[], float] = clock) -> None:
        self._now = now
        self._beaten_at = now()

    async def beat(self) -> None:
        """Beat until cancelled."""
        while True:
            self._beaten_at = self._now()
            await asyncio.sleep(_BEAT_SECONDS)

    def seconds_missed(self) -> float:
        """How long it is since the last one."""
        return self._now() - self._beaten_at


class Renewal:
    """Runs what renews the Lease, in a thread with an event loop of its own.

    Args:
        keep: renews for as long as it can, and raises then.
        lost: is told why it ended, unless it was told to stop; called in that thread.

    """

    def __init__(self, keep: Callable[[], Coroutine[Any, Any, None]], lost: Callable[[Exception], None]) -> None:
        self._keep = keep
        self._lost = lost
        self._stop: Callable[[], object] = lambda: None
        self._begun = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leader", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    async def stop(self) -> None:
        """Return once nothing is renewed any more."""
        await asyncio.to_thread(self._begun.wait)
        with contextlib.suppress(RuntimeError):
            # It may have ended by itself meanwhile, and its loop with it.
            self._stop()
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        try:
            asyncio.run(self._until_stopped())
        except Exception as error:  # noqa: BLE001 - whatever it was, this process must not go on as if it led
            self._lost(error)

    async def _until_stopped(self) -> None:
        loop, keeping = asyncio.get_running_loop(), asyncio.create_task(self._keep(), name="leader")
        self._stop = lambda: loop.call_soon_threadsafe(keeping.cancel)
        self._begun.set()
        await asyncio.wait({keeping})
        if not keeping.cancelled():
            keeping.result()
