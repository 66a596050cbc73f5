"""`shadow-operator models`: registers models, lists and counts them, and takes them out of use."""

import argparse
import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from shadow_operator.api.model_version import ModelStage, ModelVersion, ModelVersionSpec
from shadow_operator.cluster import Cluster, ClusterError, ConflictError, Object
from shadow_operator.core.kinds import MODEL_VERSION
from shadow_operator.dataset import DatasetError, Format, fingerprint

EXIT_REFUSED = 1
_REQUEST_SECONDS = 30.0
_TRAINING = {
    "trained-at": "when (RFC 3339)",
    "trained-by": "by whom",
    "commit": "by which commit",
    "training-run": "in which run, as the tool that tracks experiments names it",
}
_IN_USE = frozenset({ModelStage.SHADOW, ModelStage.CANARY, ModelStage.PRODUCTION})

Command = Callable[[Cluster, argparse.Namespace], Awaitable[str]]


class RefusedError(Exception):
    """It was not done. The message names the model, what was found and what would be accepted."""


def add_to(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("models", help="register models, list them, take them out of use")
    each = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_register(each)
    listing = _add(each, "list", listed, "list the registered models")
    listing.add_argument("--strategy", help="of this strategy only")
    listing.add_argument("--type", help="of this type only")
    listing.add_argument("--stage", type=ModelStage, choices=list(ModelStage), help="in this stage only")
    listing.add_argument("--json", action="store_true", help="the objects as JSON lines, not a table")
    deactivating = _add(each, "deactivate", deactivate, "let no rollout name a model any more")
    deactivating.add_argument("name", help="the ModelVersion")
    deactivating.add_argument("--force", action="store_true", help="although a rollout names it, which then stalls")
    _add(each, "summary", summary, "for each strategy its Production model, and how many stand where")


def _add_register(commands: "argparse._SubParsersAction[Any]") -> None:
    parser = _add(commands, "register", register, "register a model")
    parser.add_argument("name", help="the name of the new ModelVersion")
    for name, text in (("strategy", "what it trades"), ("type", "what kind of model it is"), ("version", "as in 8")):
        parser.add_argument(f"--{name}", required=True, help=text)
    parser.add_argument("--image", help="the image that serves it; a rollout needs one")
    parser.add_argument("--artifact", help="where its weights are")
    data = parser.add_mutually_exclusive_group()
    data.add_argument("--data", type=Path, metavar="PATH", help="its dataset here; its fingerprint is registered")
    data.add_argument("--fingerprint", help="the fingerprint of its dataset")
    parser.add_argument("--mounted-at", metavar="PATH", help="where its container mounts the dataset")
    parser.add_argument("--without-times", action="store_true", help="modification times of --data don't count")
    parser.add_argument("--benchmark", action="append", default=[], metavar="NAME=FIGURE", help="may be repeated")
    for name, text in _TRAINING.items():
        parser.add_argument(f"--{name}", help=f"how it was trained: {text}")


def _add(
    commands: "argparse._SubParsersAction[Any]", name: str, command: Command, text: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text)
    parser.add_argument("-n", "--namespace", default="default", help="where the models are; default if left out")
    parser.add_argument(
        "--kubeconfig",
        default=os.environ.get("KUBECONFIG"),
        help="path of a kubeconfig; $KUBECONFIG, or the pod's service account if left out",
    )
    parser.set_defaults(run=partial(run, command))
    return parser


def run(command: Command, arguments: argparse.Namespace) -> int:
    """Do it, say what was done, and return the exit code: 0, or 1 with a sentence where it was refused."""
    try:
        sys.stdout.write(asyncio.run(_connected(command, arguments)))
    except (RefusedError, ClusterError, DatasetError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_REFUSED
    return 0


async def _connected(command: Command, arguments: argparse.Namespace) -> str:
    async with await Cluster.connect(_REQUEST_SECONDS, arguments.kubeconfig) as cluster:
        return await command(cluster, arguments)


async def register(cluster: Cluster, arguments: argparse.Namespace) -> str:
    """Register a model. Raises RefusedError where it is not whole, or there is one of that name."""
    body = {"metadata": {"name": arguments.name, "namespace": arguments.namespace}, "spec": _spec(arguments)}
    try:
        await cluster.create(MODEL_VERSION, arguments.namespace, body)
    except ConflictError as error:
        raise RefusedError(
            f"there is a ModelVersion {arguments.name} in {arguments.namespace} already, and it stays what it is: "
            "register this one under another name"
        ) from error
    return f"{arguments.name} is registered\n"


def _spec(arguments: argparse.Namespace) -> Object:
    training = {
        "trainedAt": arguments.trained_at,
        "commit": arguments.commit,
        "run": arguments.training_run,
        "by": arguments.trained_by,
    }
    given = {
        "strategy": arguments.strategy,
        "type": arguments.type,
        "version": arguments.version,
        "image": arguments.image,
        "artifact": arguments.artifact,
        "dataset": _dataset(arguments),
        "benchmark": [_figure(text) for text in arguments.benchmark],
        "training": training if any(training.values()) else None,
    }
    try:
        spec = ModelVersionSpec.model_validate(given)
    except ValidationError as error:
        faults = (f"{'.'.join(str(part) for part in each['loc']) or 'spec'}: {each['msg']}" for each in error.errors())
        raise RefusedError(f"{arguments.name} can't be registered so: {'; '.join(faults)}") from error
    return spec.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)


def _dataset(arguments: argparse.Namespace) -> Object | None:
    found = arguments.fingerprint
    if arguments.data is not None:
        found = fingerprint(arguments.data, Format.V1_TIMELESS if arguments.without_times else Format.V1)
    if (found is None) != (arguments.mounted_at is None):
        raise RefusedError("a dataset is a fingerprint and a place: give --data or --fingerprint, and --mounted-at")
    return None if found is None else {"fingerprint": found, "path": arguments.mounted_at}


def _figure(text: str) -> Object:
    name, equals, value = text.partition("=")
    if not equals:
        raise RefusedError(f'--benchmark is "{text}": write NAME=FIGURE, as in sharpe=1.32')
    return {"name": name, "value": value}


async def listed(cluster: Cluster, arguments: argparse.Namespace) -> str:
    """Each registered model that is asked for, a line each."""
    asked = (arguments.strategy, arguments.type, arguments.stage)
    found = [each for each in await _all(cluster, arguments.namespace) if _is(each, *asked)]
    if arguments.json:
        return "".join(
            json.dumps(each.model_dump(mode="json", by_alias=True, exclude_none=True)) + "\n" for each in found
        )
    head = ("NAME", "STRATEGY", "TYPE", "VERSION", "STAGE", "ACTIVE", "ROLLOUT", "IMAGE")
    return _table([head, *(_row(each) for each in found)])


def _is(version: ModelVersion, strategy: str | None, kind: str | None, stage: ModelStage | None) -> bool:
    return all(
        asked in {None, found}
        for asked, found in (
            (strategy, version.spec.strategy),
            (kind, version.spec.type),
            (stage, version.status.stage),
        )
    )


def _row(version: ModelVersion) -> tuple[str, ...]:
    spec, status = version.spec, version.status
    active = "yes" if spec.active else "no"
    named = (version.metadata.name, spec.strategy, spec.type, spec.version)
    return (*named, status.stage.value, active, status.rollout or "-", spec.image or "-")


async def deactivate(cluster: Cluster, arguments: argparse.Namespace) -> str:
    """Take a model out of use. Raises RefusedError where there is none, or a rollout would stall by it."""
    found = await cluster.get(MODEL_VERSION, arguments.namespace, arguments.name)
    if found is None:
        raise RefusedError(f"there is no ModelVersion {arguments.name} in {arguments.namespace}: see `models list`")
    status = ModelVersion.model_validate(found).status
    if status.stage in _IN_USE and not arguments.force:
        raise RefusedError(
            f"{arguments.name} is {status.stage.value} in rollout {status.rollout}, which would stall: take it out of "
            "the manifest first, or write --force"
        )
    await cluster.merge(MODEL_VERSION, arguments.namespace, arguments.name, {"spec": {"active": False}})
    return f"{arguments.name} is deactivated: no rollout may name it\n"


async def summary(cluster: Cluster, arguments: argparse.Namespace) -> str:
    """For each strategy its Production model, and how many models stand where."""
    versions = await _all(cluster, arguments.namespace)
    head = ("STRATEGY", "PRODUCTION", *(stage.value.upper() for stage in ModelStage), "INACTIVE")
    strategies = sorted({str(each.spec.strategy) for each in versions})
    return _table([head, *(_strategy_row(name, versions) for name in strategies)])


def _strategy_row(strategy: str, versions: Iterable[ModelVersion]) -> tuple[str, ...]:
    own = [each for each in versions if each.spec.strategy == strategy]
    counts = Counter(each.status.stage for each in own)
    acting = [each.metadata.name for each in own if each.status.stage is ModelStage.PRODUCTION]
    inactive = sum(not each.spec.active for each in own)
    return (strategy, ", ".join(acting) or "-", *(str(counts[stage]) for stage in ModelStage), str(inactive))


async def _all(cluster: Cluster, namespace: str) -> Sequence[ModelVersion]:
    found = [ModelVersion.model_validate(each) for each in await cluster.list(MODEL_VERSION, namespace, "")]
    return sorted(found, key=lambda each: (each.spec.strategy, each.metadata.name))


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "".join(f"{line}\n" for line in lines)
