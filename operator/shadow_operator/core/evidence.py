"""What is known about one challenger against the champion."""

from dataclasses import dataclass

from shadow_stats import ComparisonResult


@dataclass(frozen=True, slots=True)
class Evidence:
    """The comparison of one challenger with the champion so far.

    Attributes:
        mean: paired difference of profit per decision, in account currency; one sample an interval.
        sharpe: difference of the Sharpe ratios of the same series.
        pvalue_mean: always-valid p-value of "better", for two sides, adjusted over all challengers (Holm).
        pvalue_sharpe: the same for the Sharpe ratio.
        drawdown: the challenger's deepest drawdown while compared, as a fraction of its equity.
        champion_drawdown: the champion's over the same intervals.
        trades: trades settled while compared.
        wins: paired difference of the win rates, a fraction: an interval is won that ends with a gain.
        pvalue_wins: always-valid p-value of a higher win rate, for two sides, adjusted over all challengers (Holm).
        profit_factor: the challenger's gains over its losses while compared; infinite without a loss, None while it has
            neither.
        champion_profit_factor: the champion's over the same intervals.
        blind: why the newest interval could not be read, None when it could.

    """

    mean: ComparisonResult
    sharpe: ComparisonResult
    pvalue_mean: float
    pvalue_sharpe: float
    drawdown: float
    champion_drawdown: float
    trades: int
    wins: ComparisonResult
    pvalue_wins: float
    profit_factor: float | None
    champion_profit_factor: float | None
    blind: str | None = None
