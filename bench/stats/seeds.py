"""Where the bench's random numbers come from."""

import numpy as np


def generator(*purpose: object) -> np.random.Generator:
    """Return the generator for `purpose`: the same one in each run, another one for any other purpose."""
    return np.random.default_rng(list(" ".join(map(str, purpose)).encode()))
