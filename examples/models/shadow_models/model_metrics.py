"""The part of the metrics contract that a model server knows by itself."""

from typing import Self

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from .outbox import Outbox

LABELS = ("namespace", "rollout", "model")
INFERENCE_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0)
CONFIDENCE = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9, 1.0)


class ModelMetrics:
    """Instruments of one model server."""

    def __init__(self, rollout: str, model: str) -> None:
        namespace, name = rollout.split("/")
        labels = (namespace, name, model)
        self._registry = CollectorRegistry()
        self.inference = Histogram(
            "model_inference_seconds",
            "Time to a prediction.",
            LABELS,
            registry=self._registry,
            buckets=INFERENCE_SECONDS,
        ).labels(*labels)
        self.confidence = Histogram(
            "model_prediction_confidence",
            "Calibrated confidence of each prediction.",
            LABELS,
            registry=self._registry,
            buckets=CONFIDENCE,
        ).labels(*labels)
        self.errors = Counter(
            "model_errors_total", "Questions that it could not answer.", LABELS, registry=self._registry
        ).labels(*labels)
        self._unlogged = Gauge(
            "model_log_queue", "Predictions that the scorer has not taken yet.", LABELS, registry=self._registry
        ).labels(*labels)
        self._dropped = Gauge(
            "model_log_dropped", "Predictions that were never logged.", LABELS, registry=self._registry
        ).labels(*labels)

    def watch(self, outbox: Outbox) -> Self:
        """Report the state of this queue at each scrape."""
        self._unlogged.set_function(lambda: len(outbox))
        self._dropped.set_function(lambda: outbox.dropped)
        return self

    def exposition(self) -> bytes:
        """Write the text that Prometheus scrapes."""
        return generate_latest(self._registry)
