"""One connection to each Prometheus, shared by the rollouts that name it."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from shadow_operator.api.rollout import ShadowRollout
from shadow_operator.cluster import Cluster
from shadow_operator.core.address import refusal_of_address
from shadow_operator.credentials import Credentials
from shadow_operator.metrics import MetricsError, MetricSource, Sample, Track
from shadow_operator.metrics.prometheus import Prometheus

# Longer than any query lasts, and any rollout goes without one.
_UNUSED_SECONDS = 600.0


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
    """The metric sources in use, by address and by the Secret whose headers go with each query.

    Two rollouts share one only if they would send the same: what one may ask, another must not ask for it.
    """

    def __init__(
        self,
        cluster: Cluster,
        timeout_seconds: float,
        allowed: Sequence[str] = (),
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cluster = cluster
        self._timeout = timeout_seconds
        self._allowed = allowed
        self._now = now
        self._known: dict[tuple[str, str | None], Prometheus] = {}
        self._used_at: dict[tuple[str, str | None], float] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._known)

    def of(self, rollout: ShadowRollout) -> MetricSource:
        """The source that the rollout names; one that answers nothing where its address is not allowed."""
        named, namespace = rollout.spec.metrics.prometheus, rollout.metadata.namespace
        refused = refusal_of_address(named.address, self._allowed)
        if refused is not None:
            return NotAllowed(refused.message)
        secret = None if named.headers_from is None else named.headers_from.secret_ref.name
        key = named.address, None if secret is None else f"{namespace}/{secret}"
        if key not in self._known:
            self._close_unused()
            credentials = None if secret is None else Credentials(self._cluster, namespace, secret, named.address)
            self._known[key] = Prometheus(named.address, self._timeout, credentials)
        self._used_at[key] = self._now()
        return self._known[key]

    def _close_unused(self) -> None:
        """Give back what no rollout names any more: whoever may change an address may do so without end."""
        for key in [key for key, used_at in self._used_at.items() if self._now() - used_at > _UNUSED_SECONDS]:
            del self._used_at[key]
            self._known.pop(key).close()

    def close(self) -> None:
        """Give every connection back."""
        for source in self._known.values():
            source.close()
