"""One connection to each Prometheus, shared by the rollouts that name it."""

from shadow_operator.api.rollout import ShadowRollout
from shadow_operator.metrics import MetricSource
from shadow_operator.metrics.prometheus import Prometheus


class Sources:
    """The metric sources in use, by address."""

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout = timeout_seconds
        self._by_address: dict[str, Prometheus] = {}

    def of(self, rollout: ShadowRollout) -> MetricSource:
        """The source that the rollout names."""
        address = rollout.spec.metrics.prometheus.address
        if address not in self._by_address:
            self._by_address[address] = Prometheus(address, self._timeout)
        return self._by_address[address]

    def close(self) -> None:
        """Give every connection back."""
        for source in self._by_address.values():
            source.close()
