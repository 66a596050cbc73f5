"""The gates: each is one file with one pure function from the evidence to a result, and one entry here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shadow_operator.api.gates import Gate, GateTest, Rival
from shadow_operator.api.metrics import Queries
from shadow_operator.api.rollout import Spec
from shadow_operator.core.contract import Figure
from shadow_operator.core.evidence import Answers, Evidence, Measures, UnmeasuredError
from shadow_operator.core.gates import (
    action_diversity,
    agreement,
    bootstrap_mean,
    calibration,
    concept_drift,
    confidence_spread,
    dataset_fingerprint,
    drift,
    enough,
    error_degradation,
    error_rate,
    feature_freshness,
    group,
    latency,
    live_sharpe,
    max_drawdown,
    paired_mean,
    profit_factor,
    promql,
    restarts,
    sharpe,
    turnover,
    win_rate,
)
from shadow_operator.core.gates.result import GateResult, Outcome, blind
from shadow_operator.core.gates.sequential import Kept, SequentialTest, Terms

__all__ = [
    "GateResult",
    "Outcome",
    "asks_the_rival",
    "begin",
    "evaluate",
    "evaluate_all",
    "figure_needed",
    "measure",
    "queries",
    "resume",
]


@dataclass(frozen=True, slots=True)
class _Entry:
    """What the program does for one kind of gate.

    Attributes:
        evaluate: gate, evidence and the rollout's alpha to the result.
        begin: the online state of a gate that tests.
        resume: the same from what was kept.
        figure: what it needs of every interval beside the money.
        queries: what a gate that measures asks Prometheus at each look, by name.
        of_rival: its ratio is one to the figure of the champion or the benchmark, who is asked as well.

    """

    evaluate: Callable[[Gate, Evidence, float], GateResult]
    begin: Callable[[Gate, Terms], SequentialTest] | None = None
    resume: Callable[[Gate, Kept], SequentialTest] | None = None
    figure: Callable[[Gate], Figure] | None = None
    queries: Callable[[Gate, Queries], Mapping[str, str]] | None = None
    of_rival: bool = False


def _testing(module: Any, figure: Callable[[Gate], Figure] | None = None) -> _Entry:
    return _Entry(module.evaluate, module.begin, module.resume, figure)


def _measuring(module: Any) -> _Entry:
    return _Entry(module.evaluate, queries=module.queries)


def _comparing(module: Any) -> _Entry:
    return _Entry(module.evaluate, queries=module.queries, of_rival=True)


_ENTRIES: Mapping[GateTest, _Entry] = {
    GateTest.PAIRED_MEAN: _testing(paired_mean),
    GateTest.BOOTSTRAP_MEAN: _testing(bootstrap_mean),
    GateTest.SHARPE: _testing(sharpe),
    GateTest.WIN_RATE: _testing(win_rate),
    GateTest.ERROR_DEGRADATION: _testing(error_degradation, error_degradation.figure_of),
    GateTest.PROFIT_FACTOR: _Entry(profit_factor.evaluate),
    GateTest.LIVE_SHARPE: _Entry(live_sharpe.evaluate),
    GateTest.MAX_DRAWDOWN: _Entry(max_drawdown.evaluate),
    GateTest.TURNOVER: _comparing(turnover),
    GateTest.MIN_SAMPLES: _Entry(enough.evaluate_count),
    GateTest.MIN_TRADES: _Entry(enough.evaluate_count),
    GateTest.MIN_SESSIONS: _Entry(enough.evaluate_count, figure=lambda _gate: Figure.SESSIONS),
    GateTest.MIN_DAYS: _Entry(enough.evaluate_count),
    GateTest.MIN_DURATION: _Entry(enough.evaluate_duration),
    GateTest.DRIFT_PSI: _measuring(drift),
    GateTest.DRIFT_KS: _measuring(drift),
    GateTest.CONCEPT_DRIFT: _measuring(concept_drift),
    GateTest.ACTION_DIVERSITY: _measuring(action_diversity),
    GateTest.CONFIDENCE_SPREAD: _measuring(confidence_spread),
    GateTest.AGREEMENT: _measuring(agreement),
    GateTest.CALIBRATION_MONOTONIC: _Entry(calibration.evaluate_monotonic, queries=calibration.queries),
    GateTest.ECE: _Entry(calibration.evaluate_error, queries=calibration.queries),
    GateTest.LATENCY: _comparing(latency),
    GateTest.ERROR_RATE: _comparing(error_rate),
    GateTest.FEATURE_FRESHNESS: _measuring(feature_freshness),
    GateTest.RESTARTS: _measuring(restarts),
    GateTest.DATASET_FINGERPRINT: _Entry(dataset_fingerprint.evaluate),
    GateTest.PROMQL: _comparing(promql),
}


_MEASURES: Mapping[GateTest, Callable[[Gate, Measures, float], GateResult]] = {
    GateTest.DRIFT_PSI: drift.evaluate,
    GateTest.LATENCY: latency.evaluate,
    GateTest.ERROR_RATE: error_rate.evaluate,
    GateTest.RESTARTS: restarts.evaluate,
}


def evaluate(gate: Gate, evidence: Evidence | None, alpha: float) -> GateResult:
    """Judge one gate. Without evidence, or with a newest interval that could not be read, it is Blind.

    Args:
        gate: the gate as the rollout names it.
        evidence: what is known of the challenger, None when nothing could be read.
        alpha: the rollout's probability of a false promotion; the p-values are already adjusted over the challengers.
            It is not shared out over the gates: a promotion needs all of them, and a challenger that deserves none is
            passed by all at most as often as by one of them (Berger 1982, intersection-union tests).

    """
    if evidence is not None and gate.rival is Rival.BENCHMARK:
        evidence = evidence.benchmark
    if evidence is None or evidence.blind is not None:
        return blind(gate, "no evidence could be read" if evidence is None else evidence.blind or "")
    try:
        return _ENTRIES[gate.test].evaluate(gate, evidence, alpha)
    except UnmeasuredError as error:
        return blind(gate, str(error))


def measure(gate: Gate, answers: Answers) -> GateResult:
    """Judge a gate that measures by the answers to its queries alone; without one of them it is Blind."""
    try:
        return _MEASURES[gate.test](gate, answers, 0.0)
    except UnmeasuredError as error:
        return blind(gate, str(error))


def evaluate_all(spec: Spec, evidence: Evidence | None) -> tuple[GateResult, ...]:
    """Judge every gate of the rollout, and every group of them."""
    alpha = spec.error_budget.alpha.fraction
    results = tuple(evaluate(gate, evidence, alpha) for gate in spec.gates)
    return (*results, *(group.evaluate(each, results) for each in spec.groups))


def begin(gate: Gate, terms: Terms) -> SequentialTest:
    """The online state of a gate that tests and has seen nothing yet. Raises ValueError for one that does not test."""
    found = _ENTRIES[gate.test].begin
    if found is None:
        raise ValueError(f"gate {gate.name} is a limit, and has no state: only a test has one")
    return found(gate, terms)


def resume(gate: Gate, kept: Kept) -> SequentialTest:
    """The online state as it was kept. Raises ValueError when it is not whole, or the gate does not test."""
    found = _ENTRIES[gate.test].resume
    if found is None:
        raise ValueError(f"gate {gate.name} is a limit, and has no state: only a test has one")
    return found(gate, kept)


def figure_needed(gate: Gate) -> Figure | None:
    """What the gate needs of every interval beside the money, None for nothing."""
    found = _ENTRIES[gate.test].figure
    return None if found is None else found(gate)


def queries(gate: Gate, templates: Queries) -> Mapping[str, str]:
    """The PromQL templates that the gate asks at each look, by name; none for one that does not measure."""
    found = _ENTRIES[gate.test].queries
    return {} if found is None else found(gate, templates)


def asks_the_rival(gate: Gate) -> bool:
    """Whether the gate holds the challenger's answers against those of the champion or the benchmark."""
    return _ENTRIES[gate.test].of_rival and gate.allowed_ratio is not None
