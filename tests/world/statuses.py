"""Statuses of a rollout on its way."""

from shadow_operator.api.status import (
    CanaryStatus,
    ChallengerStatus,
    ChampionStatus,
    CommandStatus,
    Condition,
    ConditionStatus,
    DatasetFinding,
    DatasetStatus,
    LedgerStatus,
    Phase,
    PolicyStatus,
    RollbackStatus,
    Stage,
    Status,
    WatchStatus,
)

_AT = "2026-03-02T09:00:00.000000Z"


def full_status() -> Status:
    """A status in which no field is empty."""
    return Status(
        observed_generation=1,
        phase=Phase.CANARY,
        message="momentum-v8 acts on 10 percent of the requests",
        step="2/4",
        canary_percent=10,
        leader="momentum-v8",
        evidence="100%",
        champion=ChampionStatus(name="momentum-v7", image="models/momentum:7", since=_AT),
        canary=CanaryStatus(
            challenger="momentum-v8", step=2, since=_AT, held_since=_AT, awaiting_since=_AT, decisions_before=12
        ),
        watch=WatchStatus(standby="momentum-v6", standby_image="models/momentum:6", since=_AT, completed=_AT),
        challengers=[
            ChallengerStatus(
                name="momentum-v8",
                image="models/momentum:8",
                stage=Stage.CANARY,
                since=_AT,
                shadow_since=_AT,
                samples=2400,
                trades=912,
                effect="0.0123",
                interval=["0.0041", "0.0205"],
                pvalue="0.0031",
                verdict="Better",
                evidence="100%",
                waiting_for="the canary to be free",
                score=72,
                review_since=_AT,
                approved_by="ann",
                rollback=RollbackStatus(
                    guardrail="max-drawdown", value="5.31%", limit="5%", breached_at=_AT, zero_at=_AT
                ),
            ),
        ],
        datasets=[
            DatasetStatus(
                model="momentum-v8",
                expected="sha256:v1:" + "0" * 64,
                finding=DatasetFinding.PENDING,
                message="pod momentum-momentum-v8-7d has not reported yet",
            ),
        ],
        command=CommandStatus(text="reject/1/patchtst-v2", by="ann", at=_AT, answer="patchtst-v2 is rejected"),
        policy=PolicyStatus(version=3, digest="sha256:00"),
        ledger=LedgerStatus(sequence=7, entry="momentum-5c0a-000007", is_open=False),
        conditions=[
            Condition(
                type="Ready",
                status=ConditionStatus.TRUE,
                reason="Canary",
                message="momentum-v8 acts on 10 percent of the requests",
                observed_generation=1,
                last_transition_time="2026-03-02T09:00:00Z",
            ),
        ],
    )
