"""Write champion.csv and challenger.csv beside this file: made-up profit and loss of two models on one market.

The market has heavy tails and a volatility that comes and goes. The challenger calls most hours as the champion does
and is right more often in the rest; each was down for some hours, so that some times are in one file only.
"""

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SEED = 20_260_105
HOURS = 1_500
START = datetime(2026, 1, 5, tzinfo=UTC)
NOTIONAL = 10_000.0
HERE = Path(__file__).parent


def market(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the hourly returns; shape (HOURS,)."""
    volatility = np.empty(HOURS)
    level = 0.0
    for hour, shock in enumerate(rng.normal(scale=0.1, size=HOURS)):
        level = 0.97 * level + shock
        volatility[hour] = 0.002 * np.exp(level)
    return volatility * rng.standard_t(5, size=HOURS)


def hits(rng: np.random.Generator, probability: float) -> NDArray[np.bool_]:
    """Return in which hours a model calls the direction; shape (HOURS,)."""
    return rng.random(HOURS) < probability


def write(path: Path, right: NDArray[np.bool_], returns: NDArray[np.float64], down: NDArray[np.int64]) -> None:
    """Write what a model earned in each hour that it was not down."""
    pnl = NOTIONAL * np.abs(returns) * np.where(right, 1.0, -1.0)
    with path.open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["timestamp", "pnl"])
        rows.writerows(
            [(START + timedelta(hours=hour)).isoformat(), f"{pnl[hour]:.2f}"]
            for hour in range(HOURS)
            if hour not in down
        )


def main() -> None:
    """Write both files; the same bytes every time."""
    rng = np.random.default_rng(SEED)
    returns = market(rng)
    champion = hits(rng, 0.51)
    challenger = np.where(rng.random(HOURS) < 0.6, champion, hits(rng, 0.7))
    write(HERE / "champion.csv", champion, returns, rng.choice(HOURS, 6, replace=False))
    write(HERE / "challenger.csv", challenger, returns, rng.choice(HOURS, 4, replace=False))


if __name__ == "__main__":
    main()
