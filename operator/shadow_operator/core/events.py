"""What happened, in stable words: one enum that users may build alerts on."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Reasons of events. They are API: none is renamed."""

    SHADOW_STARTED = "ShadowStarted"
    CANARY_STARTED = "CanaryStarted"
    CANARY_STEPPED = "CanaryStepped"
    CANARY_HELD = "CanaryHeld"
    APPROVAL_NEEDED = "ApprovalNeeded"
    APPROVED = "Approved"
    ACTIVATED = "Activated"
    COMMAND_REFUSED = "CommandRefused"
    PAUSED = "Paused"
    RESUMED = "Resumed"
    TRADING_STOPPED = "TradingStopped"
    TRADING_STARTED = "TradingStarted"
    RESTARTED = "Restarted"
    FORCED = "Forced"
    PIN_ENDED = "PinEnded"
    CANARY_RESUMED = "CanaryResumed"
    STEPPED_BACK = "SteppedBack"
    PROMOTED = "Promoted"
    COMPLETED = "Completed"
    REJECTED = "Rejected"
    ROLLED_BACK = "RolledBack"
    MODEL_CHANGED = "ModelChanged"
    CHAMPION_ADOPTED = "ChampionAdopted"
    METRICS_UNAVAILABLE = "MetricsUnavailable"
    SPEC_REFUSED = "SpecRefused"
    LEDGER_UNAVAILABLE = "LedgerUnavailable"
    DATASET_MISMATCHED = "DatasetMismatched"
    SECOND_PRODUCTION = "SecondProduction"

    @property
    def is_warning(self) -> bool:
        """Whether a person should look at it."""
        return self in _WARNINGS


_WARNINGS = frozenset(
    {
        Reason.CANARY_HELD,
        Reason.COMMAND_REFUSED,
        Reason.FORCED,
        Reason.STEPPED_BACK,
        Reason.REJECTED,
        Reason.ROLLED_BACK,
        Reason.TRADING_STOPPED,
        Reason.METRICS_UNAVAILABLE,
        Reason.SPEC_REFUSED,
        Reason.LEDGER_UNAVAILABLE,
        Reason.DATASET_MISMATCHED,
        Reason.SECOND_PRODUCTION,
    }
)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Attributes:
        reason: what, in one word.
        message: what, in a sentence.
        rule: the rule of the state machine that decided it; empty for what no rule decided.

    """

    reason: Reason
    message: str
    rule: str = ""
