"""Welch's t-test of two means, for reports and for readers who expect to see it."""

import math

from numpy.typing import ArrayLike

from shadow_stats.fixed_sample import MeanReport, Side, mean_report
from shadow_stats.long_run_variance import ROUNDING_SHARE
from shadow_stats.series import checked


def welch(challenger: ArrayLike, champion: ArrayLike, *, alternative: Side = "two-sided") -> MeanReport:
    """Test equal means of two independent samples of independent numbers, their variances free.

    It does not know that both models saw the same market: where they did, `paired_mean_report` needs a fraction of
    the data. It is valid for one look, without autocorrelation.

    Args:
        challenger: profit and loss or returns; shape (m,), m at least 2.
        champion: the same of the champion, in the same unit; shape (n,), n at least 2.
        alternative: "two-sided", "less" or "greater", said of the challenger's mean.

    Raises:
        ValueError: a series is refused or too short, neither varies, or the alternative is unknown.

    Source: Welch (1947), "The generalization of 'Student's' problem when several different population variances are
    involved"; degrees of freedom by Satterthwaite (1946), "An approximate distribution of estimates of variance
    components".

    """
    samples = {"challenger": checked("challenger", challenger), "champion": checked("champion", champion)}
    for name, series in samples.items():
        if series.size < 2:
            raise ValueError(f"{name} has {series.size} entries: at least 2 are needed.")
    first, second = samples.values()
    parts = [float(series.var(ddof=1)) / series.size for series in (first, second)]
    variance = sum(parts)
    # What remains of the variance of a constant is the rounding of its mean.
    if variance <= ROUNDING_SHARE * sum(float(series @ series) / series.size**2 for series in (first, second)):
        raise ValueError("neither series varies: there is nothing to test.")
    df = variance**2 / sum(part**2 / (series.size - 1) for part, series in zip(parts, (first, second), strict=True))
    return mean_report(float(first.mean() - second.mean()), math.sqrt(variance), df, alternative)
