"""Going back to a ledger entry as a whole, when what Git asks for is what went wrong."""

from dataclasses import dataclass
from datetime import datetime

from shadow_operator.api.rollout import Spec
from shadow_operator.api.status import ChallengerStatus, CommandStatus, PausedStatus, PinnedStatus, Status
from shadow_operator.core import roles
from shadow_operator.core.adopt import restarted
from shadow_operator.core.command import Command, Verb, is_heard, remembered
from shadow_operator.core.events import Event, Reason
from shadow_operator.core.moment import to_text
from shadow_operator.core.observed import GoodEntry, Observed

_RULE = "go_back"


@dataclass(frozen=True, slots=True)
class Pinned:
    """The status after a pin was set or ended, and what happened."""

    status: Status
    events: tuple[Event, ...] = ()


def asks_to_go_back(command: Command | None, status: Status) -> bool:
    """Whether a person asks to go back as a whole, and was not answered yet."""
    return command is not None and command.verb is Verb.ROLLBACK_NUCLEAR and not is_heard(command, status)


def why_not_back(observed: Observed) -> str | None:
    """Why nobody can go back, None when one can."""
    good = observed.good
    if good is None or good.status.champion is None:
        return "the ledger has no entry at which a champion stood alone: roll back, or change the manifest"
    champion = good.status.champion.name
    if not observed.ready(champion):
        # A rollback moves weights and starts no pod: requests would find nobody.
        return (
            f"{champion}, the champion of ledger entry {good.entry}, has no ready pods: name it in the manifest first"
        )
    return None


def held_spec(spec: Spec, status: Status, observed: Observed) -> Spec:
    """The spec that holds: that of the entry that the rollout is pinned to, else the manifest's."""
    return spec if status.pinned is None or observed.good is None else observed.good.spec


def go_back(status: Status, generation: int, observed: Observed, now: datetime) -> Pinned:
    """Set a pin where a person asks for it, and end one when the manifest has changed."""
    command, good = observed.command, observed.good
    if command is not None and good is not None and asks_to_go_back(command, status) and why_not_back(observed) is None:
        return _back(status, generation, command, good, now)
    if status.pinned is not None and status.pinned.generation != generation:
        message = f"the manifest has changed: it holds again, and ledger entry {status.pinned.entry} no more"
        return Pinned(status.model_copy(update={"pinned": None}), (Event(Reason.PIN_ENDED, message, _RULE),))
    return Pinned(status)


def _again(line: ChallengerStatus, status: Status, now: datetime) -> ChallengerStatus:
    """Whoever raced then races from the beginning, in a run that was not before."""
    if line.stage not in roles.UNFINISHED:
        return line
    present = status.challenger(line.name)
    run = max(line.run, 1 if present is None else present.run)
    return restarted(line.model_copy(update={"run": run}), line.image, now)


def _back(status: Status, generation: int, command: Command, good: GoodEntry, now: datetime) -> Pinned:
    lines = [_again(line, status, now) for line in good.status.challengers]
    answer = f"back to ledger entry {good.entry} as a whole, and paused"
    back = good.status.model_copy(
        update={
            "canary": None,
            "challengers": lines,
            "policy": status.policy,
            "ledger": status.ledger,
            "conditions": status.conditions,
            "command": CommandStatus(text=command.text, by=command.by, at=to_text(now), answer=answer),
            "heard": remembered(status, command),
            "paused": PausedStatus(by=command.by, since=to_text(now)),
            "pinned": PinnedStatus(entry=good.entry, generation=generation, by=command.by, since=to_text(now)),
        }
    )
    message = (
        f"{command.by} goes back to ledger entry {good.entry} as a whole: the manifest does not hold until it changes"
    )
    return Pinned(back, (Event(Reason.ROLLED_BACK, message, _RULE),))
