"""What a person asks of a rollout: an annotation `<command>/<nonce>`, handled once and answered in the status.

An annotation is not in Git, so self-healing never takes a command back, and none is lost by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from shadow_operator.api.rollout import GROUP
from shadow_operator.api.status import Status

COMMAND_ANNOTATION = f"{GROUP}/command"
COMMAND_BY_ANNOTATION = f"{GROUP}/command-by"
COMMAND_REASON_ANNOTATION = f"{GROUP}/command-reason"
_LONGEST = 200
_LONGEST_REASON = 1000
_UNKNOWN = "somebody who did not say who"


class Verb(StrEnum):
    """What can be asked."""

    PROMOTE = "promote"
    REJECT = "reject"
    PAUSE = "pause"
    RESUME = "resume"
    ROLLBACK = "rollback"
    ROLLBACK_FULL = "rollback-full"
    ROLLBACK_NUCLEAR = "rollback-nuclear"
    RETRY = "retry"
    RESET = "reset"
    FORCE_PROMOTE = "force-promote"
    ACTIVATE = "activate"
    STOP_TRADING = "stop-trading"
    START_TRADING = "start-trading"


ACCEPTED = (
    f"write one of {', '.join(Verb)}, then a slash and a nonce that was not used before, as in promote/1; "
    "a challenger may follow after another slash, as in reject/2/momentum-v8, and for activate its share in percent"
)


@dataclass(frozen=True, slots=True)
class Command:
    """One command as it was written.

    Attributes:
        text: the annotation, `<command>/<nonce>`, `<command>/<nonce>/<challenger>` or
            `activate/<nonce>/<challenger>/<percent>`; it tells commands apart.
        by: who gave it, as they say themselves.
        reason: why they gave it, in their words; empty where they did not say.

    """

    text: str
    by: str
    reason: str = ""

    @property
    def verb(self) -> Verb | None:
        """What is asked, None for what can't be asked."""
        parts = self.text.split("/")
        if parts[0] not in set(Verb) or not all(parts):
            return None
        verb = Verb(parts[0])
        return verb if len(parts) in ({4} if verb is Verb.ACTIVATE else {2, 3}) else None

    @property
    def challenger(self) -> str | None:
        """The challenger that is named, None when none is."""
        parts = self.text.split("/")
        return parts[2] if len(parts) > 2 else None

    @property
    def percent(self) -> int | None:
        """The share that is asked for, None when none is."""
        parts = self.text.split("/")
        return int(parts[3]) if len(parts) == 4 and parts[3].isdecimal() else None


_REMEMBERED = 20


def is_heard(command: Command, status: Status) -> bool:
    """Whether the command was answered before. An old annotation that comes back is not heard again."""
    return command.text in status.heard or (status.command is not None and status.command.text == command.text)


def remembered(status: Status, command: Command) -> list[str]:
    """The newest commands that were answered, with this one."""
    return [*status.heard, command.text][-_REMEMBERED:]


def command_of(annotations: Mapping[str, str]) -> Command | None:
    """The command that the annotations carry, None when they carry none."""
    text = annotations.get(COMMAND_ANNOTATION, "")[:_LONGEST]
    if not text:
        return None
    by = annotations.get(COMMAND_BY_ANNOTATION, "")[:_LONGEST] or _UNKNOWN
    return Command(text, by, annotations.get(COMMAND_REASON_ANNOTATION, "")[:_LONGEST_REASON].strip())
