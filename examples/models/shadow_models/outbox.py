"""Takes predictions to the scorer in batches, and never makes a prediction wait for it."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from .messages import BATCH, LoggedPrediction

LOG = logging.getLogger(__name__)
Post = Callable[[bytes], Awaitable[None]]
LARGEST_BATCH = 1000


class Outbox:
    """A bounded queue. A batch stays in it until the scorer took it; sending twice is safe, as it knows duplicates."""

    def __init__(self, post: Post, *, capacity: int = 20_000, every: float = 0.2) -> None:
        self._post = post
        self._capacity = capacity
        self._every = every
        self._waiting: deque[LoggedPrediction] = deque()
        self._is_away = False
        self.dropped = 0
        """Predictions that found the queue full, or that the scorer refused."""

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, prediction: LoggedPrediction) -> None:
        """Queue a prediction; dropped, and counted, when the queue is full."""
        if len(self._waiting) >= self._capacity:
            self.dropped += 1
            return
        self._waiting.append(prediction)

    async def run(self) -> None:
        """Send until cancelled; while the scorer does not answer, wait longer from time to time."""
        failures = 0
        while True:
            await asyncio.sleep(self._every * min(2**failures, 10))
            failures = 0 if await self._send_all() else failures + 1

    async def flush(self, seconds: float) -> None:
        """Send what is left, within this time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                sent = await self._send_all()
                while not sent:
                    await asyncio.sleep(self._every)
                    sent = await self._send_all()
        if self._waiting:
            LOG.error("%d predictions were not logged: the scorer did not take them in %g s.", len(self), seconds)

    async def _send_all(self) -> bool:
        while self._waiting:
            batch = [self._waiting[index] for index in range(min(LARGEST_BATCH, len(self._waiting)))]
            try:
                await self._post(BATCH.dump_json(batch, by_alias=True))
            except (OSError, TimeoutError) as error:
                self._complain(error)
                return False
            except ValueError as error:
                self.dropped += len(batch)
                LOG.error("The scorer refused %d predictions, they are dropped: %s", len(batch), error)  # noqa: TRY400
            for _ in batch:
                self._waiting.popleft()
            self._is_away = False
        return True

    def _complain(self, error: Exception) -> None:
        # Once for each time that it is away, not five times a second.
        if not self._is_away:
            LOG.warning("The scorer takes no predictions, they are kept and sent again: %s", error or repr(error))
        self._is_away = True
