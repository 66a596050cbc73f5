"""What the pods reported of their data is kept, and other data than was expected is told of once."""

from shadow_operator.api.status import DatasetFinding, DatasetStatus
from shadow_operator.core.dataset_check import DatasetCheck
from shadow_operator.core.events import Reason
from shadow_operator.core.rules.one_pass import Pass

_MISMATCHES = frozenset({DatasetFinding.MISMATCHED, DatasetFinding.ALLOWED})
_UNREPORTED = frozenset({DatasetFinding.PENDING, DatasetFinding.UNKNOWN})


def tell_of_datasets(run: Pass) -> Pass:
    """Write down what is known of each model's data. It stops nobody who acts: the rules that advance ask for it."""
    before = {each.model: each for each in run.status.datasets}
    lines = [_line(name, check, before.get(name)) for name, check in sorted(run.observed.datasets.items())]
    for line in lines:
        known = before.get(line.model)
        if line.finding in _MISMATCHES and (known is None or known.finding is not line.finding):
            run = run.changed(Reason.DATASET_MISMATCHED, f"{line.model} {_CONSEQUENCE[line.finding]}: {line.message}")
    return run.changed(datasets=lines)


_CONSEQUENCE = {
    DatasetFinding.MISMATCHED: "does not start on other data than it names",
    DatasetFinding.ALLOWED: "starts on other data than it names, as allowDatasetMismatch says",
}


def _line(model: str, check: DatasetCheck, before: DatasetStatus | None) -> DatasetStatus:
    """The newest report. A mismatch stands until a pod reports something else: its successor only has yet to."""
    if (
        before is not None
        and before.expected == check.expected
        and before.finding in _MISMATCHES
        and check.finding in _UNREPORTED
    ):
        return before
    return DatasetStatus(
        model=model, expected=check.expected, finding=check.finding, message=check.message[:1024] or None
    )
