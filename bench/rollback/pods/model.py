"""A model that answers with its name and nothing else; runs in the bench's cluster."""

import asyncio
import os
import signal

from aiohttp import web

# A gateway goes on sending for a moment after the pod was asked to end.
LINGER_SECONDS = 3.0
KEEP_ALIVE_SECONDS = 7200.0


async def serve() -> None:
    """Answer until SIGTERM, and a little longer."""
    headers = {"x-model": os.environ["MODEL_NAME"]}

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="{}", headers=headers)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application, access_log=None, keepalive_timeout=KEEP_ALIVE_SECONDS)
    await runner.setup()
    await web.TCPSite(runner, "0.0.0.0", 8080).start()  # noqa: S104 - a pod's own address is not known before it runs
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await asyncio.sleep(LINGER_SECONDS)
    await runner.cleanup()


asyncio.run(serve())
