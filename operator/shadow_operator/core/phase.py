"""The rollout's phase."""

from shadow_operator.api.status import (
    Phase,
    Stage,
    Status,
)


def phase_of(status: Status) -> Phase:
    """The rollout's phase, which follows from the stages: it is written for people and never read back."""
    if status.canary is not None:
        return Phase.CANARY if status.canary.awaiting_since is None else Phase.AWAITING_APPROVAL
    if status.watch is not None:
        if status.watch.completed is not None:
            return Phase.COMPLETED
        return Phase.PROMOTING if status.watch.since is None else Phase.WATCHING
    if status.fallen is not None:
        return Phase.ROLLED_BACK
    if any(challenger.review_since is not None for challenger in status.challengers):
        return Phase.AWAITING_APPROVAL
    stages = {challenger.stage for challenger in status.challengers}
    if Stage.SHADOW in stages:
        return Phase.SHADOWING
    if Stage.PENDING in stages or not stages:
        return Phase.PENDING
    if Stage.ROLLED_BACK in stages:
        return Phase.ROLLED_BACK
    return Phase.COMPLETED if stages & {Stage.PROMOTED, Stage.NOT_PROMOTED} else Phase.REJECTED
