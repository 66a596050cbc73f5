"""The status of a `ShadowRollout`: where it stands, and why. Written by the operator only, small enough to read."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

# RFC 3339 in UTC, as metav1.Time and metav1.MicroTime write it.
Time = Annotated[str, Field(max_length=40, json_schema_extra={"format": "date-time"})]
Sentence = Annotated[str, Field(max_length=1024)]
Figure = Annotated[str, Field(max_length=40)]


class StatusPart(BaseModel):
    """Fields are camelCase in the API; unknown ones, written by another version, are dropped on reading."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)


class Phase(StrEnum):
    """Where the rollout as a whole stands."""

    PENDING = "Pending"
    SHADOWING = "Shadowing"
    CANARY = "Canary"
    AWAITING_APPROVAL = "AwaitingApproval"
    PROMOTING = "Promoting"
    WATCHING = "Watching"
    COMPLETED = "Completed"
    REJECTED = "Rejected"
    ROLLED_BACK = "RolledBack"


class Stage(StrEnum):
    """Where one challenger stands."""

    PENDING = "Pending"
    SHADOW = "Shadow"
    CANARY = "Canary"
    PROMOTED = "Promoted"
    NOT_PROMOTED = "NotPromoted"
    REJECTED = "Rejected"
    ROLLED_BACK = "RolledBack"


class ConditionStatus(StrEnum):
    """The three values of a Kubernetes condition."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Condition(StatusPart):
    """metav1.Condition."""

    type: str = Field(max_length=316, description="Ready, Reconciling, Stalled, MetricsAvailable or DatasetsMatch.")
    status: ConditionStatus
    reason: str = Field(min_length=1, max_length=1024, description="Why, in one word for machines.")
    message: str = Field(max_length=4096, description="Why, in a sentence for people.")
    observed_generation: int = Field(0, ge=0, description="The generation of the object that this was said of.")
    last_transition_time: Time = Field(description="Since when the condition has had this status.")


class ForcedStatus(StatusPart):
    """A promotion that a person forced."""

    by: str = Field(max_length=200, description="Who.")
    reason: Sentence = Field(description="Why, in their words.")
    overruled: list[Sentence] = Field(max_length=40, description="What the gates that had not passed said.")


class ChampionStatus(StatusPart):
    """The model whose predictions are acted on now."""

    name: str = Field(description="The champion's name; after a promotion it may differ from the spec's.")
    image: str = Field(description="Its image.")
    since: Time = Field(description="Since when it is champion with this image.")
    forced: ForcedStatus | None = Field(None, description="Who made it champion over the gates, and why.")


class CanaryStatus(StatusPart):
    """The challenger that has a share of the real decisions, and since when."""

    challenger: str = Field(description="The challenger's name.")
    step: int = Field(ge=1, description="The step, counted from 1.")
    percent: int | None = Field(None, description="The share for which the step's clock runs, in percent.")
    since: Time | None = Field(
        None, description="When the route was seen to give this share; the step's clock starts here."
    )
    held_since: Time | None = Field(None, description="Since when a guardrail or missing data holds the step.")
    held_by: str | None = Field(None, description="The guardrail that holds it.")
    awaiting_since: Time | None = Field(
        None, description="Since when it has done everything and waits for a person (promotion.mode Manual)."
    )
    decisions_before: int = Field(0, description="The challenger's real decisions when this step began.")


class WatchStatus(StatusPart):
    """The time after a promotion in which a broken guardrail goes back to the standby."""

    standby: str = Field(description="The former champion; it keeps running.")
    standby_image: str = Field("", description="Its image at the promotion.")
    since: Time | None = Field(None, description="When all the traffic was seen to reach the new champion.")
    held_since: Time | None = Field(
        None, description="Since when missing data, or a guardrail that holds, stops its clock."
    )
    held_by: str | None = Field(None, description="The guardrail that stops it.")
    completed: Time | None = Field(None, description="When the watch ended without a broken guardrail.")


class RollbackStatus(StatusPart):
    """Why and when a share was taken back."""

    guardrail: str = Field(description="The guardrail that was broken.")
    value: Figure = Field(description="The figure that broke it.")
    limit: Figure = Field(description="The most that was allowed.")
    breached_at: Time = Field(description="When the guard read the figure that broke the guardrail.")
    zero_at: Time = Field(description="When the API server had accepted the route without the challenger.")


class FallenStatus(StatusPart):
    """A champion that was promoted, broke a guardrail, and had to give way to its standby."""

    name: str = Field(description="The model.")
    rollback: RollbackStatus


class ChallengerStatus(StatusPart):
    """One challenger: its stage, its evidence, and what it waits for."""

    name: str = Field(description="The challenger's name.")
    image: str = Field(description="The image that all of this was seen of.")
    stage: Stage
    since: Time = Field(description="Since when it is in this stage.")
    shadow_since: Time | None = Field(None, description="Since when the route was seen to mirror to it.")
    run: int = Field(
        1, ge=1, description="Counts its runs: retry and reset begin another one, with evidence of its own."
    )
    terms: Figure | None = Field(
        None, description="Digest of the gates and the error budget, as they were at the first look at its evidence."
    )
    rank: int | None = Field(None, ge=1, description="Its place among those in the race, 1 for the strongest.")
    samples: int = Field(0, description="Intervals compared so far.")
    trades: int = Field(0, description="Trades settled so far.")
    effect: Figure | None = Field(
        None, description="Mean profit per decision above the champion's, in account currency."
    )
    interval: list[Figure] | None = Field(
        None, max_length=2, description="Confidence sequence for the effect: it holds however often anyone looks."
    )
    pvalue: Figure | None = Field(None, description="Always-valid p-value, corrected over all challengers.")
    verdict: str | None = Field(None, max_length=40, description="Better, Equivalent, Worse or Inconclusive.")
    evidence: Figure | None = Field(None, description="How far the evidence has come on the way to a verdict.")
    waiting_for: Sentence | None = Field(None, description="What has to happen before it goes on.")
    score: int | None = Field(None, description="Points of the gates that passed, in percent of all points.")
    review_since: Time | None = Field(
        None, description="Since when its score asks for a person, who promotes it into the canary or rejects it."
    )
    approved_by: str | None = Field(
        None, max_length=200, description="Who let it act although its score alone would not have."
    )
    rollback: RollbackStatus | None = None


class DatasetFinding(StrEnum):
    """What the pods of a model reported of its data."""

    MATCHED = "Matched"
    MISMATCHED = "Mismatched"
    ALLOWED = "Allowed"
    """It has another fingerprint, and allowDatasetMismatch lets the model start."""
    UNREADABLE = "Unreadable"
    PENDING = "Pending"
    UNKNOWN = "Unknown"


class DatasetStatus(StatusPart):
    """The data of one model, as its pods reported it last."""

    model: str = Field(description="The model's name.")
    expected: str = Field(max_length=128, description="The fingerprint that its data should have.")
    finding: DatasetFinding = Field(
        description="Matched, Mismatched (it does not start), Allowed (a mismatch with which it starts all the same), "
        "Unreadable, Pending or Unknown."
    )
    message: Sentence | None = Field(None, description="Why, in a sentence.")


class CommandStatus(StatusPart):
    """The last command that was heard, and what became of it."""

    text: str = Field(max_length=200, description="The annotation, as in promote/1; the same is not heard twice.")
    by: str = Field(max_length=200, description="Who gave it, as they said themselves.")
    at: Time = Field(description="When it was heard.")
    answer: Sentence = Field(description="What was done, or why it was refused.")


class PausedStatus(StatusPart):
    """A person stopped every advance until the command resume."""

    by: str = Field(max_length=200, description="Who.")
    since: Time = Field(description="Since when.")


class StoppedStatus(StatusPart):
    """Nobody trades: the policy's tradingEnabled is false until the command start-trading."""

    by: str = Field(max_length=200, description="Who stopped it: a person, or a guardrail.")
    why: Sentence = Field(description="Why.")
    since: Time = Field(description="Since when.")


