"""Does the challenger win more often? Tests on a finished sample, for reports; `PairedSign` is the one to watch."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr, ndtri

from shadow_stats.fixed_sample import Side, checked_count, checked_level, student_pvalue
from shadow_stats.series import checked_pair
from shadow_stats.verdict import ConfidenceInterval

Tail = Literal["exact", "mid-p"]


@dataclass(frozen=True, slots=True)
class WinRateReport:
    """A test of two equal win rates on a fixed sample; valid for one look.

    Attributes:
        statistic: effect over its standard error under the null; 0 when neither ever differed.
        pvalue: of the alternative asked for.
        effect: win rate of the challenger minus the champion's, between -1 and 1.
        standard_error: of the effect, without the null.

    """

    statistic: float
    pvalue: float
    effect: float
    standard_error: float

    def confidence_interval(self, confidence_level: float = 0.95) -> ConfidenceInterval:
        """Return the two-sided normal (Wald) interval of the difference, for large counts.

        Raises:
            ValueError: the level is not between 0 and 1.

        """
        reach = float(ndtri(0.5 + 0.5 * checked_level(confidence_level))) * self.standard_error
        return ConfidenceInterval(max(self.effect - reach, -1.0), min(self.effect + reach, 1.0))


@dataclass(frozen=True, slots=True)
class PairedWins:
    """Who won how often, of pairs seen at the same times. A win is a profit above zero.

    Attributes:
        both: pairs that both won.
        challenger_only: pairs that only the challenger won.
        champion_only: pairs that only the champion won.
        neither: pairs that neither won.

    Raises:
        ValueError: a count is negative.
        TypeError: a count is not a whole number.

    """

    both: int
    challenger_only: int
    champion_only: int
    neither: int

    def __post_init__(self) -> None:
        for name in ("both", "challenger_only", "champion_only", "neither"):
            checked_count(name, getattr(self, name), 0)

    @classmethod
    def of(cls, challenger: ArrayLike, champion: ArrayLike) -> "PairedWins":
        """Count the wins of two streams of profit and loss; shape (n,) each.

        Raises:
            ValueError: a series is refused or the lengths differ.

        """
        first, second = (series > 0.0 for series in checked_pair(challenger, champion))
        cells = (first & second, first & ~second, second & ~first, ~(first | second))
        return cls(*(int(np.count_nonzero(cell)) for cell in cells))


def two_proportion(
    wins: tuple[int, int], samples: tuple[int, int], *, alternative: Side = "two-sided"
) -> WinRateReport:
    """Test equal win rates of two independent samples by the pooled normal approximation.

    It ignores that both models saw the same market; `mcnemar` does not.

    Args:
        wins: of the challenger and of the champion.
        samples: of the challenger and of the champion; at least 1 each.
        alternative: "two-sided", "less" or "greater", said of the challenger's rate.

    Raises:
        ValueError: there are more wins than samples, nobody won or everybody did, or a term is out of its range.
        TypeError: a count is not a whole number.

    Source: the textbook test; the square of its statistic is Pearson's chi-square of the table of wins and losses.

    """
    for name, won, count in zip(("challenger", "champion"), wins, samples, strict=True):
        checked_count(f"samples of the {name}", count, 1)
        if checked_count(f"wins of the {name}", won, 0) > count:
            raise ValueError(f"{name} has {won} wins in {count} samples: there cannot be more.")
    pooled = sum(wins) / sum(samples)
    if pooled in {0.0, 1.0}:
        raise ValueError("all samples are wins or none is: there is nothing to test.")
    rates = [won / count for won, count in zip(wins, samples, strict=True)]
    effect = rates[0] - rates[1]
    statistic = effect / math.sqrt(pooled * (1.0 - pooled) * sum(1.0 / count for count in samples))
    error = math.sqrt(sum(rate * (1.0 - rate) / count for rate, count in zip(rates, samples, strict=True)))
    return WinRateReport(statistic, student_pvalue(statistic, math.inf, alternative), effect, error)


def mcnemar(wins: PairedWins, *, tail: Tail = "exact") -> WinRateReport:
    """Test equal win rates of paired samples by the pairs that only one of both won; two-sided.

    Args:
        wins: as counted by `PairedWins.of`; at least one pair.
        tail: "exact" never rejects too often; "mid-p" counts half of what is as extreme as the data, keeps the level
            in practice and is less timid.

    Raises:
        ValueError: there is no pair, or the tail is unknown.

    Source: McNemar (1947), "Note on the sampling error of the difference between correlated proportions or
    percentages", exact by the binomial law; Fagerland, Lydersen and Laake (2013), "The McNemar test for
    binary matched-pairs data: mid-p and asymptotic are better than exact conditional".

    """
    first, second = wins.challenger_only, wins.champion_only
    samples = wins.both + first + second + wins.neither
    if samples < 1:
        raise ValueError("there are no pairs: at least 1 is needed.")
    if tail not in get_args(Tail):
        raise ValueError(f"tail is {tail!r}: it must be one of {', '.join(get_args(Tail))}.")
    discordant = first + second
    effect = (first - second) / samples
    statistic = (first - second) / math.sqrt(discordant) if discordant else 0.0
    error = math.sqrt(max(discordant / samples - effect**2, 0.0) / samples)
    return WinRateReport(statistic, _fair_coin_pvalue(min(first, second), discordant, tail), effect, error)


def _fair_coin_pvalue(fewer: int, tosses: int, tail: Tail) -> float:
    exact = min(1.0, 2.0 * float(bdtr(fewer, tosses, 0.5)))
    if tail == "exact":
        return exact
    beyond = 2.0 * float(bdtr(fewer - 1, tosses, 0.5)) if fewer else 0.0
    # At a tie everything else is more extreme by half of the tie's own probability, otherwise both ends are ties.
    return 0.5 * (exact + beyond)
