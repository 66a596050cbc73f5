"""Pre-registration: what a challenger is judged by is fixed at the first look at its evidence.

Whoever may change a gate after having seen the evidence can choose the one that passes, and no error rate holds then.
"""

import hashlib
import json

from shadow_operator.api.rollout import Spec
from shadow_operator.api.status import Status
from shadow_operator.core import roles
from shadow_operator.core.adopt import Refusal
from shadow_operator.core.command import COMMAND_ANNOTATION

_DIGITS = 16


def terms_digest(spec: Spec) -> str:
    """Digest of the gates, their groups, the levels of the score and the error budget.

    What is at its default does not enter it, so that a release with one more field finds the same digest.
    """
    gates = [gate.model_dump(mode="json", exclude_defaults=True) for gate in spec.gates]
    groups = [group.model_dump(mode="json", exclude_defaults=True) for group in spec.groups]
    levels = spec.promotion.score
    terms = {
        "gates": sorted(gates, key=lambda gate: str(gate["name"])),
        "groups": sorted(groups, key=lambda group: str(group["name"])),
        "score": None if levels is None else [levels.promote, levels.review],
        "benchmark": None if spec.benchmark is None else spec.benchmark.name,
        "errorBudget": spec.error_budget.model_dump(mode="json", exclude_defaults=True),
    }
    return hashlib.sha256(json.dumps(terms, sort_keys=True).encode()).hexdigest()[:_DIGITS]


def refusal(spec: Spec, status: Status) -> Refusal | None:
    """Why the spec's terms can't hold for all challengers in the race, None when they do."""
    terms = terms_digest(spec)
    bound = [one.name for one in roles.unfinished(status) if one.terms not in {None, terms}]
    if not bound:
        return None
    return Refusal(
        "TermsChanged",
        f"spec.gates, spec.groups, spec.promotion.score or spec.errorBudget was changed after the evidence of "
        f"{', '.join(bound)} was looked at: put them back, or start that evidence anew by the annotation "
        f"{COMMAND_ANNOTATION}: reset/<nonce>",
    )
