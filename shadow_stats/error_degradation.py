"""Whether predictions err more than a baseline's on the same rows."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shadow_stats.long_run_variance import FEWEST, LagProducts
from shadow_stats.series import checked

Series = NDArray[np.float64]


class Metric(StrEnum):
    """How an error is measured."""

    MAE = "MAE"
    """Mean absolute error, in the unit of the truth."""
    RMSE = "RMSE"
    """Root mean squared error, in the unit of the truth."""
    MAPE = "MAPE"
    """Mean absolute error as a share of the size of the truth: .1 is ten per cent."""
    DIRECTIONAL_ACCURACY = "DirectionalAccuracy"
    """Share of rows with a move in which the predicted sign is the true one; higher is better."""


@dataclass(frozen=True, slots=True)
class Degradation:
    """One metric of the current predictions against the baseline's.

    Attributes:
        metric: which.
        value: of the current predictions.
        baseline: of the baseline's predictions.
        relative_change: (value - baseline) / baseline, positive where the metric grew; inf or nan over a zero.
        statistic: mean paired difference of the rows' losses over its standard error; positive is worse. nan where
            the difference is the same in every row.
        pvalue: one-sided, against "no worse than the baseline"; 1 where the statistic is nan.
        samples: rows used.

    """

    metric: Metric
    value: float
    baseline: float
    relative_change: float
    statistic: float
    pvalue: float
    samples: int


def degradation(metric: Metric | str, truth: ArrayLike, predicted: ArrayLike, baseline: ArrayLike) -> Degradation:
    """Compare the losses of two sets of predictions row by row.

    The standard error allows for dependence over a short time. The test is for one look at a size fixed in advance.

    Args:
        metric: which error to compare; its rows' losses are |e|, e^2, |e / truth| and "wrong sign".
        truth: what came; shape (n,). For the direction these are changes such as returns, and rows without a move
            are left out.
        predicted: current predictions; shape (n,), in the unit of the truth.
        baseline: predictions of the baseline for the same rows; shape (n,).

    Raises:
        ValueError: an unknown metric, lengths that differ, a number that `checked` refuses, fewer than 20 rows, or a
            truth for MAPE that is 0 or so small that a loss is beyond 1e60.

    Source: Diebold and Mariano (1995), "Comparing predictive accuracy".

    """
    kind = Metric(metric)
    target, current, before = _usable_rows(kind, truth, predicted, baseline)
    losses = tuple(checked(f"{kind} losses", _LOSSES[kind](target, one)) for one in (current, before))
    statistic = _paired_statistic(losses[0] - losses[1])
    pvalue = 1.0 if math.isnan(statistic) else 0.5 * math.erfc(statistic * math.sqrt(0.5))
    value, reference = (_summary(kind, float(x.mean())) for x in losses)
    return Degradation(kind, value, reference, _relative_change(value, reference), statistic, pvalue, int(target.size))


def _usable_rows(
    metric: Metric, truth: ArrayLike, predicted: ArrayLike, baseline: ArrayLike
) -> tuple[Series, Series, Series]:
    target, current, before = checked("truth", truth), checked("predicted", predicted), checked("baseline", baseline)
    if not target.size == current.size == before.size:
        raise ValueError(
            f"truth has {target.size} entries, predicted {current.size} and baseline {before.size}: "
            "they must be the same rows."
        )
    moved = target != 0.0
    if metric is Metric.DIRECTIONAL_ACCURACY:
        target, current, before = target[moved], current[moved], before[moved]
    if metric is Metric.MAPE and not moved.all():
        raise ValueError(f"truth[{int(np.argmin(moved))}] is 0: MAPE divides by it.")
    if target.size < FEWEST:
        raise ValueError(f"there are {target.size} usable rows: at least {FEWEST} are needed.")
    return target, current, before


_LOSSES: dict[Metric, Callable[[Series, Series], Series]] = {
    Metric.MAE: lambda truth, predicted: np.abs(predicted - truth),
    Metric.RMSE: lambda truth, predicted: (predicted - truth) ** 2,
    Metric.MAPE: lambda truth, predicted: np.abs((predicted - truth) / truth),
    Metric.DIRECTIONAL_ACCURACY: lambda truth, predicted: (np.sign(predicted) != np.sign(truth)).astype(np.float64),
}


def _summary(metric: Metric, mean_loss: float) -> float:
    if metric is Metric.RMSE:
        return math.sqrt(mean_loss)
    return 1.0 - mean_loss if metric is Metric.DIRECTIONAL_ACCURACY else mean_loss


def _relative_change(value: float, reference: float) -> float:
    if reference == 0.0:
        return math.nan if value == 0.0 else math.inf
    return value / reference - 1.0


def _paired_statistic(differences: Series) -> float:
    sums = LagProducts()
    sums.extend(differences.tolist())
    variance = sums.long_run_variance()
    return sums.mean() / math.sqrt(variance / sums.samples) if variance > 0.0 else math.nan
