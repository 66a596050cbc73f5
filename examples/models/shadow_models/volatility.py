"""How much a symbol moved lately."""

from .bars import Bars

# RiskMetrics' weight of yesterday's variance for daily bars.
DECAY = 0.94
# The first estimate is the mean square of this many bars.
SEED_BARS = 20


def volatilities(bars: Bars) -> tuple[float, ...]:
    """Standard deviation of the daily return as it was known at each bar that has a next one."""
    returns = [bars.next_return(bar) for bar in range(bars.predictable)]
    variance = sum(value * value for value in returns[:SEED_BARS]) / SEED_BARS
    known = []
    for value in returns:
        # The return from this bar to the next is not known yet at this bar.
        known.append(variance**0.5)
        variance = DECAY * variance + (1.0 - DECAY) * value * value
    return tuple(known)
