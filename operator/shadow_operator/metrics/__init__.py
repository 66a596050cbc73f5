"""Where the models' figures come from."""

from shadow_operator.metrics.source import MetricsError, MetricSource, QueryRefusedError, Sample, Track

__all__ = ["MetricSource", "MetricsError", "QueryRefusedError", "Sample", "Track"]
