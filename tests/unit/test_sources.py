"""Which source answers for which rollout."""

from datetime import UTC, datetime, timedelta

import pytest

from shadow_operator.metrics import MetricsError
from shadow_operator.sources import Sources
from tests.world.memory_cluster import MemoryCluster
from tests.world.rollouts import rollout_of

_AT = datetime(2026, 3, 2, tzinfo=UTC)


async def test_an_address_that_is_not_allowed_is_never_asked() -> None:
    rollout = rollout_of({"spec.metrics.prometheus.address": "http://169.254.169.254/latest"})
    source = Sources(MemoryCluster(), 1.0, allowed=["http://prometheus:9090"]).of(rollout)
    with pytest.raises(MetricsError, match=r"which this operator may not ask: name one of http://prometheus:9090"):
        await source.instant("up")
    with pytest.raises(MetricsError, match="may not ask"):
        await source.range("up", _AT, _AT, timedelta(seconds=1))


def test_rollouts_that_name_one_prometheus_share_its_connection() -> None:
    sources = Sources(MemoryCluster(), 1.0)
    first, second = (sources.of(rollout_of()) for _ in range(2))
    assert first is second
    sources.close()


def test_rollouts_share_no_connection_whose_headers_are_another_ones() -> None:
    sources = Sources(MemoryCluster(), 1.0)

    def of(namespace: str, secret: str | None) -> object:
        named = {} if secret is None else {"headersFrom": {"secretRef": {"name": secret}}}
        prometheus = {"address": "http://prometheus:9090", **named}
        return sources.of(rollout_of({"metadata.namespace": namespace, "spec.metrics.prometheus": prometheus}))

    assert of("trading", "prom") is of("trading", "prom")
    apart = [of("trading", "prom"), of("trading", "other"), of("research", "prom"), of("trading", None)]
    assert len({id(each) for each in apart}) == len(apart)
    sources.close()


def test_what_no_rollout_names_any_more_is_given_back() -> None:
    seconds = 0.0
    sources = Sources(MemoryCluster(), 1.0, now=lambda: seconds)

    def of(number: int) -> object:
        return sources.of(rollout_of({"spec.metrics.prometheus.address": f"http://prometheus:9090/{number}"}))

    kept = of(0)
    for number in range(1, 50):
        seconds += 60.0
        of(number)
        assert of(0) is kept
    assert len(sources) <= 12
    sources.close()
