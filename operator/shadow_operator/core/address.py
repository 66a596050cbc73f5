"""Which Prometheus a rollout may name, where an operator serves teams that do not trust each other."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from shadow_operator.core.adopt import Refusal


def refusal_of_address(address: str, allowed: Sequence[str]) -> Refusal | None:
    """Why nothing is asked of this address; None where it is one of those allowed, or below one, or all are.

    Without a limit a manifest could have the operator send requests to whatever it reaches and its author does not.
    """
    if not allowed or any(is_below(address, each) for each in allowed):
        return None
    return Refusal(
        "PrometheusNotAllowed",
        f'spec.metrics.prometheus.address is "{address}", which this operator may not ask: '
        f"name one of {', '.join(allowed)}, or have it added to operator.prometheusAllowed of the chart",
    )


def is_below(address: str, base: str) -> bool:
    """Whether an address is a base, or has a path below it."""
    asked, known = urlsplit(address), urlsplit(base)
    if (asked.scheme, asked.netloc.lower()) != (known.scheme, known.netloc.lower()):
        return False
    path = known.path.rstrip("/")
    # A path with dots in it is resolved by whoever answers, which may lead out of the base.
    is_plain = ".." not in asked.path and "%" not in asked.path
    return asked.path.rstrip("/") == path or (is_plain and asked.path.startswith(f"{path}/")) or not path
