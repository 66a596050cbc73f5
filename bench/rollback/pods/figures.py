"""What the models of all lanes earn, as Prometheus scrapes it, and when Prometheus first answered that one broke.

A break is told by the figures of the metrics contract (the challenger loses half of the capital at once) and by
`bench_broken` (1), which other controllers look at; both change in the same scrape.
"""

import asyncio
import contextlib
import os
import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

NAMESPACE = "bench"
TICK_SECONDS = 0.1
SCATTER = 2.0
EDGE = 3.0
DECISIONS_A_TICK = 4
LOST = 5000.0
PROBE_SECONDS = 0.02
QUERY = "bench_breaks"


@dataclass
class Model:
    """The counters of one model."""

    edge: float
    profit: float = 0.0
    loss: float = 0.0
    ticks: int = 0

    def tick(self) -> None:
        """Earn or lose what a tenth of a second brings."""
        result = random.gauss(self.edge, SCATTER)
        self.profit += max(result, 0.0)
        self.loss += max(-result, 0.0)
        self.ticks += 1


@dataclass
class Lane:
    """One lane's models, and when its challenger broke last."""

    models: dict[str, Model] = field(default_factory=dict)
    challenger: str = ""
    is_broken: bool = False
    breaks: int = 0
    broken_at: float | None = None
    visible: int = 0
    visible_at: float | None = None


class Figures:
    """All lanes."""

    def __init__(self) -> None:
        self.lanes: dict[str, Lane] = {}
        self._begun = time.monotonic()
        self._ticks = 0

    def lines(self) -> Iterator[str]:
        """What a scrape gets."""
        due = int((time.monotonic() - self._begun) / TICK_SECONDS)
        for _ in range(due - self._ticks):
            for lane in self.lanes.values():
                for model in lane.models.values():
                    model.tick()
        self._ticks = due
        for name, lane in self.lanes.items():
            yield f'bench_broken{{lane="{name}"}} {int(lane.is_broken)}\n'
            yield f'{QUERY}{{lane="{name}"}} {lane.breaks}\n'
            for own, book in lane.models.items():
                labels = f'namespace="{NAMESPACE}",rollout="{name}",model="{own}"'
                yield f"model_profit_total{{{labels}}} {book.profit!r}\n"
                yield f"model_loss_total{{{labels}}} {book.loss!r}\n"
                yield f"model_decisions_total{{{labels}}} {book.ticks * DECISIONS_A_TICK}\n"
                yield f'model_trades_total{{{labels},outcome="win"}} {book.ticks * DECISIONS_A_TICK}\n'

    def race(self, names: Iterable[str], challenger: str, others: Iterable[str]) -> None:
        """In these lanes the challenger earns more than it can by chance, and the others nothing."""
        for name in names:
            lane = self.lanes.setdefault(name, Lane())
            lane.challenger, lane.is_broken = challenger, False
            lane.models = {each: lane.models.get(each, Model(0.0)) for each in (*others, challenger)}
            for each, model in lane.models.items():
                model.edge = EDGE if each == challenger else 0.0

    def break_(self, names: Iterable[str]) -> None:
        """The challenger of these lanes fails, now."""
        for name in names:
            lane = self.lanes[name]
            lane.models[lane.challenger].loss += LOST
            lane.is_broken, lane.breaks, lane.broken_at = True, lane.breaks + 1, time.time()

    def mend(self, names: Iterable[str]) -> None:
        """From now on nothing is broken there."""
        for name in names:
            self.lanes[name].is_broken = False

    def seen(self) -> dict[str, dict[str, float | None]]:
        """When each lane broke last, and when Prometheus first answered with it; None while it has not."""
        return {
            name: {
                "brokenAt": lane.broken_at,
                "visibleAt": lane.visible_at if lane.visible == lane.breaks else None,
            }
            for name, lane in self.lanes.items()
        }

    async def probe(self, prometheus: str) -> None:
        """Ask Prometheus for the breaks, fifty times a second.

        The moment counted is that at which the first question that was answered with it was sent: so a controller that
        asks at the same time has no advantage.
        """
        timeout = aiohttp.ClientTimeout(total=2.0)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                sent = time.time()
                with contextlib.suppress(aiohttp.ClientError, TimeoutError, KeyError, ValueError):
                    async with session.get(f"{prometheus}/api/v1/query", params={"query": QUERY}) as response:
                        self._take_in(await response.json(), sent)
                await asyncio.sleep(max(sent + PROBE_SECONDS - time.time(), 0.001))

    def _take_in(self, answer: dict[str, dict[str, list[dict[str, dict[str, str]]]]], sent: float) -> None:
        for series in answer["data"]["result"]:
            lane = self.lanes.get(series["metric"]["lane"])
            breaks = int(float(series["value"][1]))  # type: ignore[index] # a pair of a moment and a text
            if lane is not None and breaks > lane.visible:
                lane.visible, lane.visible_at = breaks, sent


def application(figures: Figures) -> web.Application:
    """What it answers to."""

    def named(request: web.Request) -> list[str]:
        return request.query["lanes"].split(",")

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(text="".join(figures.lines()), headers={"content-type": "text/plain; version=0.0.4"})

    async def race(request: web.Request) -> web.Response:
        figures.race(named(request), request.query["challenger"], request.query["others"].split(","))
        return web.Response()

    async def break_(request: web.Request) -> web.Response:
        figures.break_(named(request))
        return web.Response()

    async def mend(request: web.Request) -> web.Response:
        figures.mend(named(request))
        return web.Response()

    async def seen(_: web.Request) -> web.Response:
        return web.json_response(figures.seen())

    app = web.Application()
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/seen", seen)
    app.router.add_post("/race", race)
    app.router.add_post("/break", break_)
    app.router.add_post("/mend", mend)
    return app


async def serve() -> None:
    """Serve for as long as the pod lives."""
    figures = Figures()
    runner = web.AppRunner(application(figures), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "0.0.0.0", 8080).start()  # noqa: S104 - a pod's own address is not known before it runs
    await figures.probe(os.environ["PROMETHEUS"])


if __name__ == "__main__":
    asyncio.run(serve())
