"""Posts batches of predictions to the scorer."""

import contextlib
from collections.abc import AsyncIterator

import aiohttp

from .outbox import Post

TIMEOUT = aiohttp.ClientTimeout(total=3.0)


@contextlib.asynccontextmanager
async def scorer_post(scorer_url: str) -> AsyncIterator[Post]:
    """Yield a function that posts one batch and raises unless the scorer took it.

    OSError: not now; ValueError: never, as the batch is not understood.
    """
    async with aiohttp.ClientSession(timeout=TIMEOUT) as session:

        async def post(body: bytes) -> None:
            headers = {"content-type": "application/json"}
            try:
                async with session.post(f"{scorer_url}/predictions", data=body, headers=headers) as response:
                    if response.status == 422:
                        raise ValueError(await response.text())
                    if response.status != 200:
                        raise ConnectionError(f"the scorer answered {response.status}: it must answer 200")
            except aiohttp.ClientError as error:
                raise ConnectionError(str(error) or repr(error)) from error

        yield post
