"""What of a decision goes into the ledger, and how it is decided again. Pure."""

import base64
import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from shadow_operator.api.decision import (
    MOST_INPUTS,
    DecidedRollout,
    DecisionSpec,
    GateFound,
    Happened,
    Position,
    Seen,
    StageFound,
    Statistics,
    Versions,
)
from shadow_operator.api.gates import Gate
from shadow_operator.api.rollout import ShadowRollout, Spec
from shadow_operator.api.status import DatasetFinding, Status
from shadow_operator.core import gates, report, roles
from shadow_operator.core.contract import queries
from shadow_operator.core.events import Event, Reason
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.gates import GateResult
from shadow_operator.core.machine import Decision, decide
from shadow_operator.core.moment import to_text
from shadow_operator.core.observed import GoodEntry, Observed
from shadow_operator.core.samples import Digest

OPERATOR = "shadow-operator"
# What an entry may hold can be unpacked to a thousand times as much.
_MOST_UNPACKED = 32 << 20
_ADOPTION = "adopt"
# A champion was taken up as the manifest names it, or kept after its watch.
_GOOD = frozenset({"Adopted", Reason.COMPLETED.value, Reason.CHAMPION_ADOPTED.value})


class Inputs(BaseModel):
    """All that `decide` is called with. Numbers come back bit for bit, infinite ones and nan as well."""

    model_config = ConfigDict(frozen=True, ser_json_inf_nan="constants")

    spec: Spec
    generation: int
    status: Status
    observed: Observed
    now: datetime

    def packed(self) -> str:
        """As the ledger keeps them."""
        text = self.model_dump_json(by_alias=True, exclude_none=False)
        return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()

    @classmethod
    def unpacked(cls, text: str) -> "Inputs":
        """Read what `packed` wrote. Raises ValueError when it is no such thing, too much, or of another release."""
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(base64.b64decode(text, validate=True))) as packed:
                found = packed.read(_MOST_UNPACKED + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"the inputs are no compressed JSON: {error}") from error
        if len(found) > _MOST_UNPACKED:
            raise ValueError(f"the inputs are more than {_MOST_UNPACKED >> 20} MiB of JSON, the most that is read")
        return cls.model_validate_json(found)


@dataclass(frozen=True, slots=True)
class Taken:
    """A decision that was taken, and on what."""

    rollout: ShadowRollout
    observed: Observed
    decision: Decision
    now: datetime


def is_worth_an_entry(before: Status, decision: Decision) -> bool:
    """Whether the decision moved anything: a champion, a stage, a share, answered a person, or made an exception."""
    after = decision.status
    if decision.refused:
        return False
    answered = after.command is not None and (before.command is None or before.command.text != after.command.text)
    # An exception that somebody made for a model is one of the decisions.
    excused = _excused(after) - _excused(before)
    return _moving(before) != _moving(after) or answered or bool(excused)


def _excused(status: Status) -> set[str]:
    return {each.model for each in status.datasets if each.finding is DatasetFinding.ALLOWED}


def _moving(status: Status) -> tuple[Any, ...]:
    """What only a decision changes. Taking up a new name in the manifest is none."""
    canary = status.canary
    stages = {challenger.name: challenger.stage for challenger in status.challengers if challenger.stage != "Pending"}
    return (
        None if status.champion is None else (status.champion.name, status.champion.image),
        None if canary is None else (canary.challenger, canary.step, canary.awaiting_since is not None),
        stages,
        {challenger.name for challenger in status.challengers if challenger.review_since is not None},
        None if status.watch is None else (status.watch.standby, status.watch.completed is not None),
        status.fallen is not None,
        status.stopped is not None,
    )


def entry(taken: Taken, sequence: int, seen: Mapping[str, Digest], versions: Versions) -> DecisionSpec:
    """The entry of a decision.

    Args:
        taken: the decision.
        sequence: its number among the rollout's decisions.
        seen: the digest of all samples that were read of each model.
        versions: which programs decided.

    """
    rollout, decision = taken.rollout, taken.decision
    spec, before, after = rollout.spec, rollout.status, decision.status
    inputs = Inputs(
        spec=spec,
        generation=rollout.metadata.generation,
        status=before,
        observed=taken.observed,
        now=taken.now,
    ).packed()
    last = decision.events[-1] if decision.events else None
    moved = _moved(before, after)
    return DecisionSpec(
        rollout=DecidedRollout(
            name=rollout.metadata.name, uid=rollout.metadata.uid, generation=rollout.metadata.generation
        ),
        sequence=sequence,
        at=to_text(taken.now),
        rule=_rule(last),
        reason="Adopted" if last is None else last.reason.value,
        message="" if last is None else last.message[:2048],
        events=_happened(decision),
        challenger=moved[0] if len(moved) == 1 else None,
        actor=_actor(before, after),
        before=_position(spec, before),
        after=_position(spec, after),
        spec_digest=digest_of(spec.model_dump(mode="json", by_alias=True)),
        versions=versions,
        alpha=str(spec.error_budget.alpha),
        statistics=_statistics(spec, taken.observed, after),
        gates=_gates(spec, taken.observed, after),
        queries=_queries(rollout),
        seen=[
            Seen(model=model, since=to_text(each.since), until=to_text(each.until), digest=each.sha256)
            for model, each in sorted(seen.items())
        ],
        inputs=inputs if len(inputs) <= MOST_INPUTS else None,
        result_digest=result_digest(decision),
    )


def _rule(event: Event | None) -> str:
    # What no rule decided is the manifest's: a new name, image or champion was taken over.
    return _ADOPTION if event is None else event.rule or _ADOPTION


def _happened(decision: Decision) -> list[Happened]:
    return [
        Happened(rule=_rule(each), reason=each.reason.value, message=each.message[:2048])
        for each in decision.events[:64]
    ]


