"""The only way by which numbers enter."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Fourth powers are summed; beyond this their sums could overflow.
LARGEST = 1e60


def checked(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return `values` as a series of usable numbers.

    Args:
        name: what to call it in errors.
        values: shape (n,), any unit.

    Raises:
        ValueError: it is not one-dimensional, or an entry is nan, infinite or beyond 1e60 in size.

    """
    series = np.asarray(values, dtype=np.float64)
    if series.ndim != 1:
        raise ValueError(f"{name} has {series.ndim} dimensions: it must be one-dimensional.")
    usable = np.abs(series) <= LARGEST
    if not usable.all():
        index = int(np.argmin(usable))
        raise ValueError(
            f"{name}[{index}] is {series[index]}: every entry must be a number of at most {LARGEST:g} in size."
        )
    return series


def checked_pair(challenger: ArrayLike, champion: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return two paired series, each as `checked` does.

    Raises:
        ValueError: either is refused by `checked`, or their lengths differ.

    """
    first, second = checked("challenger", challenger), checked("champion", champion)
    if first.size != second.size:
        raise ValueError(f"challenger has {first.size} entries and champion {second.size}: they must be paired.")
    return first, second
