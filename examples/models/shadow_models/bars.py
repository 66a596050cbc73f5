"""Daily index bars, read from where the `arch` distribution installed them."""

import csv
import gzip
import io
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

SYMBOLS = ("sp500", "nasdaq")


@dataclass(frozen=True, slots=True)
class Bars:
    """The closes of one symbol, oldest first."""

    symbol: str
    dates: tuple[date, ...]
    closes: tuple[float, ...]

    @property
    def predictable(self) -> int:
        """How many bars have a next one."""
        return len(self.closes) - 1

    def next_return(self, bar: int) -> float:
        """Return of holding one unit from this bar's close to the next one's."""
        if not 0 <= bar < self.predictable:
            raise LookupError(f"{self.symbol} has no next bar after bar {bar}: ask for 0 to {self.predictable - 1}.")
        return self.closes[bar + 1] / self.closes[bar] - 1.0


@cache
def load_bars(symbol: str) -> Bars:
    """Read one symbol; `arch` itself is never imported, so that no image needs pandas for a CSV file."""
    if symbol not in SYMBOLS:
        raise LookupError(f"symbol is {symbol!r}: it must be one of {', '.join(SYMBOLS)}.")
    rows = list(csv.DictReader(io.StringIO(gzip.decompress(_archive(symbol).read_bytes()).decode())))
    return Bars(
        symbol=symbol,
        dates=tuple(datetime.strptime(f"{row['Date']} +0000", "%m/%d/%Y %z").date() for row in rows),
        closes=tuple(float(row["Close"]) for row in rows),
    )


def load_market() -> dict[str, Bars]:
    """All symbols by name."""
    return {symbol: load_bars(symbol) for symbol in SYMBOLS}


def _archive(symbol: str) -> Path:
    try:
        arch = distribution("arch")
    except PackageNotFoundError as missing:
        raise LookupError("The bars come with the package arch: install it, with --no-deps if you like.") from missing
    return Path(str(arch.locate_file(f"arch/data/{symbol}/{symbol}.csv.gz")))
