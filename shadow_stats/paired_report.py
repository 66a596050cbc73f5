"""Test of the mean paired difference on a finished sample, for reports."""

import math

from numpy.typing import ArrayLike

from shadow_stats.fixed_sample import MeanReport, Side, mean_report
from shadow_stats.long_run_variance import FEWEST, LagProducts
from shadow_stats.series import checked_pair


def paired_mean_report(challenger: ArrayLike, champion: ArrayLike, *, alternative: Side = "two-sided") -> MeanReport:
    """Test equal means of two series seen at the same times, dependent on each other and over time.

    The standard error is that of an autoregression of the differences, its order chosen from the data; where it finds
    no dependence, this is the paired t-test. Valid for one look at a size fixed in advance: `PairedMean` is the test
    to watch.

    Args:
        challenger: profit and loss or returns, in their order in time; shape (n,), n at least 20.
        champion: the same of the champion at the same times, in the same unit; shape (n,).
        alternative: "two-sided", "less" or "greater", said of the challenger's mean.

    Raises:
        ValueError: a series is refused or too short, the lengths differ, the difference does not vary, or the
            alternative is unknown.

    Source: the variance of den Haan and Levin (1997), "A practitioner's guide to robust covariance matrix estimation".

    """
    first, second = checked_pair(challenger, champion)
    if first.size < FEWEST:
        raise ValueError(f"there are {first.size} pairs: at least {FEWEST} are needed.")
    differences = first - second
    products = LagProducts()
    products.extend(differences.tolist())
    variance = products.long_run_variance()
    if variance <= 0.0:
        raise ValueError("the difference of the series does not vary: there is nothing to test.")
    return mean_report(products.mean(), math.sqrt(variance / first.size), first.size - 1, alternative)
