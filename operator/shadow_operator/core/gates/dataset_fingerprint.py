"""DatasetFingerprint: the challenger's pods run on the data that it names."""

from shadow_operator.api.gates import Gate
from shadow_operator.api.status import DatasetFinding
from shadow_operator.core.evidence import Evidence, UnmeasuredError
from shadow_operator.core.gates.result import GateResult, Outcome

_OUTCOMES = {
    DatasetFinding.MATCHED: Outcome.PASS,
    DatasetFinding.ALLOWED: Outcome.PASS,
    DatasetFinding.MISMATCHED: Outcome.FAIL,
    DatasetFinding.PENDING: Outcome.INSUFFICIENT,
}


def evaluate(gate: Gate, evidence: Evidence, _alpha: float) -> GateResult:
    """Hold what the pods reported against the fingerprint that the challenger names."""
    check = evidence.dataset
    if check is None:
        raise UnmeasuredError("it names no dataset: give one to it, or to its ModelVersion")
    outcome = _OUTCOMES.get(check.finding)
    if outcome is None:
        raise UnmeasuredError(check.message)
    said = check.message or f"its data is {check.expected}"
    if check.finding is DatasetFinding.ALLOWED:
        said = f"allowDatasetMismatch lets it pass, although {said}"
    return GateResult(gate, outcome, evidence.mean.samples).said(outcome, said)
