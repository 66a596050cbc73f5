"""Where the models' figures come from."""

from shadow_operator.metrics.source import MetricsError, MetricSource, Sample, Track

__all__ = ["MetricSource", "MetricsError", "Sample", "Track"]
