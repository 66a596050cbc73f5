"""The detector that knows the size of the shift, its threshold and delay by numerical integration.

Source: Page (1954), "Continuous inspection schemes"; Brook and Evans (1972), "An approach to the probability
distribution of CUSUM run length", for the chain of states.
"""

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

_STATES = 200


def mean_run(threshold: float, shift: float, mean: float) -> float:
    """Return the mean rows to an alarm of the log-likelihood CUSUM of a rise by `shift`, started at zero.

    Args:
        threshold: of the statistic.
        shift: the rise that the detector is made for, in standard deviations of the normal rows.
        mean: the mean that the rows really have.

    """
    # State 0 is exactly zero, state i stands for an interval of the width around i widths.
    width = threshold / (_STATES - 0.5)
    states = width * np.arange(_STATES)
    edges = states + 0.5 * width
    below = ndtr(((edges - states[:, None]) / shift + 0.5 * shift) - mean)
    moves = np.diff(below, axis=1, prepend=0.0)
    return float(np.linalg.solve(np.eye(_STATES) - moves, np.ones(_STATES))[0])


def threshold_for(run: float, shift: float) -> float:
    """Return the threshold at which the mean run to a false alarm is `run` rows."""
    return float(brentq(lambda threshold: mean_run(threshold, shift, 0.0) - run, 0.1, 15.0))
