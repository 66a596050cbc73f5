"""Several queries over one time range, as readings."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from shadow_operator.core.readings import Reading, readings
from shadow_operator.metrics.source import MetricSource


async def history(
    source: MetricSource, queries: Sequence[str], start: datetime, end: datetime, step: timedelta
) -> Sequence[Reading]:
    """One reading for each moment from `start` to `end` that has a sample. Raises MetricsError if any query fails."""
    tracks = [
        (track.labels, track.points) for query in queries for track in await source.range(query, start, end, step)
    ]
    return readings(tracks)