class PinnedStatus(StatusPart):
    """A person went back to a ledger entry: its spec holds instead of the manifest's, until the manifest changes."""

    entry: str = Field(max_length=253, description="The name of the RolloutDecision.")
    generation: int = Field(description="The generation of the manifest that does not hold.")
    by: str = Field(max_length=200, description="Who.")
    since: Time = Field(description="Since when.")


class LedgerStatus(StatusPart):
    """The newest entry of the ledger."""

    sequence: int = Field(ge=1, description="Counts the decisions of the rollout.")
    entry: str = Field(max_length=253, description="The name of the RolloutDecision.")
    is_open: bool = Field(alias="open", description="What was decided is not done yet.")


class PolicyStatus(StatusPart):
    """Which policy document the models see."""

    version: int = Field(description="Counts every change of the document.")
    digest: str = Field(description="Digest of all that acts; it stays while models in shadow come and go.")


class Status(StatusPart):
    """Where the rollout stands."""

    observed_generation: int = Field(-1, description="The generation of the spec that this status speaks of.")
    phase: Phase = Phase.PENDING
    message: Sentence | None = Field(None, description="One sentence: what is going on and what comes next.")
    step: Figure | None = Field(None, description="The canary step, as in 2/4.")
    canary_percent: int | None = Field(
        None, description="Share of the real decisions that a challenger has, in percent."
    )
    leader: str | None = Field(None, description="The challenger with the strongest evidence.")
    evidence: Figure | None = Field(None, description="How far the leader's evidence has come on the way to a verdict.")
    champion: ChampionStatus | None = None
    canary: CanaryStatus | None = None
    watch: WatchStatus | None = None
    fallen: FallenStatus | None = Field(
        None, description="The champion that gave way to its standby, until the manifest names the standby again."
    )
    challengers: list[ChallengerStatus] = Field(
        default_factory=list,
        description="Each challenger: its stage, its evidence, and what it waits for.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
    datasets: list[DatasetStatus] = Field(
        default_factory=list,
        description="The data of each model that names a dataset.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["model"]},
    )
    command: CommandStatus | None = None
    heard: list[Annotated[str, Field(max_length=200)]] = Field(
        default_factory=list, max_length=20, description="The newest commands that were answered; none is heard twice."
    )
    paused: PausedStatus | None = None
    stopped: StoppedStatus | None = None
    pinned: PinnedStatus | None = None
    policy: PolicyStatus | None = None
    ledger: LedgerStatus | None = None
    conditions: list[Condition] = Field(
        default_factory=list,
        description="What a machine asks of the status, in the form that Kubernetes gives it.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )

    def challenger(self, name: str) -> ChallengerStatus | None:
        """The challenger of that name, or None."""
        return next((challenger for challenger in self.challengers if challenger.name == name), None)

    def dataset(self, model: str) -> DatasetStatus | None:
        """What is known of the model's data; None where it names none."""
        return next((each for each in self.datasets if each.model == model), None)
