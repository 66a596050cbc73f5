"""The terms of a comparison are fixed by the first look at its evidence."""

from shadow_operator.api.status import ChallengerStatus, Stage
from shadow_operator.core.rules.one_pass import Pass
from shadow_operator.core.terms import terms_digest


def fix_terms(run: Pass) -> Pass:
    """Note the terms of each challenger whose evidence is seen for the first time."""
    terms = terms_digest(run.spec)
    lines = [_bound(run, line, terms) for line in run.status.challengers]
    return run if lines == run.status.challengers else run.changed(challengers=lines)


def _bound(run: Pass, line: ChallengerStatus, terms: str) -> ChallengerStatus:
    evidence = run.observed.evidence.get(line.name)
    is_compared = line.stage in {Stage.SHADOW, Stage.CANARY} and evidence is not None and evidence.mean.samples > 0
    return line.model_copy(update={"terms": terms}) if is_compared and line.terms is None else line
