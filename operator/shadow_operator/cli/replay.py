"""`shadow-operator replay`: decides again what a ledger entry says was decided, and says whether it is the same."""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from shadow_operator.api.decision import DecisionSpec
from shadow_operator.cluster import Cluster, ClusterError
from shadow_operator.core.kinds import ROLLOUT_DECISION
from shadow_operator.core.ledger import Inputs, replay
from shadow_operator.core.moment import from_text
from shadow_operator.core.readings import on_grid
from shadow_operator.core.samples import Digest
from shadow_operator.credentials import Credentials
from shadow_operator.metrics import MetricsError, MetricSource
from shadow_operator.metrics.history import history
from shadow_operator.metrics.prometheus import Prometheus

EXIT_DIFFERS = 1
EXIT_UNREADABLE = 2
_REQUEST_SECONDS = 30.0


def add_to(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("replay", help="decide a ledger entry again, and say whether it comes out the same")
    parser.add_argument("decision", help="NAMESPACE/NAME of the RolloutDecision")
    parser.add_argument("--file", type=Path, help="an archive of JSON lines that it is read from, not the cluster")
    parser.add_argument("--kubeconfig", help="path of a kubeconfig; the pod's service account if left out")
    parser.add_argument("--refetch", action="store_true", help="read the samples from Prometheus again, and compare")
    parser.add_argument("--prometheus", metavar="URL", help="read them from here, not from the spec's address")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Replay one entry, and return the exit code: 0 where it agrees, 1 where it differs, 2 where it can't be read."""
    try:
        recorded = asyncio.run(_recorded(arguments))
        differences = [*replay(recorded)]
        checked = "decided on the recorded inputs"
        if arguments.refetch:
            differences += asyncio.run(_refetched(recorded, arguments))
            checked += " and read again from Prometheus"
    except (ValueError, OSError, ClusterError, MetricsError) as error:
        sys.stderr.write(f"{arguments.decision}: {error}\n")
        return EXIT_UNREADABLE
    what = f"{arguments.decision} ({recorded.reason} at {recorded.at})"
    for difference in differences:
        sys.stdout.write(f"{what} differs: {difference}\n")
    if not differences:
        sys.stdout.write(f"{what} agrees, {checked}\n")
    return EXIT_DIFFERS if differences else 0


async def _recorded(arguments: argparse.Namespace) -> DecisionSpec:
    namespace, _, name = arguments.decision.partition("/")
    if not name:
        raise ValueError("write NAMESPACE/NAME, as in trading/momentum-5c0a1b2c-000007")
    if arguments.file is not None:
        found = next((each for each in _lines(arguments.file) if _is(each, namespace, name)), None)
    else:
        async with await Cluster.connect(_REQUEST_SECONDS, arguments.kubeconfig) as cluster:
            found = await cluster.get(ROLLOUT_DECISION, namespace, name)
    if found is None:
        raise ValueError("there is no such entry")
    try:
        return DecisionSpec.model_validate(found["spec"])
    except ValidationError as error:
        raise ValueError(f"it is no entry that this release can read: {error}") from error


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from (json.loads(line) for line in file if line.strip())


def _is(found: dict[str, Any], namespace: str, name: str) -> bool:
    return (found["metadata"]["namespace"], found["metadata"]["name"]) == (namespace, name)


async def _refetched(recorded: DecisionSpec, arguments: argparse.Namespace) -> list[str]:
    metrics = Inputs.unpacked(recorded.inputs or "").spec.metrics
    named, step = metrics.prometheus, metrics.interval.timedelta
    if named.headers_from is None or arguments.prometheus is not None:
        # Another address than the recorded one is sent nobody's headers.
        return await _compared(Prometheus(arguments.prometheus or named.address, _REQUEST_SECONDS), recorded, step)
    async with await Cluster.connect(_REQUEST_SECONDS, arguments.kubeconfig) as cluster:
        namespace, secret = arguments.decision.partition("/")[0], named.headers_from.secret_ref.name
        identity = Credentials(cluster, namespace, secret, named.address)
        return await _compared(Prometheus(named.address, _REQUEST_SECONDS, identity), recorded, step)


async def _compared(source: Prometheus, recorded: DecisionSpec, step: timedelta) -> list[str]:
    try:
        return await differing_samples(source, recorded, step)
    finally:
        source.close()


async def differing_samples(source: MetricSource, recorded: DecisionSpec, step: timedelta) -> list[str]:
    """Whose samples are not those that were decided on. Raises MetricsError where they can't be read."""
    differing = []
    for seen in recorded.seen:
        since, until = from_text(seen.since), from_text(seen.until)
        readings = on_grid(await history(source, recorded.queries, since, until, step), since, until, step)
        digest = Digest(since, since)
        for reading in readings:
            digest = digest.plus(reading, seen.model)
        missing = sum(reading.missing(seen.model) is not None for reading in readings)
        if digest.sha256 != seen.digest:
            gone = f"; {missing} of {len(readings)} moments have no figures now" if missing else ""
            differing.append(
                f"the samples of {seen.model} from {seen.since} to {seen.until} are others than were seen{gone}"
            )
    return differing
