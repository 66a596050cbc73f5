"""The metrics protocol: small enough for Prometheus, for files and for a test."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


class MetricsError(Exception):
    """The figures could not be read. The message names the query and what was said; blind is neither good nor bad."""


class QueryRefusedError(MetricsError):
    """The source answers, but not to this query: another one may do better, the same one again will not."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One series at one moment. Never NaN or infinite: such a sample is left out, as if it had not been scraped."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Track:
    """One series over a time grid.

    Attributes:
        labels: the labels that tell it from the others.
        points: (moment in Unix seconds, value), in order of time; a moment without a usable value has no point.

    """

    labels: Mapping[str, str]
    points: Sequence[tuple[float, float]]


class MetricSource(Protocol):
    """Answers PromQL."""

    async def instant(self, query: str, at: datetime | None = None) -> Sequence[Sample]:
        """The samples at a moment, the newest without one. Raises MetricsError where they can't be had whole."""
        ...

    async def range(self, query: str, start: datetime, end: datetime, step: timedelta) -> Sequence[Track]:
        """The series from `start` to `end`, both included. Raises MetricsError where they can't be had whole."""
        ...
