"""CalibrationMonotonic and ECE: stated confidences mean what they say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from shadow_operator.api.gates import Gate
from shadow_operator.api.metrics import Queries
from shadow_operator.core.evidence import Evidence, Point
from shadow_operator.core.gates.counts import FEWEST, rows
from shadow_operator.core.gates.queries import increase
from shadow_operator.core.gates.result import GateResult, at_least, at_most, insufficient
from shadow_stats import ReliabilityCurve, monotonicity

# A curve that never falls is taken for one that does so seldom; looking often only makes a limit wait longer.
_CHANCE = 0.01
_SEED = 1


def queries(gate: Gate, templates: Queries) -> Mapping[str, str]:
    """What it asks Prometheus, by name."""
    return {"calibration": increase(templates.calibration, gate.period, "bin", "outcome")}


@dataclass(frozen=True, slots=True)
class _Bin:
    """Predictions of one bin: the middle of its confidences, how many came true, and how many there are."""

    middle: float
    wins: float
    count: float


def _bins(points: Sequence[Point]) -> Sequence[_Bin]:
    """Bins in increasing order; a bin ends where the next begins, the last one at 1."""
    counts: dict[float, dict[str, float]] = {}
    for point in points:
        lower = float(point.labels.get("bin", "nan"))
        if lower == lower:  # noqa: PLR0124 - not a number, so no bin
            found = counts.setdefault(lower, {})
            found[point.labels.get("outcome", "")] = point.value
    lowers = sorted(counts)
    ends = [*lowers[1:], 1.0]
    bins = []
    for lower, end in zip(lowers, ends, strict=True):
        wins, losses = rows(counts[lower].get(outcome, 0.0) for outcome in ("win", "loss"))
        bins.append(_Bin(0.5 * (lower + end), float(wins), float(wins + losses)))
    return [one for one in bins if one.count > 0]


def evaluate_monotonic(gate: Gate, evidence: Evidence, _alpha: float) -> GateResult:
    """Pass unless the share of hits falls somewhere by more than chance, at 1 %."""
    bins = _bins(evidence.own(gate, "calibration"))
    samples = int(sum(one.count for one in bins))
    if samples < FEWEST:
        return insufficient(gate, f"{samples} settled predictions in {gate.period}, {FEWEST} are needed", samples)
    ends = (0.0,) * len(bins)
    curve = ReliabilityCurve(
        predicted=tuple(one.middle for one in bins),
        observed=tuple(one.wins / one.count for one in bins),
        low=ends,
        high=ends,
        counts=tuple(int(one.count) for one in bins),
    )
    pvalue = monotonicity(curve, rng=np.random.default_rng(_SEED)).pvalue
    said = f"a curve that never falls looks like this with probability {pvalue:.2g}, at least {_CHANCE:g} is needed"
    return at_least(gate, pvalue, _CHANCE, samples, said)


def evaluate_error(gate: Gate, evidence: Evidence, _alpha: float) -> GateResult:
    """Hold the mean distance of confidence and share of hits, weighted by the bins' predictions, against the limit.

    Source: Naeini, Cooper and Hauskrecht (2015), "Obtaining well calibrated probabilities using Bayesian binning".
    """
    bins = _bins(evidence.own(gate, "calibration"))
    samples = int(sum(one.count for one in bins))
    if samples < FEWEST:
        return insufficient(gate, f"{samples} settled predictions in {gate.period}, {FEWEST} are needed", samples)
    error = sum(one.count * abs(one.wins / one.count - one.middle) for one in bins) / samples
    limit = gate.most or 0.0
    said = f"expected calibration error {error:.1%}, at most {limit:.1%} is allowed"
    return at_most(gate, error, limit, samples, said)
