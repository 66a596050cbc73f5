"""The last page: what became of everybody, and where to look next."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .names import NAMESPACE, ROLLOUT
from .options import Options
from .screen import Screen


def print_summary(screen: Screen, report: Mapping[str, Any], complaints: list[str]) -> None:
    """Print a line for each challenger, and what is not as it should be."""
    screen.write()
    screen.write(f"{'challenger':<16}{'truth':<9}{'outcome':<13}evidence at the decision")
    for name, challenger in report["challengers"].items():
        screen.write(f"{name:<16}{challenger['truth']:<9}{challenger['outcome']:<13}{_evidence(challenger)}")
    screen.write()
    for name, challenger in report["challengers"].items():
        for row in challenger["split"]:
            screen.write(f"  {_share(name, row)}")
        if challenger["breachToZeroSeconds"] is not None:
            screen.write(f"  {name}: {challenger['breachToZeroSeconds']} s from the breach to its last answer")
    requests = report["requests"]
    screen.write(f"  requests: {requests['sent']} sent, {requests['failed']} failed; champion: {report['champion']}")
    for complaint in complaints:
        screen.write(f"NOT AS IT SHOULD BE: {complaint}")


def print_where_to_look(screen: Screen, options: Options) -> None:
    """Print the commands that show what is still there."""
    kubectl = f"KUBECONFIG={options.kubeconfig} {_shown(options.tools / 'kubectl')} --namespace {NAMESPACE}"
    screen.write()
    screen.write("The cluster stays up. Where to look:")
    for command, text in (
        ("get sr", "the rollout in a line"),
        (f"describe sr {ROLLOUT}", "its status, conditions and events"),
        ("explain sr.spec", "what can be asked for"),
        ("port-forward svc/prometheus 9090", "then http://127.0.0.1:9090, e.g. model_profit_total - model_loss_total"),
    ):
        screen.write(f"  {kubectl} {command}   # {text}")
    screen.write(f"  {_shown(options.report)}   # everything that was seen")
    screen.write("  make down   # removes the cluster and all that it made")


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _evidence(challenger: Mapping[str, Any]) -> str:
    if not challenger["evidence"]:
        return "none"
    last = challenger["evidence"][-1]
    return f"{last['effect']} a decision, p {last['pvalue']}, {last['samples']} samples, {last['verdict']}"


def _share(name: str, row: Mapping[str, Any]) -> str:
    seen = [f"{where} {row[where]['percent']} %" for where in ("client", "envoy") if row[where]["percent"] is not None]
    return f"{name}: {row['askedPercent']} % asked for, {', '.join(seen) or 'too short to be seen'}"
