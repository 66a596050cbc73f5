"""What a test on a finished sample, its size fixed in advance, has to say."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from scipy.special import stdtr, stdtrit

from shadow_stats.verdict import ConfidenceInterval

Side = Literal["two-sided", "less", "greater"]


@dataclass(frozen=True, slots=True)
class MeanReport:
    """A test of two equal means on a fixed sample; valid for one look.

    Attributes:
        statistic: effect over standard error, by Student's t under the null.
        pvalue: of the alternative asked for.
        df: degrees of freedom.
        effect: mean of the challenger minus the champion's, in the unit of the series.
        standard_error: of the effect, in the same unit.
        alternative: "two-sided", "less" or "greater", said of the effect.

    """

    statistic: float
    pvalue: float
    df: float
    effect: float
    standard_error: float
    alternative: Side

    def confidence_interval(self, confidence_level: float = 0.95) -> ConfidenceInterval:
        """Return the effects that the test would not reject at 1 - `confidence_level`; half open if one-sided.

        Raises:
            ValueError: the level is not between 0 and 1.

        """
        level = checked_level(confidence_level)
        if self.alternative == "two-sided":
            level = 0.5 + 0.5 * level
        reach = float(stdtrit(self.df, level)) * self.standard_error
        low = -math.inf if self.alternative == "less" else self.effect - reach
        high = math.inf if self.alternative == "greater" else self.effect + reach
        return ConfidenceInterval(low, high)


def mean_report(effect: float, standard_error: float, df: float, alternative: Side) -> MeanReport:
    """Return the report of an effect whose ratio to its positive standard error is Student's t under the null."""
    statistic = effect / standard_error
    return MeanReport(statistic, student_pvalue(statistic, df, alternative), df, effect, standard_error, alternative)


def student_pvalue(statistic: float, df: float, alternative: Side) -> float:
    """Return the p-value of a statistic that is Student's t (normal for infinite `df`) under the null.

    Raises:
        ValueError: the alternative is unknown.

    """
    if checked_side(alternative) == "two-sided":
        return min(1.0, 2.0 * float(stdtr(df, -abs(statistic))))
    return float(stdtr(df, statistic if alternative == "less" else -statistic))


def checked_side(alternative: Side) -> Side:
    """Return `alternative` if it is one of the three.

    Raises:
        ValueError: it is not.

    """
    if alternative not in get_args(Side):
        raise ValueError(f"alternative is {alternative!r}: it must be one of {', '.join(get_args(Side))}.")
    return alternative


def checked_level(confidence_level: float) -> float:
    """Return `confidence_level` if it is a probability, neither 0 nor 1.

    Raises:
        ValueError: it is not.

    """
    if not 0.0 < confidence_level < 1.0:
        raise ValueError(f"confidence_level is {confidence_level}: it must lie between 0 and 1.")
    return confidence_level


def checked_count(name: str, value: int, fewest: int) -> int:
    """Return `value` if it is a whole number and at least `fewest`.

    Raises:
        TypeError: it is not a whole number.
        ValueError: it is smaller.

    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}: it must be a whole number.")
    if value < fewest:
        raise ValueError(f"{name} is {value}: it must be at least {fewest}.")
    return value
