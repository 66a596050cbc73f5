"""The score of a challenger, 0 to 100, and whether the gates let it act."""

from collections.abc import Sequence
from enum import StrEnum

from shadow_operator.api.gates import GateRole
from shadow_operator.api.rollout import Spec
from shadow_operator.api.status import ChallengerStatus
from shadow_operator.core.gates import GateResult, Outcome

# Five Primary gates make 70, the three Secondary ones beside them the rest.
_WEIGHTS = {GateRole.PRIMARY: 14, GateRole.SECONDARY: 10}


class Consent(StrEnum):
    """What the gates say of a challenger as a whole."""

    GIVEN = "Given"
    """It may act."""
    OPEN = "Open"
    """A gate waits or is blind, so nobody can say yet."""
    PERSON = "Person"
    """Good, but not good enough to act without a person who says so."""
    REFUSED = "Refused"
    """Not good enough to ask anybody."""


def score(results: Sequence[GateResult]) -> int:
    """Points of the gates that passed, in percent of all points, rounded down. Members count through their group."""
    counted = [(result, _weight(result)) for result in results if result.role is not GateRole.MEMBER]
    passed = sum(weight for result, weight in counted if result.outcome is Outcome.PASS)
    return 100 * passed // max(sum(weight for _, weight in counted), 1)


def _weight(result: GateResult) -> int:
    return result.gate.weight or _WEIGHTS[result.role]


def consent(spec: Spec, challenger: ChallengerStatus, results: Sequence[GateResult]) -> Consent:
    """Whether the challenger may act.

    Without `promotion.score` it may once every Primary gate has passed. With it, the score has to reach `promote` as
    well; and once no gate waits any more, or the planned samples are there, less than that asks a person, and less than
    `review` ends the run.
    """
    primary = [result for result in results if result.role is GateRole.PRIMARY]
    all_pass = bool(primary) and all(result.outcome is Outcome.PASS for result in primary)
    levels = spec.promotion.score
    if levels is None:
        return Consent.GIVEN if all_pass else Consent.OPEN
    reached = score(results)
    if all_pass and reached >= levels.promote:
        return Consent.GIVEN
    if not _is_due(spec, challenger, results):
        return Consent.OPEN
    if reached < levels.review:
        return Consent.REFUSED
    return Consent.PERSON if challenger.approved_by is None else Consent.GIVEN


def _is_due(spec: Spec, challenger: ChallengerStatus, results: Sequence[GateResult]) -> bool:
    """Whether more samples would change little; missing data is never taken for a verdict."""
    outcomes = {result.outcome for result in results if result.role is not GateRole.MEMBER}
    if Outcome.BLIND in outcomes:
        return False
    return Outcome.INSUFFICIENT not in outcomes or challenger.samples >= spec.error_budget.planned_samples
