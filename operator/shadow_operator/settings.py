"""The operator's own settings, from environment variables that the chart sets."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Settings:
    """How the operator runs.

    Attributes:
        namespaces: the namespaces that it looks after; empty for all. `WATCH_NAMESPACES`, comma-separated.
        guard_seconds: time between two looks of the guard. `GUARD_SECONDS`.
        evaluation_seconds: longest time between two evaluations of a rollout; shorter where its interval is shorter.
            `EVALUATION_SECONDS`.
        request_seconds: deadline of one request to the API server. `REQUEST_SECONDS`.
        query_seconds: deadline of one query to Prometheus. `QUERY_SECONDS`.
        checkpoint_seconds: longest time that evidence is kept in memory only. `CHECKPOINT_SECONDS`.
        probe_port: port of the liveness probe. `PROBE_PORT`.
        metrics_port: port of the operator's own metrics. `METRICS_PORT`.
        kubeconfig: path of a kubeconfig; None for the pod's service account. `KUBECONFIG`.

    """

    namespaces: tuple[str, ...] = ()
    guard_seconds: float = 1.0
    evaluation_seconds: float = 60.0
    request_seconds: float = 10.0
    query_seconds: float = 5.0
    checkpoint_seconds: float = 600.0
    probe_port: int = 8080
    metrics_port: int = 8081
    kubeconfig: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the settings. Raises ValueError, naming the variable, what was found and what would be accepted."""
        source = os.environ if environment is None else environment
        default = cls()
        namespaces = source.get("WATCH_NAMESPACES", "")
        return cls(
            namespaces=tuple(name.strip() for name in namespaces.split(",") if name.strip()),
            guard_seconds=_seconds(source, "GUARD_SECONDS", default.guard_seconds),
            evaluation_seconds=_seconds(source, "EVALUATION_SECONDS", default.evaluation_seconds),
            request_seconds=_seconds(source, "REQUEST_SECONDS", default.request_seconds),
            query_seconds=_seconds(source, "QUERY_SECONDS", default.query_seconds),
            checkpoint_seconds=_seconds(source, "CHECKPOINT_SECONDS", default.checkpoint_seconds),
            probe_port=int(_seconds(source, "PROBE_PORT", default.probe_port)),
            metrics_port=int(_seconds(source, "METRICS_PORT", default.metrics_port)),
            kubeconfig=source.get("KUBECONFIG") or None,
        )


def _seconds(source: Mapping[str, str], name: str, default: float) -> float:
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
