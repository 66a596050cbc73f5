"""`RolloutDecision`: one entry of the ledger. What was decided, by whom or which rule, and on which evidence."""

from typing import Annotated

from pydantic import ConfigDict, Field

from shadow_operator.api.schema import Resource, validation
from shadow_operator.api.status import Figure, Sentence, Stage, StatusPart, Time

KIND = "RolloutDecision"
PLURAL = "rolloutdecisions"

Word = Annotated[str, Field(max_length=253)]
# Of the API server's 1.5 MB a request; what is larger is not kept, and the entry says so.
MOST_INPUTS = 500_000


class DecidedRollout(Resource):
    """The rollout that the decision is about."""

    name: Word
    uid: Word
    generation: int = Field(description="The generation of the spec that was decided on.")


class StageFound(Resource):
    """Where one challenger stood."""

    name: Word
    stage: Stage


class Position(Resource):
    """Where the rollout stood."""

    champion: Word | None = None
    canary: Word | None = Field(None, description="The challenger in canary.")
    step: int | None = Field(None, description="Its step, counted from 1.")
    percent: int = Field(0, description="Its share of the real decisions, in percent.")
    stages: list[StageFound] = Field(default_factory=list, max_length=64, description="The stage of each challenger.")


class Happened(Resource):
    """One thing that happened in the decision."""

    rule: Word = Field(description="The rule of the state machine that decided it.")
    reason: Word
    message: Annotated[str, Field(max_length=2048)]


class Statistics(Resource):
    """The comparison of one challenger with the champion, as it stood."""

    challenger: Word
    samples: int = Field(description="Intervals compared.")
    effect: Figure | None = Field(None, description="Mean profit per decision above the champion's.")
    low: Figure | None = Field(None, description="Lower end of the confidence sequence of the effect.")
    high: Figure | None = Field(None, description="Upper end of it.")
    pvalue: Figure | None = Field(None, description="Always-valid p-value of better, corrected over all challengers.")
    spent: Figure = Field(description="How far the error budget is used up: the way of the p-value to alpha.")


class GateFound(Resource):
    """What one gate said of one challenger."""

    challenger: Word
    gate: Word
    test: Word | None = Field(None, description="What it compares; none for a group of gates.")
    role: Word
    outcome: Word
    samples: int
    figure: Figure | None = None
    limit: Figure | None = None
    sentence: Annotated[str, Field(max_length=2048)]


class Seen(Resource):
    """The figures of one model that were read since it is compared.

    Attributes:
        digest: SHA-256 over every sample at every moment of the time grid from `since` to `until`.

    """

    model: Word
    since: Time
    until: Time
    digest: Word


class Versions(Resource):
    """Which programs decided."""

    operator: Word
    statistics: Word


class DecisionSpec(Resource):
    """What was decided, and on what; written once."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                validation("self == oldSelf", "a decision is never changed: the ledger only grows"),
            ]
        }
    )

    rollout: DecidedRollout
    sequence: int = Field(ge=1, description="Counts the decisions of the rollout.")
    at: Time
    rule: Word = Field(description="The rule of the state machine that decided; the last event's.")
    reason: Word = Field(description="What happened, in one word; the last event's where there were several.")
    message: Annotated[str, Field(max_length=2048)]
    events: list[Happened] = Field(default_factory=list, max_length=64)
    challenger: Word | None = Field(None, description="The challenger that the decision moved, if it moved just one.")
    actor: Word = Field(description="The operator, or the person who gave a command.")
    before: Position
    after: Position
    spec_digest: Word = Field(description="SHA-256 of the spec that was decided on.")
    versions: Versions
    alpha: Word = Field(description="The error budget.")
    statistics: list[Statistics] = Field(default_factory=list, max_length=64)
    gates: list[GateFound] = Field(default_factory=list, max_length=1024)
    queries: list[Annotated[str, Field(max_length=16384)]] = Field(
        default_factory=list, max_length=64, description="What Prometheus was asked about each interval."
    )
    seen: list[Seen] = Field(default_factory=list, max_length=64)
    inputs: Annotated[str, Field(max_length=MOST_INPUTS)] | None = Field(
        None, description="All that was decided on, as JSON, compressed with gzip, in base64; replay needs it."
    )
    result_digest: Word = Field(description="SHA-256 of the status and the events that followed.")


class OutcomeStatus(StatusPart):
    """What became of the decision."""

    result: Word = Field(
        description="Done; Overtaken by the next one before that was seen; or Superseded by one taken instead."
    )
    at: Time
    message: Sentence


class DecisionStatus(StatusPart):
    """What became of the decision; written once."""

    model_config = ConfigDict(
        json_schema_extra={
            "x-kubernetes-validations": [
                validation(
                    "!has(oldSelf.outcome) || (has(self.outcome) && self.outcome == oldSelf.outcome)",
                    "the outcome of a decision is never changed: the ledger only grows",
                ),
            ]
        }
    )

    outcome: OutcomeStatus | None = None