def _statistics(spec: Spec, observed: Observed, after: Status) -> list[Statistics]:
    found = ((line.name, observed.evidence.get(line.name)) for line in after.challengers)
    return [_statistic(spec, name, evidence) for name, evidence in found if evidence is not None]


def _statistic(spec: Spec, name: str, evidence: Evidence) -> Statistics:
    low, high = evidence.mean.confidence_interval()
    return Statistics(
        challenger=name,
        samples=evidence.mean.samples,
        effect=report.figure(evidence.mean.effect),
        low=report.figure(low),
        high=report.figure(high),
        pvalue=report.figure(evidence.pvalue_mean),
        spent=report.progress(evidence, spec.error_budget.alpha.fraction),
    )


def _actor(before: Status, after: Status) -> str:
    answered = after.command
    if answered is None or (before.command is not None and before.command.text == answered.text):
        return OPERATOR
    return f"{answered.by}: {answered.text}"[:253]


def _moved(before: Status, after: Status) -> list[str]:
    stages = {challenger.name: challenger.stage for challenger in before.challengers}
    moved = [one.name for one in after.challengers if stages.get(one.name, one.stage) != one.stage]
    if not moved and after.canary is not None and after.canary != before.canary:
        return [after.canary.challenger]
    return moved


def _position(spec: Spec, status: Status) -> Position:
    return Position(
        champion=None if status.champion is None else status.champion.name,
        canary=None if status.canary is None else status.canary.challenger,
        step=None if status.canary is None else status.canary.step,
        percent=roles.canary_percent(spec, status),
        stages=[StageFound(name=challenger.name, stage=challenger.stage) for challenger in status.challengers],
    )


def _gates(spec: Spec, observed: Observed, after: Status) -> list[GateFound]:
    return [
        _found(challenger.name, result)
        for challenger in after.challengers
        for result in gates.evaluate_all(spec, observed.evidence.get(challenger.name))
    ]


def _found(challenger: str, result: GateResult) -> GateFound:
    return GateFound(
        challenger=challenger,
        gate=result.name,
        test=result.gate.test.value if isinstance(result.gate, Gate) else None,
        role=result.role.value,
        outcome=result.outcome.value,
        samples=result.samples,
        figure=None if result.figure is None else f"{result.figure:.6g}",
        limit=None if result.limit is None else f"{result.limit:.6g}",
        sentence=result.sentence[:2048],
    )


def _queries(rollout: ShadowRollout) -> list[str]:
    where, spec = rollout.metadata, rollout.spec
    models = {roles.champion_of(spec, rollout.status), *(one.name for one in rollout.status.challengers)}
    if spec.benchmark is not None:
        models.add(spec.benchmark.name)
    return list(queries(spec.metrics.queries, where.namespace, where.name, sorted(models)))


def result_digest(decision: Decision) -> str:
    """Digest of what follows from a decision: the status and the events."""
    status = decision.status.model_dump(mode="json", by_alias=True, exclude_none=True)
    return digest_of({"status": status, "events": [[each.reason.value, each.message] for each in decision.events]})


def digest_of(content: Any) -> str:
    """SHA-256 of JSON values, whatever the order of their keys."""
    return "sha256:" + hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def good_entry(name: str, recorded: DecisionSpec) -> GoodEntry | None:
    """The entry as one to go back to; None where somebody was in canary after it, or it can't be read."""
    is_good = recorded.reason in _GOOD and recorded.after.canary is None and recorded.after.champion is not None
    if not is_good or recorded.inputs is None:
        return None
    try:
        inputs = Inputs.unpacked(recorded.inputs)
    except ValueError:
        return None
    after = decide(inputs.spec, inputs.generation, inputs.status, inputs.observed, inputs.now)
    return GoodEntry(name, inputs.spec, after.status)


def replay(recorded: DecisionSpec) -> Sequence[str]:
    """Decide again what was decided, and say how it differs; nothing where it is the same, bit for bit.

    Raises:
        ValueError: the entry holds no inputs, or such as this release can't read.

    """
    if recorded.inputs is None:
        raise ValueError("the entry holds no inputs, because they were too large: it can't be replayed")
    inputs = Inputs.unpacked(recorded.inputs)
    decision = decide(inputs.spec, inputs.generation, inputs.status, inputs.observed, inputs.now)
    differences = []
    found = digest_of(inputs.spec.model_dump(mode="json", by_alias=True))
    if found != recorded.spec_digest:
        differences.append(f"the spec in the inputs has digest {found}, {recorded.spec_digest} was recorded")
    after = _position(inputs.spec, decision.status)
    if after != recorded.after:
        differences.append(f"it would end at {_spoken(after)}, and {_spoken(recorded.after)} was recorded")
    events = _happened(decision)
    if events != recorded.events:
        differences.append(
            f"events {[each.reason for each in events]} instead of {[e.reason for e in recorded.events]}"
        )
    differences += [
        f"the statistics of {now.challenger} are now {now!r}, {then!r} were recorded"
        for now, then in zip(
            _statistics(inputs.spec, inputs.observed, decision.status), recorded.statistics, strict=False
        )
        if now != then
    ]
    table = _gates(inputs.spec, inputs.observed, decision.status)
    differences += [
        f"gate {now.gate} of {now.challenger} says now: {now.sentence}; it was recorded: {then.sentence}"
        for now, then in zip(table, recorded.gates, strict=False)
        if now != then
    ]
    if not differences and result_digest(decision) != recorded.result_digest:
        differences.append("the status that follows is another one, in what the entry does not show")
    return differences


def _spoken(position: Position) -> str:
    acting = "nobody in canary" if position.canary is None else f"{position.canary} at {position.percent} percent"
    return f"champion {position.champion}, {acting}"
