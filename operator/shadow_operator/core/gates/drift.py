"""DriftPSI and DriftKS: the features are distributed as they were before."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from shadow_operator.api.gates import Gate, GateTest
from shadow_operator.api.metrics import Queries
from shadow_operator.core.evidence import Measures, Point
from shadow_operator.core.gates.counts import FEWEST, buckets
from shadow_operator.core.gates.queries import increase
from shadow_operator.core.gates.result import GateResult, at_most, insufficient
from shadow_stats import histogram_kolmogorov_smirnov, histogram_stability

_Counts = NDArray[np.float64]


def queries(gate: Gate, templates: Queries) -> Mapping[str, str]:
    """What it asks Prometheus, by name."""
    return {
        "features": increase(templates.features, gate.period, "feature", "le"),
        "reference": increase(templates.features, gate.reference_period, "feature", "le", before=gate.period),
    }


def evaluate(gate: Gate, evidence: Measures, _alpha: float) -> GateResult:
    """Hold the feature that moved most against the limit.

    The size of the move counts, not its p-value: with many rows any move is beyond chance.
    """
    now, before = _features(evidence.own(gate, "features")), _features(evidence.own(gate, "reference"))
    moved: dict[str, float] = {}
    fewest = 0
    for feature, points in now.items():
        current, reference = _aligned(points, before.get(feature, ()))
        seen = int(min(current.sum(), reference.sum()))
        if seen < FEWEST:
            return insufficient(gate, f"feature {feature} has {seen} rows in a window, {FEWEST} are needed", seen)
        moved[feature] = _distance(gate.test)(reference, current)
        fewest = min(fewest or seen, seen)
    worst = max(moved, key=lambda feature: moved[feature])
    limit = gate.most or 0.0
    said = f"feature {worst} moved by {moved[worst]:.3f}, at most {limit:g} is allowed"
    return at_most(gate, moved[worst], limit, fewest, said)


def _distance(test: GateTest) -> Callable[[_Counts, _Counts], float]:
    if test is GateTest.DRIFT_PSI:
        return lambda reference, current: histogram_stability(reference, current).statistic
    return lambda reference, current: histogram_kolmogorov_smirnov(reference, current).statistic


def _features(points: tuple[Point, ...]) -> Mapping[str, tuple[Point, ...]]:
    found: dict[str, tuple[Point, ...]] = {}
    for point in points:
        feature = point.labels.get("feature", "")
        found[feature] = (*found.get(feature, ()), point)
    return found


def _aligned(current: tuple[Point, ...], reference: tuple[Point, ...]) -> tuple[_Counts, _Counts]:
    """Both histograms over the buckets that both have: a release may have added some."""
    shared = {point.labels.get("le") for point in current} & {point.labels.get("le") for point in reference}
    kept = [tuple(point for point in points if point.labels.get("le") in shared) for points in (current, reference)]
    return buckets(kept[0])[1], buckets(kept[1])[1]
