"""Gate templates."""

from typing import Any


def gate_template(name: str = "house", **spec: Any) -> dict[str, Any]:
    """A template with gates and a canary; what is named is added or stands for it."""
    return {
        "apiVersion": "shadowrollouts.io/v1alpha1",
        "kind": "GateTemplate",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "gates": [
                {"name": "mean-pnl", "test": "PairedMean"},
                {"name": "drawdown", "test": "MaxDrawdown", "atMost": "5%"},
            ],
            "canary": {"steps": [{"percent": 5, "minDuration": "1h"}, {"percent": 25, "minDuration": "1h"}]},
            **spec,
        },
    }
