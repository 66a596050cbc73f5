"""The ledger on a real API server: an ordered history that nobody can change, and that can be decided again."""

import contextlib
from typing import Any

import pytest

from shadow_operator.api.decision import PLURAL, DecisionSpec
from shadow_operator.api.rollout import API_VERSION
from shadow_operator.api.status import Phase
from shadow_operator.cluster import Cluster, ConflictError, Object, UnavailableError
from shadow_operator.core.kinds import ROLLOUT_DECISION, Kind
from shadow_operator.core.ledger import Inputs, replay
from tests.control_plane.api_server import RefusedError
from tests.control_plane.loop.field import CHALLENGER, CHAMPION, Field, manifest

pytestmark = pytest.mark.control_plane

_MOST_TICKS = 20
_WAY = ["Adopted", "ShadowStarted", "CanaryStarted", "CanaryStepped", "Promoted", "Completed"]


async def promoted(field: Field, before_a_tick: Any = lambda: None) -> list[Object]:
    """The entries, in their order, of a rollout whose better challenger becomes champion."""
    field.create(manifest())
    for _ in range(_MOST_TICKS):
        before_a_tick()
        await field.tick()
        await field.tick()
        if field.status().phase is Phase.COMPLETED:
            break
        field.clock.advance(minutes=20)
    return entries(field)


def entries(field: Field) -> list[Object]:
    found = field.objects(API_VERSION, PLURAL)
    return [found[name] for name in sorted(found)]


def path(field: Field, entry: Object) -> str:
    return f"/apis/{API_VERSION}/namespaces/{field.server.namespace}/{PLURAL}/{entry['metadata']['name']}"


async def test_a_promotion_leaves_an_ordered_history_that_can_be_decided_again(field: Field) -> None:
    found = await promoted(field)
    recorded = [DecisionSpec.model_validate(each["spec"]) for each in found]
    assert [each.reason for each in recorded] == _WAY
    assert [each.sequence for each in recorded] == list(range(1, len(_WAY) + 1))
    assert [each.after.percent for each in recorded] == [0, 0, 5, 25, 0, 0]
    assert (recorded[-1].before.champion, recorded[0].after.champion) == (CHALLENGER, CHAMPION)
    assert {each["status"]["outcome"]["result"] for each in found} == {"Done"}
    assert all(replay(each) == [] for each in recorded)
    assert all(each["metadata"]["ownerReferences"][0]["name"] == "momentum" for each in found)
    assert max(len(str(each)) for each in found) < 32_000


async def test_an_operator_that_dies_between_any_two_ticks_writes_nothing_twice(field: Field) -> None:
    found = await promoted(field, field.start_operator)
    assert [each["spec"]["reason"] for each in found] == _WAY


async def test_nobody_changes_an_entry_or_its_outcome(field: Field) -> None:
    entry = (await promoted(field))[-1]
    spec = entry["spec"] | {"message": "it was somebody else"}
    with pytest.raises(RefusedError, match="a decision is never changed: the ledger only grows"):
        field.server.request("PUT", path(field, entry), entry | {"spec": spec})
    outcome = {"outcome": entry["status"]["outcome"] | {"result": "Undone"}}
    with pytest.raises(RefusedError, match="the outcome of a decision is never changed"):
        field.server.request("PUT", f"{path(field, entry)}/status", entry | {"status": outcome})
    with pytest.raises(RefusedError, match="the outcome of a decision is never changed"):
        field.server.request("PUT", f"{path(field, entry)}/status", entry | {"status": {}})


async def test_an_entry_from_the_api_server_that_was_doctored_is_found_out(field: Field) -> None:
    started = DecisionSpec.model_validate((await promoted(field))[2]["spec"])
    inputs = Inputs.unpacked(started.inputs or "")
    blind = inputs.model_copy(update={"observed": type(inputs.observed)()})
    assert replay(started.model_copy(update={"inputs": blind.packed()}))


class WithoutLedger(Cluster):
    """The real API server, but for entries of the ledger, which it does not take."""

    def __init__(self, real: Cluster) -> None:
        self.__dict__.update(real.__dict__)

    async def create(self, kind: Kind, namespace: str | None, body: Object) -> Object:
        if kind == ROLLOUT_DECISION:
            raise UnavailableError("the ledger is down")
        return await super().create(kind, namespace, body)


class WithAConflict(Cluster):
    """The real API server, but for the first entry of the ledger, which is in conflict with no other one."""

    def __init__(self, real: Cluster) -> None:
        self.__dict__.update(real.__dict__)
        self.conflicts = 1

    async def create(self, kind: Kind, namespace: str | None, body: Object) -> Object:
        if kind == ROLLOUT_DECISION and self.conflicts:
            self.conflicts -= 1
            raise ConflictError("the quota was written by somebody else")
        return await super().create(kind, namespace, body)


async def test_a_conflict_with_no_other_entry_leaves_no_gap(field: Field) -> None:
    field.cluster = WithAConflict(field.cluster)
    field.start_operator()
    await field.in_shadow()
    assert [each["spec"]["sequence"] for each in entries(field)] == [1, 2]


async def test_nothing_rises_without_an_entry(field: Field) -> None:
    await field.in_shadow()
    whole = field.cluster
    field.cluster = WithoutLedger(whole)
    field.start_operator()
    for _ in range(6):
        field.clock.advance(minutes=20)
        with contextlib.suppress(UnavailableError):
            await field.tick()
    assert field.weights() == {CHAMPION: 100}
    field.cluster = whole
    field.start_operator()
    await field.tick()
    await field.tick()
    assert field.status().phase is Phase.CANARY


async def test_a_rollback_waits_for_no_ledger_and_is_written_down_later(field: Field) -> None:
    await field.in_canary()
    await field.tick()
    memory = field.operator.fleet.of(field.key())
    whole, field.operator.reconciler = field.operator.reconciler, field.reconciler_over(WithoutLedger(field.cluster))
    field.lose(CHALLENGER, 10_000)
    await field.look()
    assert field.weights() == {CHAMPION: 100}
    await field.one_pass()
    assert field.status().phase is not Phase.CANARY
    assert [each["spec"]["reason"] for each in entries(field)] == []
    assert len(memory.unwritten) == 1
    field.operator.reconciler = whole
    await field.one_pass()
    assert [each["spec"]["reason"] for each in entries(field)] == ["RolledBack"]
    assert memory.unwritten == []
