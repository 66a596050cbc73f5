"""What a path statistic needs to know of a block of profit and loss, so that long paths fold from few summaries."""

from itertools import accumulate
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Indices = NDArray[np.intp]


class BlockSummaries(NamedTuple):
    """One entry for each block; all share one shape, (blocks,), and the unit of the series.

    Attributes:
        total: sum over the block.
        high: highest cumulative sum within the block, its start (0) included.
        low: lowest cumulative sum within the block, its start (0) included.
        drawdown: largest fall of the cumulative sum from an earlier point of the same block.

    """

    total: Values
    high: Values
    low: Values
    drawdown: Values

    @classmethod
    def of_columns(cls, steps: Values) -> Self:
        """Return the summaries of blocks given as columns; shape (length, blocks)."""
        summaries = cls.empty(steps.shape[1])
        for step in steps:
            summaries = summaries.longer(step)
        return summaries

    @classmethod
    def at_every_start(cls, series: Values, length: int) -> Self:
        """Return the summaries of the blocks from each start on, the series closed to a circle; shape (n,) each."""
        return cls.of_columns(_circular_steps(series, length))

    @classmethod
    def of_every_length(cls, series: Values, longest: int) -> Self:
        """Return the same for every length up to `longest`; that of a length and a start is at length * n + start."""
        lengths = accumulate(_circular_steps(series, longest), cls.longer, initial=cls.empty(series.size))
        return cls(*map(np.concatenate, zip(*lengths, strict=True)))

    @classmethod
    def empty(cls, count: int) -> Self:
        """Return the summaries of `count` blocks without a sample."""
        return cls(*np.zeros((4, count)))

    def longer(self, step: Values) -> Self:
        """Return the summaries of the blocks with one sample more each."""
        total = self.total + step
        high = np.maximum(self.high, total)
        return type(self)(total, high, np.minimum(self.low, total), np.maximum(self.drawdown, high - total))

    def at(self, indices: Indices) -> Self:
        """Return the summaries of the blocks at `indices`; any shape."""
        return type(self)(*(entry.take(indices) for entry in self))


class Walks:
    """Many cumulative sums that grow block by block, with the peak and the largest drawdown of each so far.

    Exact: a drawdown within a block is known from its summary, one across blocks is the peak before the block less
    the lowest point in it.

    Args:
        count: how many walks.

    """

    __slots__ = ("_peak", "_reach", "drawdown", "total")

    def __init__(self, count: int) -> None:
        self.total, self._peak, self.drawdown, self._reach = np.zeros((4, count))

    def extend(self, blocks: BlockSummaries) -> None:
        """Let each walk go through one block; entries of shape (count,)."""
        reach = self._reach
        np.add(self.total, blocks.low, out=reach)
        np.subtract(self._peak, reach, out=reach)
        np.maximum(self.drawdown, reach, out=self.drawdown)
        np.maximum(self.drawdown, blocks.drawdown, out=self.drawdown)
        np.add(self.total, blocks.high, out=reach)
        np.maximum(self._peak, reach, out=self._peak)
        self.total += blocks.total


def maximum_drawdown(series: Values) -> float:
    """Return the largest fall of the cumulative sum from an earlier high, the start included; 0 if it never fell."""
    path = np.add.accumulate(np.concatenate([[0.0], series]))
    return float((np.maximum.accumulate(path) - path).max())


def _circular_steps(series: Values, length: int) -> Values:
    """Return step by step the samples of the blocks from each start on; shape (length, n)."""
    circle = np.concatenate([series, series[: length - 1]])
    steps: Values = np.lib.stride_tricks.sliding_window_view(circle, series.size)
    return steps
