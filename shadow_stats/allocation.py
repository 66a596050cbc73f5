"""How much of a whole to give to each model: from trials by Thompson sampling, from shadow profits by weights."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shadow_stats.fixed_sample import checked_count
from shadow_stats.series import checked

Weights = NDArray[np.float64]

# What an arm without any weight counts for when the others are at their cap: less than any weight that matters.
_NEGLIGIBLE = 1e-12


def thompson_beta(
    successes: ArrayLike, failures: ArrayLike, *, rng: np.random.Generator, draws: int = 1, prior: float = 1.0
) -> Weights:
    """Return the share of posterior draws in which each arm has the highest success rate.

    One draw is Thompson's rule itself: all weight on the arm to use next. Many draws are the probabilities with which
    that rule would use each. Means of arms chosen this way are biased; compare arms on shadow results instead.

    Args:
        successes: of each arm; shape (k,), at least 0.
        failures: of each arm; shape (k,), at least 0.
        rng: source of the draws.
        draws: how many; at least 1.
        prior: successes and failures supposed of each arm before the first trial; positive.

    Returns:
        Weights that sum to 1; shape (k,).

    Raises:
        ValueError: lengths differ, an entry is negative or no number, there is no arm, or an argument is out of range.
        TypeError: `draws` is not a whole number.

    Source: Thompson (1933), "On the likelihood that one unknown probability exceeds another in view of the evidence of
    two samples".

    """
    won, lost = _checked_arms("successes", successes, "failures", failures)
    for name, counts in (("successes", won), ("failures", lost)):
        if counts.min() < 0.0:
            raise ValueError(f"{name}[{int(counts.argmin())}] is {counts.min()}: it must be at least 0.")
    _check_positive("prior", prior)
    return _shares_of_best(rng.beta(won + prior, lost + prior, size=(checked_count("draws", draws, 1), won.size)))


def thompson_normal(
    means: ArrayLike, errors: ArrayLike, *, rng: np.random.Generator, draws: int = 1, prior_deviation: float = math.inf
) -> Weights:
    """Return the share of posterior draws in which each arm has the highest mean.

    Args:
        means: average result of each arm, higher is better; shape (k,), any unit.
        errors: its standard error; shape (k,), positive, in the same unit.
        rng: source of the draws.
        draws: as in `thompson_beta`.
        prior_deviation: standard deviation, about zero, of the true means before the first trial; positive, infinite
            for no prior.

    Returns:
        Weights that sum to 1; shape (k,).

    Raises:
        ValueError: lengths differ, an entry is no number, an error is not positive, or an argument is out of range.
        TypeError: `draws` is not a whole number.

    Source: Agrawal and Goyal (2017), "Near-optimal regret bounds for Thompson sampling".

    """
    centres, widths = _checked_arms("means", means, "errors", errors)
    if widths.min() <= 0.0:
        raise ValueError(f"errors[{int(widths.argmin())}] is {widths.min()}: it must be positive.")
    if not prior_deviation > 0.0:
        raise ValueError(f"prior_deviation is {prior_deviation}: it must be positive, or infinite for no prior.")
    trust = 1.0 / (1.0 + (widths / prior_deviation) ** 2)
    size = (checked_count("draws", draws, 1), centres.size)
    return _shares_of_best(rng.normal(trust * centres, np.sqrt(trust) * widths, size=size))


def ewma_weights(pnl: ArrayLike, *, half_life: float) -> Weights:
    """Return weights in proportion to each model's recent mean profit; models that lose get none.

    All weights are equal where no model gains. Give the result to `limited_weights` for smoothing and caps.

    Args:
        pnl: profit and loss, rows in their order in time; shape (n, k), n at least 1, any unit.
        half_life: rows after which a row counts half; positive and finite.

    Returns:
        Weights that sum to 1; shape (k,).

    Raises:
        ValueError: `pnl` is not two-dimensional, empty, or holds nan, an infinity or a number beyond 1e60, or
            `half_life` is not positive and finite.

    """
    rows = _checked_panel(pnl)
    _check_positive("half_life", half_life)
    age = np.arange(len(rows) - 1, -1, -1)
    gains = np.maximum(np.average(rows, axis=0, weights=np.exp2(-age / half_life)), 0.0)
    largest = float(gains.max())
    return _normalised(gains / largest if largest > 0.0 else np.ones(gains.size))


def hedge_weights(pnl: ArrayLike, *, scale: float, learning_rate: float | None = None) -> Weights:
    """Return weights in proportion to exp(learning rate x total profit / scale).

    If in no row two models differ by more than `scale`, following these weights row by row earns at most
    scale x (learning rate x n / 8 + ln(k) / learning rate) less than the best model: for any series, not on average.

    Args:
        pnl: profit and loss; shape (n, k), n at least 1, any unit.
        scale: largest difference between two models in one row; positive, in the unit of `pnl`.
        learning_rate: positive and finite; None for sqrt(8 ln(k) / n), best for these n rows.

    Returns:
        Weights that sum to 1; shape (k,).

    Raises:
        ValueError: `pnl` is not two-dimensional, empty, or holds nan, an infinity or a number beyond 1e60, or an
            argument is not positive and finite or `scale` far too small.

    Source: Freund and Schapire (1997), "A decision-theoretic generalization of on-line learning and an application to
    boosting"; Cesa-Bianchi and Lugosi (2006), "Prediction, learning, and games", theorem 2.2, for the bound.

    """
    rows = _checked_panel(pnl)
    _check_positive("scale", scale)
    if learning_rate is not None:
        _check_positive("learning_rate", learning_rate)
    rate = math.sqrt(8.0 * math.log(rows.shape[1]) / len(rows)) if learning_rate is None else learning_rate
    with np.errstate(over="ignore", invalid="ignore"):
        logs = rate * (rows / scale).sum(axis=0)
    if not np.isfinite(logs).all():
        raise ValueError(f"scale is {scale}: it must not be so small that the pnl in its unit is beyond all numbers.")
    return _normalised(np.exp(logs - logs.max()))


def limited_weights(
    weights: ArrayLike,
    *,
    cap: float = 1.0,
    floor: float = 0.0,
    previous: ArrayLike | None = None,
    smoothing: float = 0.0,
) -> Weights:
    """Return weights moved only part of the way from the previous ones, and within limits.

    What a cap takes away goes to the others in proportion to their weights. The limits hold after the smoothing.

    Args:
        weights: wanted; shape (k,), at least 0, not all 0; any sum.
        cap: largest weight allowed; at least 1 / k.
        floor: smallest weight allowed; from 0 to 1 / k.
        previous: weights now; shape (k,), likewise; None for none.
        smoothing: share of the previous weights that is kept; from 0 to below 1.

    Returns:
        Weights that sum to 1, each from `floor` to `cap`; shape (k,).

    Raises:
        ValueError: an argument is outside its range, or the lengths differ.

    """
    wanted = _normalised(_checked_weights("weights", weights))
    if not 0.0 <= smoothing < 1.0:
        raise ValueError(f"smoothing is {smoothing}: it must be at least 0 and below 1.")
    if not 0.0 <= floor * wanted.size <= 1.0 <= cap * wanted.size:
        raise ValueError(f"{wanted.size} weights from {floor} to {cap} cannot sum to 1.")
    if previous is not None:
        before = _normalised(_checked_weights("previous", previous))
        if before.size != wanted.size:
            raise ValueError(f"there are {wanted.size} weights and {before.size} previous ones.")
        wanted = smoothing * before + (1.0 - smoothing) * wanted
    return _within(wanted, floor, cap)


def _within(wanted: Weights, floor: float, cap: float) -> Weights:
    """Scale by the one factor at which the clipped weights sum to 1: their sum is piecewise linear in it."""
    if floor <= wanted.min() and wanted.max() <= cap:
        return wanted
    raised = np.maximum(wanted, _NEGLIGIBLE)
    factors = np.unique(np.concatenate([[0.0], floor / raised, cap / raised]))
    sums = np.clip(np.outer(factors, raised), floor, cap).sum(axis=1)
    above = min(max(int(np.searchsorted(sums, 1.0)), 1), factors.size - 1)
    low, high = sums[above - 1], sums[above]
    part = min(max((1.0 - low) / (high - low), 0.0), 1.0) if high > low else 1.0
    factor = factors[above - 1] + part * (factors[above] - factors[above - 1])
    return np.asarray(np.clip(factor * raised, floor, cap))


def _shares_of_best(samples: NDArray[np.float64]) -> Weights:
    return np.bincount(samples.argmax(axis=1), minlength=samples.shape[1]) / len(samples)


def _normalised(weights: Weights) -> Weights:
    return np.asarray(weights / weights.sum())


def _checked_weights(name: str, weights: ArrayLike) -> Weights:
    values = checked(name, weights)
    if not values.any():
        raise ValueError(f"{name} is {values.tolist()}: at least one entry must be above 0.")
    if values.min() < 0.0:
        raise ValueError(f"{name}[{int(values.argmin())}] is {values.min()}: it must be at least 0.")
    return values


def _checked_arms(name: str, first: ArrayLike, other: str, second: ArrayLike) -> tuple[Weights, Weights]:
    one, two = checked(name, first), checked(other, second)
    if one.size != two.size or one.size == 0:
        raise ValueError(f"{name} has {one.size} entries and {other} {two.size}: one of each for every arm is needed.")
    return one, two


def _check_positive(name: str, value: float) -> None:
    if not 0.0 < value < math.inf:
        raise ValueError(f"{name} is {value}: it must be positive and finite.")


def _checked_panel(pnl: ArrayLike) -> Weights:
    panel = np.asarray(pnl, dtype=np.float64)
    if panel.ndim != 2 or panel.size == 0:
        raise ValueError(f"pnl has shape {panel.shape}: it must be rows by models, at least one of each.")
    checked("pnl", panel.ravel())
    return panel
