"""The operator's own settings, from environment variables that the chart sets."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

# An instant query takes tens of milliseconds, and the figures change no oftener than they are scraped.
_FASTEST_GUARD_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Settings:
    """How the operator runs.

    Attributes:
        namespaces: the namespaces that it looks after; empty for all. `WATCH_NAMESPACES`, comma-separated.
        guard_seconds: time between two looks of the guard, at least 0.25. `GUARD_SECONDS`.
        evaluation_seconds: longest time between two evaluations of a rollout; shorter where its interval is shorter.
            `EVALUATION_SECONDS`.
        request_seconds: deadline of one request to the API server. `REQUEST_SECONDS`.
        query_seconds: deadline of one query to Prometheus. `QUERY_SECONDS`.
        checkpoint_seconds: longest time that evidence is kept in memory only. `CHECKPOINT_SECONDS`.
        ledger_count: most ledger entries that are kept of a rollout. `LEDGER_COUNT`.
        ledger_days: longest time that one is kept. `LEDGER_DAYS`.
        ledger_archive: a file that an entry is appended to as a JSON line before it is deleted; "-" for standard
            output, None for nowhere. `LEDGER_ARCHIVE`.
        operator_image: the operator's own image, in which the data of models is checked before they start; without it,
            a rollout whose models name a dataset is refused. `OPERATOR_IMAGE`.
        probe_port: port of the liveness probe. `PROBE_PORT`.
        metrics_port: port of the operator's own metrics. `METRICS_PORT`.
        metrics_secure: whether only those may read them who may get the nonResourceURL /metrics. `METRICS_SECURE`.
        metrics_tls: directory with tls.crt and tls.key for them; None to speak plain HTTP. `METRICS_TLS`.
        alerts_port: port at which an Alertmanager's webhook is heard; 0 for none. `ALERTS_PORT`.
        alerts_service: the Service that leads there, whose endpoint is the pod that leads; None for none.
            `ALERTS_SERVICE`.
        alerts_tls: directory with tls.crt and tls.key; None to speak plain HTTP. `ALERTS_TLS`.
        prometheus_allowed: the addresses of Prometheus that rollouts may name, or name something below; empty for all.
            `PROMETHEUS_ALLOWED`, comma-separated.
        pod_namespace: the operator's own namespace, where its Lease is, and where a freeze of the fleet is looked for;
            None outside of a cluster, where nothing elects a leader. `POD_NAMESPACE`.
        pod_name: as whom it holds the Lease; None outside of a cluster. `POD_NAME`.
        pod_ip: at which address its pod is reached; None outside of a cluster. `POD_IP`.
        lease_name: the Lease that elects one leader among the processes of one release. `LEASE_NAME`.
        lease_seconds: how long the others wait for a leader that does not renew it. `LEASE_SECONDS`.
        kubeconfig: path of a kubeconfig; None for the pod's service account. `KUBECONFIG`.

    """

    namespaces: tuple[str, ...] = ()
    guard_seconds: float = 1.0
    evaluation_seconds: float = 60.0
    request_seconds: float = 10.0
    query_seconds: float = 5.0
    checkpoint_seconds: float = 600.0
    ledger_count: int = 200
    ledger_days: float = 400.0
    ledger_archive: str | None = None
    operator_image: str | None = None
    probe_port: int = 8080
    metrics_port: int = 8081
    metrics_secure: bool = False
    metrics_tls: str | None = None
    alerts_port: int = 0
    alerts_service: str | None = None
    alerts_tls: str | None = None
    prometheus_allowed: tuple[str, ...] = ()
    pod_namespace: str | None = None
    pod_name: str | None = None
    pod_ip: str | None = None
    lease_name: str = "shadow-operator"
    lease_seconds: float = 6.0
    kubeconfig: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the settings. Raises ValueError, naming the variable, what was found and what would be accepted."""
        source = os.environ if environment is None else environment
        default = cls()
        return cls(
            namespaces=_listed(source, "WATCH_NAMESPACES"),
            prometheus_allowed=_listed(source, "PROMETHEUS_ALLOWED"),
            guard_seconds=_at_least(_FASTEST_GUARD_SECONDS, source, "GUARD_SECONDS", default.guard_seconds),
            evaluation_seconds=_above_zero(source, "EVALUATION_SECONDS", default.evaluation_seconds),
            request_seconds=_above_zero(source, "REQUEST_SECONDS", default.request_seconds),
            query_seconds=_above_zero(source, "QUERY_SECONDS", default.query_seconds),
            checkpoint_seconds=_above_zero(source, "CHECKPOINT_SECONDS", default.checkpoint_seconds),
            ledger_count=int(_above_zero(source, "LEDGER_COUNT", default.ledger_count)),
            ledger_days=_above_zero(source, "LEDGER_DAYS", default.ledger_days),
            ledger_archive=source.get("LEDGER_ARCHIVE") or None,
            operator_image=source.get("OPERATOR_IMAGE") or None,
            probe_port=int(_above_zero(source, "PROBE_PORT", default.probe_port)),
            metrics_secure=_is_true(source, "METRICS_SECURE", default=default.metrics_secure),
            metrics_tls=source.get("METRICS_TLS") or None,
            metrics_port=int(_above_zero(source, "METRICS_PORT", default.metrics_port)),
            alerts_port=int(_above_zero(source, "ALERTS_PORT", default.alerts_port)),
            alerts_service=source.get("ALERTS_SERVICE") or None,
            alerts_tls=source.get("ALERTS_TLS") or None,
            pod_namespace=source.get("POD_NAMESPACE") or None,
            pod_name=source.get("POD_NAME") or None,
            pod_ip=source.get("POD_IP") or None,
            lease_name=source.get("LEASE_NAME") or default.lease_name,
            lease_seconds=_above_zero(source, "LEASE_SECONDS", default.lease_seconds),
            kubeconfig=source.get("KUBECONFIG") or None,
        )


def _is_true(source: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = source.get(name) or str(default).lower()
    if text not in {"true", "false"}:
        raise ValueError(f'the environment variable {name} is "{text}": write true or false')
    return text == "true"


def _listed(source: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in source.get(name, "").split(",") if each.strip())


def _at_least(least: float, source: Mapping[str, str], name: str, default: float) -> float:
    value = _above_zero(source, name, default)
    if value < least:
        raise ValueError(f'the environment variable {name} is "{source[name]}": write a number of at least {least:g}')
    return value


def _above_zero(source: Mapping[str, str], name: str, default: float) -> float:
    text = source.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not value > 0:
        raise ValueError(f'the environment variable {name} is "{text}": write a number above 0')
    return value
