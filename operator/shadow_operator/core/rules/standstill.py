"""At a standstill nothing advances; whatever lowers a risk goes on."""

from functools import wraps

from shadow_operator.core.events import Reason
from shadow_operator.core.rules.one_pass import Pass, Rule
from shadow_operator.core.standstill import why_nothing_advances

_TAKES_BACK = frozenset({Reason.ROLLED_BACK, Reason.STEPPED_BACK, Reason.REJECTED, Reason.RESTARTED})


def advances(rule: Rule) -> Rule:
    """The rule, unless the rollout is at a standstill or this pass took something back; for all that advances.

    What is taken back is done before anything else: a pass that also raised something would have to wait for the
    ledger first, and the rollback with it.
    """

    @wraps(rule)
    def guarded(run: Pass) -> Pass:
        is_still = why_nothing_advances(run.spec, run.status, run.observed) is not None
        return run if took_back(run) or is_still else rule(run)

    return guarded


def took_back(run: Pass) -> bool:
    """Whether this pass took something back."""
    return any(event.reason in _TAKES_BACK for event in run.events)
