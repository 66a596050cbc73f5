"""The ledger: one RolloutDecision a decision, written once, kept for a time, and archived before it goes."""

import asyncio
import logging
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic_core import to_json

from shadow_operator.api.decision import DecisionSpec, Versions
from shadow_operator.api.rollout import Metadata, ShadowRollout, Spec
from shadow_operator.api.status import LedgerStatus
from shadow_operator.cluster import Cluster, ClusterError, ConflictError, Object
from shadow_operator.core.kinds import ROLLOUT_DECISION
from shadow_operator.core.ledger import Inputs, Taken, entry, good_entry, is_worth_an_entry
from shadow_operator.core.moment import from_text, to_text
from shadow_operator.core.observed import GoodEntry
from shadow_operator.core.plan import ROLLOUT_LABEL, metadata
from shadow_operator.fleet import Memory

_log = logging.getLogger(__name__)

# Entries of decisions that were never recorded, because the operator died in between; there is seldom even one.
_MOST_SUPERSEDED = 8
STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True)
class Retention:
    """How many entries of a rollout are kept, for how long, and where they go then.

    Attributes:
        count: at most so many, the newest ones; at least 1.
        age: the oldest that is kept.
        archive: a file that each entry is appended to as a JSON line before it is deleted; "-" for standard output,
            None for nowhere.

    """

    count: int = 200
    age: timedelta = timedelta(days=400)
    archive: str | None = None


def versions() -> Versions:
    """Which programs decide here. The statistics are part of the same distribution."""
    try:
        found = version("shadow-operator")
    except PackageNotFoundError:
        found = "0+source"
    return Versions(operator=found, statistics=found)


async def enter(cluster: Cluster, memory: Memory, taken: Taken, after: LedgerStatus | None) -> LedgerStatus | None:
    """Write the decision down, if it moved anything, and return the newest entry then; `after` is the one before it.

    Raises:
        ClusterError: it could not be written; nothing may rise without an entry.

    """
    if not is_worth_an_entry(taken.rollout.status, taken.decision):
        return after
    if after is not None and after.is_open:
        message = "it was recorded, and the next decision came before it was seen to be done"
        await _finish(cluster, taken.rollout, after, ("Overtaken", message), taken.now)
    sequence = 1 if after is None else after.sequence + 1
    for _ in range(_MOST_SUPERSEDED):
        written = await _written(cluster, memory, taken, sequence)
        if written is not None:
            return LedgerStatus(sequence=sequence, entry=written, is_open=True)
        sequence += 1
    raise ConflictError(f"{_MOST_SUPERSEDED} entries of {taken.rollout.metadata.name} are of decisions never recorded")


async def _written(cluster: Cluster, memory: Memory, taken: Taken, sequence: int) -> str | None:
    """Write one entry and return its name; None where the number was taken by a decision that came to nothing."""
    seen = {} if memory.comparisons is None else memory.comparisons.seen
    spec = entry(taken, sequence, seen, versions())
    name = entry_name(taken.rollout, sequence)
    described = metadata(taken.rollout, name)
    body = {"metadata": described, "spec": spec.model_dump(mode="json", by_alias=True, exclude_none=True)}
    try:
        await cluster.create(ROLLOUT_DECISION, taken.rollout.metadata.namespace, body)
    except ConflictError:
        found = await cluster.get(ROLLOUT_DECISION, taken.rollout.metadata.namespace, name)
        if found is None:
            # The number is free: whoever was in conflict (a quota is, now and then), it was no other entry.
            raise
        return await _taken_up(cluster, taken, found, spec)
    return name


async def _taken_up(cluster: Cluster, taken: Taken, found: Object, spec: DecisionSpec) -> str | None:
    """The entry was written before the operator died: it stands if the same was decided, else it came to nothing."""
    recorded = DecisionSpec.model_validate(found["spec"])
    if (recorded.reason, recorded.before, recorded.after) == (spec.reason, spec.before, spec.after):
        return str(found["metadata"]["name"])
    await _close(
        cluster, found, "Superseded", "the operator ended before it was done, and then decided otherwise", taken.now
    )
    return None


async def complete(
    cluster: Cluster, rollout: ShadowRollout, newest: LedgerStatus | None, now: datetime
) -> LedgerStatus | None:
    """Write that the newest decision is done, and return its entry. A failure is logged, and tried again later."""
    if newest is None or not newest.is_open:
        return newest
    try:
        await _finish(cluster, rollout, newest, ("Done", "the cluster is as it was decided"), now)
    except ClusterError as error:
        _log.warning("ledger entry %s could not be completed and will be: %s", newest.entry, error)
        return newest
    return newest.model_copy(update={"is_open": False})


