"""Short ways to write what the tests talk about."""

from datetime import date, timedelta

from examples.models.shadow_models.bars import Bars
from examples.models.shadow_models.messages import LoggedPrediction

ROLLOUT = "trading/momentum"


def bars(*closes: float, symbol: str = "sp500") -> Bars:
    days = tuple(date(2001, 1, 1) + timedelta(days=day) for day in range(len(closes)))
    return Bars(symbol=symbol, dates=days, closes=closes)


def logged(
    model: str,
    bar: int,
    position: float = 1.0,
    *,
    symbol: str = "sp500",
    replay: int = 0,
    shadow: bool = False,
    confidence: float = 0.55,
) -> LoggedPrediction:
    return LoggedPrediction(
        id=f"{symbol}-{replay}-{bar}",
        rollout=ROLLOUT,
        model=model,
        symbol=symbol,
        bar=bar,
        replay=replay,
        position=position,
        confidence=confidence,
        shadow=shadow,
    )
