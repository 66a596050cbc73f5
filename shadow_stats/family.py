"""Several comparisons at once: which of many challengers are better, with one error rate for all."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shadow_stats.design import Correction, Design, Sides
from shadow_stats.verdict import ComparisonResult

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FamilyDecision:
    """Which challengers of a family are better, in the order of the results that were given.

    Attributes:
        better: whether `adjusted` is at most the design's alpha.
        adjusted: the smallest alpha at which a design with the same sides would call the challenger better, at most 1.

    """

    better: tuple[bool, ...]
    adjusted: tuple[float, ...]


def decide_family(design: Design, results: Sequence[ComparisonResult]) -> FamilyDecision:
    """Return which of several challengers are better at this moment, by the correction of their common design.

    `Correction.HOLM` takes the always-valid p-values for "better" through `holm`. They are running minima, so what is
    found may be kept, and the probability of any false "better" at any time is at most alpha.

    `Correction.E_BENJAMINI_HOCHBERG` takes the e-values for "better" through `closed_e_benjamini_hochberg`: the
    expected share of false ones among those found is at most alpha at whatever moment one stops. It takes the e-values
    of now. A running maximum is no e-value (its expectation under the null is not bounded by 1), and a share of false
    verdicts made from maxima of different moments is not bounded by alpha. So a verdict may be lost again, and what
    is acted on is what stands when one acts. The e-values have to be valid given the past of all challengers, which
    they are when all are fed the same moments.

    A two-sided design leaves alpha/2 for "better", under both corrections. If "worse" is decided in the same way at
    the other half, then the probability of any false verdict, or the expected share of false verdicts, of both
    directions together is at most alpha: both add up.

    A withheld result is no evidence, and neither is a comparison of the design without a result: each counts in the
    correction with a p-value of 1 and an e-value of 0.

    Args:
        design: the terms that all results were made under.
        results: one for each challenger; at most as many as the design has comparisons.

    Raises:
        ValueError: there are more results than comparisons.

    Source: see `holm` and `closed_e_benjamini_hochberg`; stopped e-processes as e-values, Ramdas, Gruenwald, Vovk and
    Shafer (2023), "Game-theoretic statistics and safe anytime-valid inference".

    """
    missing = design.comparisons - len(results)
    if missing < 0:
        raise ValueError(
            f"results has {len(results)} entries: the design shares its alpha among {design.comparisons} comparisons."
        )
    if design.correction is Correction.HOLM:
        adjusted = holm([*(1.0 if one.withheld else one.pvalue_better for one in results), *[1.0] * missing])
    else:
        log_e_values = [-math.inf if one.withheld else one.log_e_better for one in results]
        adjusted = closed_e_benjamini_hochberg([*log_e_values, *[-math.inf] * missing])
    directions = 1.0 if design.sides is Sides.GREATER else 2.0
    levels = np.minimum(directions * adjusted, 1.0)[: len(results)]
    return FamilyDecision(tuple((levels <= design.alpha).tolist()), tuple(levels.tolist()))


def holm(pvalues: ArrayLike) -> Values:
    """Return Holm's step-down adjusted p-values.

    Rejecting where the adjusted value is at most alpha keeps the probability of any false rejection among them at
    alpha, under any dependence. With always-valid p-values it holds at any time.

    Args:
        pvalues: one for each comparison; shape (k,).

    Returns:
        Adjusted values in the same order; shape (k,).

    Raises:
        ValueError: not one-dimensional, or an entry is not in [0, 1].

    Source: Holm (1979), "A simple sequentially rejective multiple test procedure".

    """
    values = np.asarray(pvalues, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"pvalues has {values.ndim} dimensions: it must be one-dimensional.")
    usable = (values >= 0.0) & (values <= 1.0)
    if not usable.all():
        index = int(np.argmin(usable))
        raise ValueError(f"pvalues[{index}] is {values[index]}: a p-value lies between 0 and 1.")
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * np.arange(values.size, 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def e_holm(log_e_values: ArrayLike) -> Values:
    """Return adjusted p-values from e-values, for the probability of any false rejection among them.

    Closed testing with arithmetic means: a hypothesis is rejected at alpha when every set that contains it has a mean
    e-value of at least 1/alpha. Rejecting where the adjusted value is at most alpha keeps the probability of any false
    rejection at alpha, under any dependence, and rejects all that `holm` rejects on the inverses of the e-values. With
    e-values of the moment, rejections at any look may be kept: it holds for all looks together.

    Args:
        log_e_values: natural logarithms of the e-values, one for each comparison; shape (k,), infinities allowed.

    Returns:
        Adjusted values in the same order, at most 1; shape (k,).

    Raises:
        ValueError: not one-dimensional, or an entry is nan.

    Source: Vovk and Wang (2021), "E-values: calibration, combination and applications", the procedure that adjusts
    e-values by averaging; called e-Holm by Hartog and Lei (2025), "Family-wise error rate control with e-values".

    """
    logs = _checked("log_e_values", log_e_values)
    # Of all sets of one size the worst adds the smallest others. Sums that count a hypothesis twice, because it is
    # itself among the smallest, are means of no such set but never below the smallest mean that is.
    others = np.arange(logs.size + 1)
    smallest = np.logaddexp.accumulate(np.concatenate([[-math.inf], np.sort(logs)]))
    shortfall = np.log1p(others) - np.logaddexp(logs[:, None], smallest)
    adjusted: Values = np.exp(np.minimum(shortfall.max(axis=1), 0.0))
    return adjusted


def e_benjamini_hochberg(log_e_values: ArrayLike) -> Values:
    """Return adjusted values from e-values, for the expected share of false ones among the rejections.

    Rejecting where the adjusted value is at most alpha rejects the r largest e-values, r the largest number for which
    the r-th largest is at least k/(alpha r). The false discovery rate is then at most alpha, under any dependence.
    The e-values are those of one moment (which may depend on the data), never running maxima.

    Args:
        log_e_values: natural logarithms of the e-values, one for each comparison; shape (k,), infinities allowed.

    Returns:
        Adjusted values in the same order, at most 1; shape (k,).

    Raises:
        ValueError: not one-dimensional, or an entry is nan.

    Source: Wang and Ramdas (2022), "False discovery rate control with e-values", the base e-BH procedure.

    """
    logs = _checked("log_e_values", log_e_values)
    order = np.argsort(-logs, kind="stable")
    sizes = np.arange(1, logs.size + 1)
    return _stepped_up(math.log(max(logs.size, 1)) - np.log(sizes) - logs[order], order)


def closed_e_benjamini_hochberg(log_e_values: ArrayLike) -> Values:
    """Return adjusted values from e-values, for the expected share of false ones; at most `e_benjamini_hochberg`'s.

    A set R may be rejected at alpha if every set A has a mean e-value of at least the share of R that lies in A, over
    alpha: were A the true nulls, this share would be the false one. The false discovery rate is at most alpha, under
    any dependence, whichever such set is chosen. Rejecting where the adjusted value is at most alpha chooses the
    largest one that consists of the largest e-values, all of them at least 1/alpha, and does not part equal ones.

    The published procedure does not ask for 1/alpha, so that beside many strong ones it rejects hypotheses without
    any evidence of their own: one false among 20 is a share of 5 %. Nobody should be called better for that.

    A hypothesis' own e-value can only lower its adjusted value. That of another can also raise it, when it takes its
    place in the set.

    Args:
        log_e_values: natural logarithms of the e-values of one moment, as for `e_benjamini_hochberg`; shape (k,),
            infinities allowed. The work grows with the cube of k: below a second for 500.

    Returns:
        Adjusted values in the same order, at most 1; shape (k,).

    Raises:
        ValueError: not one-dimensional, or an entry is nan.

    Source: Xu, Fischer and Ramdas (2025), "Bringing closure to FDR control: beating the e-Benjamini-Hochberg
    procedure", arXiv 2504.11759, the closed eBH procedure with arithmetic means.

    """
    logs = _checked("log_e_values", log_e_values)
    order = np.argsort(-logs, kind="stable")
    ranked = logs[order]
    levels = np.array([_log_level(ranked, size) for size in range(1, logs.size + 1)])
    levels[:-1][ranked[:-1] == ranked[1:]] = math.inf
    return _stepped_up(levels, order)


def _log_level(ranked: Values, size: int) -> float:
    """Return the log of the smallest alpha at which the first `size` may be rejected; `ranked` falls."""
    # Of all sets with so many inside and so many outside, the one of the smallest has the smallest mean.
    inside = np.logaddexp.accumulate(ranked[size - 1 :: -1])
    outside = np.logaddexp.accumulate(np.concatenate([[-math.inf], ranked[: size - 1 : -1]]))
    within = np.arange(1, size + 1)[:, None]
    shortfall = np.log(within / size * (within + np.arange(outside.size))) - np.logaddexp(inside[:, None], outside)
    return max(float(shortfall.max()), -float(ranked[size - 1]))


def _stepped_up(log_levels: Values, order: NDArray[np.intp]) -> Values:
    """Give each hypothesis the smallest level of a set with it; the set of size r holds the first r of `order`."""
    adjusted = np.empty_like(log_levels)
    adjusted[order] = np.exp(np.minimum(np.minimum.accumulate(log_levels[::-1])[::-1], 0.0))
    return adjusted


def _checked(name: str, values: ArrayLike) -> Values:
    logs = np.asarray(values, dtype=np.float64)
    if logs.ndim != 1:
        raise ValueError(f"{name} has {logs.ndim} dimensions: it must be one-dimensional.")
    if np.isnan(logs).any():
        raise ValueError(f"{name}[{int(np.argmax(np.isnan(logs)))}] is nan: the logarithm of an e-value is needed.")
    return logs