async def _finish(
    cluster: Cluster, rollout: ShadowRollout, entry: LedgerStatus, outcome: tuple[str, str], now: datetime
) -> None:
    found = await cluster.get(ROLLOUT_DECISION, rollout.metadata.namespace, entry.entry)
    if found is not None:
        await _close(cluster, found, *outcome, now)


async def _close(cluster: Cluster, found: Object, result: str, message: str, now: datetime) -> None:
    if "outcome" in found.get("status", {}):
        return
    where = found["metadata"]
    outcome = {"outcome": {"result": result, "at": to_text(now), "message": message}}
    await cluster.apply_status(ROLLOUT_DECISION, where["namespace"], where["name"], outcome, where["resourceVersion"])


async def last_spec(cluster: Cluster, where: Metadata, newest: LedgerStatus | None) -> Spec | None:
    """The spec that was decided on last, None where there is no entry that this release can read."""
    found = None if newest is None else await cluster.get(ROLLOUT_DECISION, where.namespace, newest.entry)
    if found is None:
        return None
    try:
        return Inputs.unpacked(DecisionSpec.model_validate(found["spec"]).inputs or "").spec
    except ValueError as error:
        _log.warning("ledger entry %s can't be read: %s", found["metadata"]["name"], error)
        return None


async def last_good(cluster: Cluster, rollout: ShadowRollout) -> GoodEntry | None:
    """The newest entry that one can go back to, None where there is none."""
    selector = f"{ROLLOUT_LABEL}={rollout.metadata.name}"
    found = await cluster.list(ROLLOUT_DECISION, rollout.metadata.namespace, selector)
    own = [each for each in found if each["spec"]["rollout"]["uid"] == rollout.metadata.uid]
    newest_first = sorted(own, key=lambda each: int(each["spec"]["sequence"]), reverse=True)
    return next((good for each in newest_first if (good := _good(each)) is not None), None)


async def pinned_entry(cluster: Cluster, rollout: ShadowRollout, name: str) -> GoodEntry | None:
    """The entry that the rollout was taken back to, None where it can't be read."""
    found = await cluster.get(ROLLOUT_DECISION, rollout.metadata.namespace, name)
    return None if found is None else _good(found)


def _good(found: Object) -> GoodEntry | None:
    if found.get("status", {}).get("outcome", {}).get("result") != "Done":
        return None
    return good_entry(found["metadata"]["name"], DecisionSpec.model_validate(found["spec"]))


def entry_name(rollout: ShadowRollout, sequence: int) -> str:
    """The name of an entry: it sorts by number, and another rollout of the same name has other ones."""
    return f"{rollout.metadata.name}-{rollout.metadata.uid[:8]}-{sequence:06d}"


async def prune(cluster: Cluster, rollout: ShadowRollout, retention: Retention, now: datetime) -> None:
    """Archive and delete what is too old or too many. The newest entry and open ones stay."""
    selector = f"{ROLLOUT_LABEL}={rollout.metadata.name}"
    try:
        found = await cluster.list(ROLLOUT_DECISION, rollout.metadata.namespace, selector)
        for each in expired(found, rollout, retention, now):
            if retention.archive is not None:
                await _archive(retention.archive, each)
            await cluster.delete(ROLLOUT_DECISION, each["metadata"]["namespace"], each["metadata"]["name"])
    except (ClusterError, OSError) as error:
        _log.warning("%s: old ledger entries stay for now: %s", rollout.metadata.name, error)


def expired(found: Iterable[Object], rollout: ShadowRollout, retention: Retention, now: datetime) -> list[Object]:
    """The rollout's entries that may go, oldest first."""
    own = [each for each in found if each["spec"]["rollout"]["uid"] == rollout.metadata.uid]
    pinned = rollout.status.pinned
    own = [each for each in own if pinned is None or each["metadata"]["name"] != pinned.entry]
    ordered = sorted(own, key=lambda each: int(each["spec"]["sequence"]))
    surplus = max(len(ordered) - max(retention.count, 1), 0)
    return [
        each
        for index, each in enumerate(ordered[:-1])
        if "outcome" in each.get("status", {})
        and (index < surplus or now - from_text(each["spec"]["at"]) > retention.age)
    ]


async def _archive(place: str, found: Object) -> None:
    line = to_json(found).decode() + "\n"
    if place == STANDARD_OUTPUT:
        sys.stdout.write(line)
    else:
        await asyncio.to_thread(_append, Path(place), line)


def _append(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line)
