"""That a strategy would have a second Production model is said once."""

from shadow_operator.api.status import ConditionStatus
from shadow_operator.core import conditions
from shadow_operator.core.events import Reason
from shadow_operator.core.rules.one_pass import Pass


def notice_second_production(run: Pass) -> Pass:
    """Tell people when another rollout's champion is the Production model of the strategy. It moves nobody."""
    known = any(
        condition.type == conditions.SOLE_PRODUCTION and condition.status is ConditionStatus.FALSE
        for condition in run.status.conditions
    )
    claim = run.observed.production
    if known or claim is None or claim.refused is None:
        return run
    return run.changed(Reason.SECOND_PRODUCTION, claim.refused)
