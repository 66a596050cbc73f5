"""A rollout on its way, in a world that follows: each pass sees what the pass before asked for."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self

from shadow_operator.api.quantities import Duration
from shadow_operator.api.rollout import Spec
from shadow_operator.api.status import Phase, Stage, Status
from shadow_operator.core import roles
from shadow_operator.core.command import Command
from shadow_operator.core.dataset_check import DatasetCheck
from shadow_operator.core.events import Reason
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.guardrails import Hold, Judgement, Motive, Rollback, Signals
from shadow_operator.core.lifecycle import ProductionClaim
from shadow_operator.core.machine import Decision, decide
from shadow_operator.core.observed import GoodEntry, MetricsHealth, Observed, Route, RouteState, Workload
from shadow_operator.core.split import Split
from shadow_operator.core.trading import Stop
from tests.world.evidence import better
from tests.world.rollouts import spec_of

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
HEALTHY = MetricsHealth(available=True, message="every query was answered")

CHAMPION, FIRST, SECOND = "momentum-v7", "momentum-v8", "patchtst-v2"


def signals_of(model: str, at: datetime, decisions: int = 0) -> Signals:
    """Figures in which nothing is wrong."""
    return Signals(model, at, drawdown=0.0, shortfall=0.0, age=timedelta(seconds=1), decisions=decisions)


@dataclass
class Journey:
    """One rollout; each field of the world can be set between two passes.

    Attributes:
        spec: what the team asks for.
        status: where it stands after the last pass.
        now: the time of the next pass.
        evidence: what is known of the challengers.
        unready: models whose pods are not ready.
        route: what the gateway says of the route.
        split: the shares that the route gives; those that the status asks for when None.
        hand_written: somebody wrote the route, and its shares are none that the operator asks for.
        mark: a rollback that the guard wrote into the route.
        hold: a hold that the guardrails ask for.
        blind_guard: the guard has judged nothing yet.
        decisions: real decisions of the model under guard.
        metrics: whether the metrics can be read.
        command: what a person asks.
        frozen: why the whole fleet is frozen.
        stop: that the guard stopped trading, which no status knows of.
        good: the ledger entry that a person goes back to.
        datasets: what the pods reported of their data.
        production: whether the champion is its strategy's Production model.

    """

    spec: Spec = field(default_factory=spec_of)
    status: Status = field(default_factory=Status)
    now: datetime = START
    evidence: dict[str, Evidence] = field(default_factory=dict)
    unready: set[str] = field(default_factory=set)
    route: RouteState = RouteState.PROGRAMMED
    split: Split | None = None
    hand_written: bool = False
    mark: Rollback | None = None
    hold: Hold | None = None
    blind_guard: bool = False
    decisions: int = 0
    metrics: MetricsHealth = HEALTHY
    command: Command | None = None
    frozen: str | None = None
    stop: Stop | None = None
    good: GoodEntry | None = None
    generation: int = 1
    datasets: dict[str, DatasetCheck] = field(default_factory=dict)
    production: ProductionClaim | None = None
    reasons: list[Reason] = field(default_factory=list)

    def observed(self) -> Observed:
        named = (self.spec.champion.name, *(challenger.name for challenger in self.spec.challengers))
        names = {*named, roles.champion_of(self.spec, self.status)}
        shown = Route(
            state=self.route,
            split=None if self.hand_written else self.split or roles.split(self.spec, self.status),
            rollback=self.mark,
            resource_version="1",
        )
        guarded = roles.under_guard(self.status)
        judgement = None
        if guarded is not None and not self.blind_guard:
            judgement = Judgement(signals_of(guarded, self.now, self.decisions), hold=self.hold)
        return Observed(
            route=shown,
            workloads={name: Workload(ready=name not in self.unready) for name in names},
            evidence=dict(self.evidence),
            metrics=self.metrics,
            judgement=judgement,
            command=self.command,
            frozen=self.frozen,
            stop=self.stop,
            good=self.good,
            datasets=dict(self.datasets),
            production=self.production,
        )

    def look(self) -> Decision:
        """One pass, and a second later."""
        decision = decide(self.spec, self.generation, self.status, self.observed(), self.now)
        self.status = decision.status
        self.reasons += [event.reason for event in decision.events]
        self.now += timedelta(seconds=1)
        return decision

    def wait(self, length: str, decisions: int = 1) -> Self:
        """Let time pass in which the model under guard decides."""
        self.now += Duration(length).timedelta
        self.decisions += decisions
        return self

    def stage(self, name: str) -> Stage:
        challenger = self.status.challenger(name)
        assert challenger is not None
        return challenger.stage

    def phase(self) -> Phase:
        return self.status.phase

    def last_reason(self) -> Reason:
        return self.reasons[-1]

    @property
    def share(self) -> int:
        return roles.canary_percent(self.spec, self.status)

    @property
    def champion(self) -> str:
        return roles.champion_of(self.spec, self.status)

    def breach(self, model: str, motive: Motive = Motive.BREACH) -> Rollback:
        """The guard takes a share back."""
        return Rollback(model, "max-drawdown", motive, "6.00%", "5%", breached_at=self.now, zero_at=self.now)


def in_shadow(spec: Spec | None = None) -> Journey:
    """Every challenger is in shadow since now."""
    journey = Journey(spec or spec_of())
    journey.look()
    journey.look()
    assert journey.phase() is Phase.SHADOWING
    return journey


def in_canary(spec: Spec | None = None, name: str = FIRST) -> Journey:
    """`name` has the first step's share, seen at the gateway, and the step's clock runs since now."""
    journey = in_shadow(spec)
    journey.evidence[name] = better()
    journey.wait("14d").look()
    journey.look()
    assert journey.status.canary is not None
    assert journey.status.canary.since is not None
    return journey


def watched(spec: Spec | None = None, name: str = FIRST) -> Journey:
    """`name` is the new champion; all the traffic was seen to reach it just now."""
    journey = in_canary(spec, name)
    while journey.status.canary is not None:
        journey.wait("1d").look()
        journey.look()
    assert journey.phase() is Phase.WATCHING
    assert journey.champion == name
    return journey
