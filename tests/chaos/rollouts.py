"""The rollouts of a round. Each has a challenger that deserves something else, so what has to come of it is known."""

from dataclasses import dataclass
from typing import Any

from tests.chaos.figures import Model

CHAMPION, TWIN = "steady", "twin"
STEPS = (10, 30)


@dataclass(frozen=True, slots=True)
class Fate:
    """One challenger beside the champion and its twin.

    Attributes:
        challenger: its name.
        breaks: it loses far too much as soon as it acts.
        becomes_champion: what has to come of it.

    """

    challenger: str
    breaks: bool
    becomes_champion: bool


BETTER = Fate("better", breaks=False, becomes_champion=True)
BROKEN = Fate("broken", breaks=True, becomes_champion=False)
FATES = (BETTER, BROKEN)


def models(fate: Fate, seed: int) -> dict[str, Model]:
    """The figures of the rollout's models: the challenger earns more than it can by chance, its twin does not."""
    return {
        CHAMPION: Model(0.0, seed),
        fate.challenger: Model(3.0, seed + 1),
        TWIN: Model(-0.5, seed + 2),
    }


def manifest(name: str, fate: Fate, prometheus: str) -> dict[str, Any]:
    """A rollout whose whole way takes about a minute."""
    return {
        "apiVersion": "shadowrollouts.io/v1alpha1",
        "kind": "ShadowRollout",
        "metadata": {"name": name},
        "spec": {
            "champion": {"name": CHAMPION, "image": "models/steady:1"},
            "challengers": [
                {"name": fate.challenger, "image": "models/challenger:1"},
                {"name": TWIN, "image": "models/twin:1"},
            ],
            "workload": {"replicas": 1},
            "traffic": {"gatewayAPI": {"parentRefs": [{"name": "models"}]}},
            "metrics": {
                "prometheus": {"address": prometheus},
                "capital": "10000",
                "interval": "1s",
                "scrapeInterval": "1s",
            },
            "shadow": {"minDuration": "10s", "minTrades": 100},
            "errorBudget": {"plannedSamples": 100},
            "gates": [{"name": "mean-pnl", "test": "PairedMean", "role": "Primary"}],
            "guardrails": [
                {"name": "max-drawdown", "metric": "drawdown", "above": "20%"},
                {"name": "blind", "metric": "freshness", "above": "10s", "action": "Hold", "then": {"after": "10m"}},
            ],
            "canary": {"steps": [{"percent": percent, "minDuration": "6s"} for percent in STEPS]},
            "promotion": {"watch": "6s"},
        },
    }
