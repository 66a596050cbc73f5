"""A model of declared skill: it sees the next bar through just enough noise to be right that often."""

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

from .bars import Bars
from .volatility import volatilities

NORMAL = statistics.NormalDist()
# A signal of this many standard deviations is worth the whole risk that a model may take.
FULL_SIZE = 2.0
# Risk is what a position of 1 has on a calm day: calmer are only so many of a hundred.
CALM_PERCENTILE = 5


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the model would do about one bar."""

    position: float
    confidence: float

    @property
    def action(self) -> str:
        """The position as a word."""
        if self.position == 0.0:
            return "hold"
        return "buy" if self.position > 0.0 else "sell"

    def inverted(self) -> "Forecast":
        """Return the opposite position, held with the same confidence: a broken model does not know that it is."""
        return Forecast(position=-self.position, confidence=self.confidence)


@dataclass(frozen=True, slots=True)
class _Lens:
    """How clearly the model sees one symbol, in units of the symbol's volatility at each bar."""

    moves: tuple[float, ...]
    """Next returns over volatility."""
    sizes: tuple[float, ...]
    """The position that has the risk of a whole one on a calm day: equal risk at every bar."""
    clarity: float
    """1 / standard deviation of the noise."""
    spread: float
    """Standard deviation of the moves."""

    def forecast(self, bar: int, noise: float) -> Forecast:
        signal_to_noise = self.spread * self.clarity
        standard = (self.moves[bar] * self.clarity + noise) / math.hypot(1.0, signal_to_noise)
        return Forecast(
            position=round(max(-1.0, min(1.0, standard / FULL_SIZE)) * self.sizes[bar], 3),
            # The posterior probability that the sign is right, for a model that knows its own noise.
            confidence=round(NORMAL.cdf(abs(standard) * signal_to_noise), 4),
        )


class Forecaster:
    """Deterministic: the same seed, symbol, bar and pass give the same forecast on every machine."""

    def __init__(self, market: Mapping[str, Bars], *, skill: float, seed: int) -> None:
        if not 0.5 <= skill < 1.0:
            raise ValueError(f"SKILL is {skill}: it must be a share of hits from 0.5 to below 1.")
        self._seed = seed
        self._lenses = {symbol: _grind(bars, skill) for symbol, bars in market.items()}

    def forecast(self, symbol: str, bar: int, replay: int) -> Forecast:
        """Say what this model thinks of the bar after `bar`; `replay` counts the passes over the tape."""
        lens = self._lenses.get(symbol)
        if lens is None:
            raise LookupError(f"symbol is {symbol!r}: it must be one of {', '.join(self._lenses)}.")
        if not 0 <= bar < len(lens.moves):
            raise LookupError(f"bar is {bar}: {symbol} has a next bar after bars 0 to {len(lens.moves) - 1}.")
        return lens.forecast(bar, _noise(f"{self._seed}/{symbol}/{bar}/{replay}"))


def _grind(bars: Bars, skill: float) -> _Lens:
    known = volatilities(bars)
    moves = tuple(bars.next_return(bar) / volatility for bar, volatility in enumerate(known))
    calm = statistics.quantiles(known, n=100)[CALM_PERCENTILE - 1]
    return _Lens(
        moves=moves,
        sizes=tuple(min(1.0, calm / volatility) for volatility in known),
        clarity=_clarity([abs(move) for move in moves], skill),
        spread=statistics.pstdev(moves),
    )


def _clarity(moves: list[float], skill: float) -> float:
    """Find the clarity at which the mean chance of a right sign, over all bars, is the declared skill."""
    low, high = 0.0, 1e4
    for _ in range(48):
        middle = (low + high) / 2.0
        hits = statistics.fmean(NORMAL.cdf(move * middle) for move in moves)
        low, high = (middle, high) if hits < skill else (low, middle)
    return low if skill > 0.5 else 0.0


def _noise(name: str) -> float:
    """Draw a standard normal number that depends on nothing but its name."""
    number = int.from_bytes(blake2b(name.encode(), digest_size=8).digest()) >> 12
    return NORMAL.inv_cdf((number + 0.5) / 2.0**52)
