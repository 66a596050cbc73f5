"""One connection to each Prometheus, shared by the rollouts that name it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from shadow_operator.api.rollout import ShadowRollout
from shadow_operator.core.address import refusal_of_address
from shadow_operator.metrics import MetricsError, MetricSource, Sample, Track
from shadow_operator.metrics.prometheus import Prometheus


class NotAllowed:
    """A source that may not be asked. No request is sent to it."""

    def __init__(self, why: str) -> None:
        self._why = why

    async def instant(self, query: str, at: datetime | None = None) -> Sequence[Sample]:
        """Say why not. Raises MetricsError."""
        raise self._error(query, at)

    async def range(self, query: str, start: datetime, end: datetime, step: timedelta) -> Sequence[Track]:
        """Say why not. Raises MetricsError."""
        raise self._error(query, start, end, step)

    def _error(self, *_: object) -> MetricsError:
        return MetricsError(self._why)


class Sources:
    """The metric sources in use, by address."""

    def __init__(self, timeout_seconds: float, allowed: Sequence[str] = ()) -> None:
        self._timeout = timeout_seconds
        self._allowed = allowed
        self._by_address: dict[str, Prometheus] = {}

    def of(self, rollout: ShadowRollout) -> MetricSource:
        """The source that the rollout names; one that answers nothing where its address is not allowed."""
        address = rollout.spec.metrics.prometheus.address
        refused = refusal_of_address(address, self._allowed)
        if refused is not None:
            return NotAllowed(refused.message)
        if address not in self._by_address:
            self._by_address[address] = Prometheus(address, self._timeout)
        return self._by_address[address]

    def close(self) -> None:
        """Give every connection back."""
        for source in self._by_address.values():
            source.close()
