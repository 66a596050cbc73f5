"""A rollout that is judged by a preset, from its recorded series to the decision: observe, evaluate, decide."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from shadow_operator.api.gate_template import GateTemplate, with_template
from shadow_operator.api.rollout import ShadowRollout
from shadow_operator.api.status import Phase, Stage
from shadow_operator.core import gates, roles
from shadow_operator.core.comparison import Comparisons
from shadow_operator.core.events import Reason
from shadow_operator.core.gates import GateResult, Outcome
from shadow_operator.core.guardrails import Judgement, Signals
from shadow_operator.core.machine import decide
from shadow_operator.core.observed import Observed, Route, RouteState, Workload
from shadow_operator.fleet import Memory
from shadow_operator.freeze import Freeze
from shadow_operator.metrics import MetricSource
from shadow_operator.observe import Ports, observe
from shadow_operator.traffic.gateway_api import GatewayAPIRouter
from tests.presets.recording import CHALLENGER, CHAMPION, NAMESPACE, START
from tests.world.memory_cluster import MemoryCluster
from tests.world.rollouts import as_stored

PRESETS = Path(__file__).resolve().parents[2] / "examples" / "gate-templates"
_EVERY = timedelta(hours=6)


def template(preset: str) -> GateTemplate:
    """The preset as the API server would return it."""
    found: dict[str, Any] = yaml.safe_load((PRESETS / f"{preset}.yaml").read_text())
    return GateTemplate.model_validate(as_stored({**found, "metadata": {**found["metadata"], "namespace": NAMESPACE}}))


def rollout_by(preset: str, name: str) -> ShadowRollout:
    """A rollout that takes everything over from the preset that can be taken over."""
    said = {
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "champion": {"name": CHAMPION, "image": "models/steady:1"},
            "challengers": [{"name": CHALLENGER, "image": "models/candidate:1"}],
            "traffic": {"gatewayAPI": {"parentRefs": [{"name": "models"}]}},
            "metrics": {
                "prometheus": {"address": "http://prometheus:9090"},
                "interval": "1h",
                "scrapeInterval": "1h",
                "capital": "100000",
            },
            "gatesFrom": {"name": preset},
        },
    }
    return ShadowRollout.model_validate(with_template(as_stored(said), template(preset)))


@dataclass
class Replay:
    """One rollout on its way; pods, gateway and guard are as they should be, the figures are Prometheus'.

    Attributes:
        reasons: what happened, in order.
        results: what each gate said last, by name.
        now: the time of the last pass.

    """

    rollout: ShadowRollout
    source: MetricSource
    now: datetime = START
    reasons: list[Reason] = field(default_factory=list)
    results: dict[str, GateResult] = field(default_factory=dict)

    async def run(self, hours: float) -> None:
        """Pass every six hours, until so long after the beginning or until the challenger's way ends."""
        cluster, memory = MemoryCluster(), Memory(comparisons=Comparisons())
        ports = Ports(cluster, GatewayAPIRouter(cluster), self.source, Freeze(cluster, None))
        while self.now < START + timedelta(hours=hours) and not self._has_ended():
            self.now += _EVERY
            memory.rollout = self.rollout
            seen = self._in_its_place(await observe(ports, self.rollout, memory, self.now))
            evidence = seen.evidence.get(CHALLENGER)
            if self.stage in {None, Stage.PENDING, Stage.SHADOW}:
                self.results = {each.name: each for each in gates.evaluate_all(self.rollout.spec, evidence)}
            # The way through the canary takes no figures: it is the guard's.
            decision = decide(self.rollout.spec, 1, self.rollout.status, seen, self.now)
            self.reasons += [event.reason for event in decision.events]
            self.rollout = self.rollout.model_copy(update={"status": decision.status})

    @property
    def stage(self) -> Stage | None:
        line = self.rollout.status.challenger(CHALLENGER)
        return None if line is None else line.stage

    @property
    def acts_since(self) -> timedelta | None:
        """How long after the beginning its canary began, None when it did not."""
        line = self.rollout.status.challenger(CHALLENGER)
        return None if line is None or Reason.CANARY_STARTED not in self.reasons else self.now - START

    @property
    def open_gates(self) -> set[str]:
        """The gates that do not pass."""
        return {name for name, result in self.results.items() if result.outcome is not Outcome.PASS}

    def _has_ended(self) -> bool:
        ended = {Stage.CANARY, Stage.REJECTED, Stage.PROMOTED}
        return self.stage in ended or self.rollout.status.phase is Phase.AWAITING_APPROVAL

    def _in_its_place(self, seen: Observed) -> Observed:
        spec, status = self.rollout.spec, self.rollout.status
        guarded = roles.under_guard(status)
        signals = None if guarded is None else Signals(guarded, self.now, 0.0, 0.0, timedelta(seconds=1), 1)
        return replace(
            seen,
            route=Route(RouteState.PROGRAMMED, split=roles.split(spec, status), resource_version="1"),
            workloads={name: Workload(ready=True) for name in (CHAMPION, CHALLENGER)},
            judgement=None if signals is None else Judgement(signals),
        )
