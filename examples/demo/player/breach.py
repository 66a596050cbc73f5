"""When a challenger's drawdown went over the limit, by what Prometheus had scraped, whatever the operator says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .api_server import ApiServer
from .names import NAMESPACE, PROMETHEUS_PATH, ROLLOUT
from .story import Step

LIVE = f'{{namespace="{NAMESPACE}",rollout="{ROLLOUT}",model="%s",book="live"}}'


@dataclass(frozen=True)
class Result:
    """Cumulative profit and loss of real decisions, as of one scrape."""

    at: float
    total: float


def live_results(api: ApiServer, model: str, seconds: int) -> list[Result]:
    """Return every scrape of the last so many seconds."""
    profit = _scrapes(api, "model_profit_total", model, seconds)
    loss = _scrapes(api, "model_loss_total", model, seconds)
    return [Result(at, profit[at] - loss[at]) for at in sorted(profit) if at in loss]


def _scrapes(api: ApiServer, name: str, model: str, seconds: int) -> dict[float, float]:
    answer = api.get(f"{PROMETHEUS_PATH}/api/v1/query", query=f"{name}{LIVE % model}[{seconds}s]")
    series: list[dict[str, Any]] = answer["data"]["result"] if answer else []
    return {float(at): float(value) for one in series for at, value in one["values"]}


def drawdowns(results: Sequence[Result], steps: Sequence[Step], capital: float) -> Iterator[tuple[float, float]]:
    """Give (moment, drawdown) from the first step on: each gain is a share of the capital that it was made with."""
    begun = [(step.begun, step.percent) for step in steps if step.begun is not None]
    if not begun:
        return
    equity = peak = 1.0
    # What a former rollout of the same name left in the books is none of this one's.
    own = [result for result in results if result.at >= begun[0][0] - 1.0]
    for earlier, later in pairwise(own):
        percent = next((share for start, share in reversed(begun) if start <= later.at), begun[0][1])
        equity += (later.total - earlier.total) / (capital * percent / 100.0)
        peak = max(peak, equity)
        yield later.at, (peak - equity) / peak


def first_breach(points: Iterator[tuple[float, float]], limit: float) -> float | None:
    """Return the moment of the first drawdown over the limit."""
    return next((at for at, drawdown in points if drawdown > limit), None)
