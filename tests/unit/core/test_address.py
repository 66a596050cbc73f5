"""Which Prometheus a rollout may name."""

import pytest

from shadow_operator.core.address import refusal_of_address

_ALLOWED = ("http://prometheus.monitoring:9090", "https://thanos/team")


@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [
        ("http://prometheus.monitoring:9090", True),
        ("http://prometheus.monitoring:9090/", True),
        ("http://PROMETHEUS.monitoring:9090/select/0", True),
        ("https://thanos/team", True),
        ("https://thanos/team/", True),
        ("https://thanos/team/a", True),
        ("https://thanos/teammate", False),
        ("https://thanos/team/../admin", False),
        ("https://thanos/team/%2e%2e/admin", False),
        ("https://thanos", False),
        ("http://thanos/team", False),
        ("https://prometheus.monitoring:9090", False),
        ("http://prometheus.monitoring", False),
        ("http://prometheus.monitoring:9090.evil.example", False),
        ("http://169.254.169.254/latest/meta-data", False),
        ("http://kubernetes.default", False),
    ],
)
def test_an_address_is_one_of_those_allowed_or_below_one(address: str, *, is_allowed: bool) -> None:
    assert (refusal_of_address(address, _ALLOWED) is None) is is_allowed
    assert refusal_of_address(address, ()) is None, "without a limit every address is allowed"


def test_a_refusal_says_what_would_be_accepted() -> None:
    refused = refusal_of_address("http://10.0.0.1", _ALLOWED)
    assert refused is not None
    assert refused.reason == "PrometheusNotAllowed"
    assert refused.message == (
        'spec.metrics.prometheus.address is "http://10.0.0.1", which this operator may not ask: name one of '
        "http://prometheus.monitoring:9090, https://thanos/team, or have it added to operator.prometheusAllowed of the "
        "chart"
    )
