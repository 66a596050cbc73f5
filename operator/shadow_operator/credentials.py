"""Headers from a Secret, read again now and then, and at once when a Prometheus refuses them."""

import asyncio
import logging
import time
from collections.abc import Callable

from shadow_operator.cluster import Cluster, ClusterError, ForbiddenError, Object
from shadow_operator.core.headers import Headers, HeadersError, headers_of
from shadow_operator.core.kinds import SECRET
from shadow_operator.metrics import MetricsError

_log = logging.getLogger(__name__)

_FRESH_SECONDS = 30.0
_SOONEST_SECONDS = 5.0


class Credentials:
    """What one Secret holds for one address. Only the first question waits for it: later ones get what was read last.

    Args:
        cluster: where the Secret is.
        namespace: of the rollout, and of the Secret.
        name: of the Secret.
        address: of the Prometheus that it is for.
        now: seconds on a clock that does not jump.

    """

    def __init__(
        self, cluster: Cluster, namespace: str, name: str, address: str, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._name = name
        self._address = address
        self._now = now
        self._known: Headers | None = None
        self._why = ""
        self._asked_at = -_FRESH_SECONDS
        self._reading: asyncio.Task[None] | None = None

    async def current(self) -> Headers:
        """The headers. Raises MetricsError where there are none, with a sentence that says why."""
        if self._now() - self._asked_at >= _FRESH_SECONDS:
            self._read()
        if self._known is None and not self._why and self._reading is not None:
            await asyncio.wait({self._reading})
        if self._known is None:
            raise MetricsError(self._why or f"Secret {self._namespace}/{self._name} was not read yet")
        return self._known

    def refused(self) -> None:
        """The Prometheus did not take them: somebody may have changed the Secret."""
        if self._now() - self._asked_at >= _SOONEST_SECONDS:
            self._read()

    def _read(self) -> None:
        if self._reading is None or self._reading.done():
            self._asked_at = self._now()
            self._reading = asyncio.create_task(self._read_once(), name=f"Secret {self._namespace}/{self._name}")

    async def _read_once(self) -> None:
        which = f"Secret {self._namespace}/{self._name}"
        try:
            found = await self._cluster.get(SECRET, self._namespace, self._name)
            self._known, self._why = self._headers_in(found, which), ""
        except ForbiddenError:
            self._known = None
            self._why = f"the operator may not read {which}: add it to prometheusSecrets of the operator's chart"
        except HeadersError as error:
            self._known, self._why = None, str(error)
        except ClusterError as error:
            # What was read before stands: the API server being away is no change of the Secret.
            self._why = "" if self._known is not None else f"{which} can't be read now: {error}"
            _log.warning("%s can't be read again: %s", which, error)

    def _headers_in(self, found: Object | None, which: str) -> Headers:
        if found is None:
            raise HeadersError(f"there is no {which}, which spec.metrics.prometheus.headersFrom names")
        return headers_of(found, self._address)
