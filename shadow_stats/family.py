"""Several comparisons at once."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def holm(pvalues: ArrayLike) -> NDArray[np.float64]:
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
