"""The whole way of a rollout, pass by pass, as the API server shows it to everybody."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import kopf
import pytest

from shadow_operator.act import FINALIZER
from shadow_operator.api.status import ConditionStatus, Phase, Stage, Status
from shadow_operator.cluster import Cluster, Object
from shadow_operator.core.events import Reason
from shadow_operator.core.kinds import SHADOW_ROLLOUT, Kind
from shadow_operator.core.plan import POLICY_ANNOTATION
from shadow_operator.fleet import Fleet
from shadow_operator.handlers import Loops, registry_for
from tests.control_plane.api_server import ApiServer, OverwrittenError
from tests.control_plane.loop.field import CHALLENGER, CHAMPION, EQUAL, Field, manifest
from tests.control_plane.loop.stand_ins import Book, routes
from tests.world.manifests import changed

pytestmark = pytest.mark.control_plane

_ROUTES = "gateway.networking.k8s.io/v1", "httproutes"
_MOST_TICKS = 40
_STATUS_BYTES = 16 * 1024


@dataclass(frozen=True)
class Scene:
    """Where a rollout stands, and what follows from it outside of its status."""

    phase: str
    step: str | None
    weights: dict[str, int]
    mirrors: dict[str, int]
    roles: dict[str, str]
    served_by: str


_WAY = [
    Scene(
        "Pending",
        None,
        {CHAMPION: 100},
        {CHALLENGER: 100, EQUAL: 50},
        {CHAMPION: "champion", CHALLENGER: "shadow", EQUAL: "shadow"},
        CHAMPION,
    ),
    Scene(
        "Shadowing",
        None,
        {CHAMPION: 100},
        {CHALLENGER: 100, EQUAL: 50},
        {CHAMPION: "champion", CHALLENGER: "shadow", EQUAL: "shadow"},
        CHAMPION,
    ),
    Scene(
        "Canary",
        "1/2",
        {CHAMPION: 95, CHALLENGER: 5},
        {EQUAL: 50},
        {CHAMPION: "champion", CHALLENGER: "canary", EQUAL: "shadow"},
        CHAMPION,
    ),
    Scene(
        "Canary",
        "2/2",
        {CHAMPION: 75, CHALLENGER: 25},
        {EQUAL: 50},
        {CHAMPION: "champion", CHALLENGER: "canary", EQUAL: "shadow"},
        CHAMPION,
    ),
    Scene(
        "Promoting",
        None,
        {CHALLENGER: 100},
        {CHAMPION: 100},
        {CHAMPION: "standby", CHALLENGER: "champion"},
        CHALLENGER,
    ),
    Scene(
        "Watching",
        None,
        {CHALLENGER: 100},
        {CHAMPION: 100},
        {CHAMPION: "standby", CHALLENGER: "champion"},
        CHALLENGER,
    ),
    Scene(
        "Completed",
        None,
        {CHALLENGER: 100},
        {CHAMPION: 100},
        {CHAMPION: "standby", CHALLENGER: "champion"},
        CHALLENGER,
    ),
]
_REASONS = [
    "ShadowStarted",
    "ShadowStarted",
    "CanaryStarted",
    "CanaryStepped",
    "Promoted",
    "Completed",
]


def scene(field: Field) -> Scene:
    status = field.status()
    champion = field.objects("v1", "services")["momentum-champion"]
    return Scene(
        status.phase,
        status.step,
        field.weights(),
        field.mirrors(),
        field.policy_roles(),
        champion["spec"]["selector"]["shadowrollouts.io/model"],
    )


async def the_way(field: Field, before_a_pass: Callable[[], object]) -> list[Scene]:
    """Each scene of a rollout once, in order, from its first pass to its completion."""
    field.create(manifest())
    scenes: list[Scene] = []
    for _ in range(_MOST_TICKS):
        for _ in range(2):
            before_a_pass()
            await field.one_pass()
            scenes += [now] if (now := scene(field)) not in scenes else []
            await field.settle()
            # Whoever has just started knows nothing that the guard has seen: it looks again after its first pass.
            await field.look()
            await field.one_pass()
            scenes += [now] if (now := scene(field)) not in scenes else []
            await field.settle()
        if field.status().phase is Phase.COMPLETED:
            break
        field.clock.advance(minutes=20)
    return scenes


async def test_the_better_challenger_becomes_champion_step_by_step(field: Field) -> None:
    scenes = await the_way(field, lambda: None)
    assert scenes == _WAY
    assert field.reasons() == _REASONS
    status = field.status()
    assert {line.name: line.stage for line in status.challengers} == {
        CHALLENGER: Stage.PROMOTED,
        EQUAL: Stage.NOT_PROMOTED,
    }
    deployments = field.objects("apps/v1", "deployments")
    assert set(deployments) == {"momentum-steady", "momentum-better"}, "the standby stays, the other one is gone"
    assert deployments["momentum-steady"]["status"]["readyReplicas"] == 1
    assert _conditions(status) == {"Ready": "True", "Reconciling": "False", "Stalled": "False"}


async def test_killed_between_any_two_passes_it_takes_the_same_decisions(field: Field) -> None:
    scenes = await the_way(field, field.start_operator)
    assert scenes == _WAY
    assert field.reasons() == _REASONS


async def to_the_end(field: Field) -> None:
    """Tick until nothing can go further."""
    for _ in range(_MOST_TICKS // 2):
        await field.tick()
        field.clock.advance(minutes=20)


async def test_a_person_promotes_by_annotation_and_the_operator_never_writes_it(field: Field) -> None:
    field.create(changed(manifest(), {"spec.promotion": {"mode": "Manual", "watch": "1h"}}))
    await to_the_end(field)
    assert field.status().phase is Phase.AWAITING_APPROVAL
    assert field.weights() == {CHAMPION: 75, CHALLENGER: 25}
    asked = {"shadowrollouts.io/command": "promote/1", "shadowrollouts.io/command-by": "ann"}
    where = (SHADOW_ROLLOUT, field.server.namespace, "momentum")
    await field.cluster.merge(*where, {"metadata": {"annotations": asked}})
    await field.look()
    await field.tick()
    assert field.weights() == {CHALLENGER: 100}
    command = field.status().command
    assert command is not None
    assert (command.text, command.by, command.answer) == ("promote/1", "ann", f"{CHALLENGER} is promoted")
    assert field.stored()["metadata"]["annotations"] == asked
    assert field.reasons().count("Promoted") == 1
    field.start_operator()
    await to_the_end(field)
    assert field.reasons().count("Promoted") == 1, "a command is handled once, whoever reads it again"
    assert "CommandRefused" not in field.reasons()


async def test_a_suspended_rollout_shadows_and_goes_no_further(field: Field) -> None:
    field.create(changed(manifest(), {"spec.suspend": True}))
    await to_the_end(field)
    assert field.status().phase is Phase.SHADOWING
    assert field.weights() == {CHAMPION: 100}
    _edit(field, {"spec.suspend": False})
    await field.tick()
    assert field.weights() == {CHAMPION: 95, CHALLENGER: 5}


async def test_every_model_can_serve_before_the_route_names_it(field: Field) -> None:
    field.create(manifest())
    await field.one_pass()
    written = {name: _revision(each) for name, each in field.objects("v1", "services").items()}
    assert set(written) == {"momentum-steady", "momentum-better", "momentum-equal", "momentum-champion"}
    policy = _revision(field.objects("v1", "configmaps")["momentum-policy"])
    route = _revision(field.objects(*_ROUTES)["momentum"])
    assert max(*written.values(), policy) < route


async def test_pods_are_told_of_a_new_policy_at_once(field: Field) -> None:
    await field.in_shadow()
    # A fourth model is a new policy for the pods of the other three.
    field.books["late"] = Book(0.0, 4)
    _edit(field, {"spec.challengers[2]": {"name": "late", "image": "models/late:1"}})
    await field.one_pass()
    pods = [
        pod
        for pod in field.objects("v1", "pods").values()
        if pod["metadata"]["labels"]["shadowrollouts.io/model"] != "late"
    ]
    status = field.status()
    assert status.policy is not None
    assert len(pods) == 3
    assert {pod["metadata"]["annotations"][POLICY_ANNOTATION] for pod in pods} == {str(status.policy.version)}


async def test_the_operator_owns_nothing_of_the_spec(field: Field) -> None:
    await field.in_shadow()
    managers = {each["manager"]: each for each in field.stored()["metadata"]["managedFields"]}
    assert set(managers["shadow-operator"]["fieldsV1"]) == {"f:metadata"}
    assert managers["shadow-operator-status"]["subresource"] == "status"
    assert set(managers["shadow-operator-status"]["fieldsV1"]) == {"f:status"}


async def test_conditions_say_which_generation_they_are_of(field: Field) -> None:
    await field.in_shadow()
    _edit(field, {"spec.shadow.minTrades": 200})
    await field.one_pass()
    status = field.status()
    assert status.observed_generation == 2
    assert {condition.observed_generation for condition in status.conditions} == {2}


async def test_the_status_of_sixteen_challengers_is_small(field: Field) -> None:
    names = [f"a-challenger-with-quite-a-long-name-{number:02}" for number in range(16)]
    field.books.update({name: Book(0.0, seed) for seed, name in enumerate(names, start=10)})
    challengers = [{"name": name, "image": f"registry.example/models/{name}:1.0.0"} for name in names]
    await field.in_shadow({"spec.challengers": challengers})
    field.clock.advance(hours=3)
    await field.tick()
    status = field.stored()["status"]
    assert len(status["challengers"]) == 16
    assert all(line["samples"] > 100 for line in status["challengers"])
    assert len(json.dumps(status)) < _STATUS_BYTES


async def test_a_pass_in_which_nothing_happens_writes_nothing(field: Field) -> None:
    await field.in_shadow()
    before = field.stored()["metadata"]["resourceVersion"]
    kept = _revision(field.objects("v1", "configmaps")["momentum-evidence"])
    await field.one_pass()
    assert field.stored()["metadata"]["resourceVersion"] == before
    field.clock.advance(minutes=1)
    await field.one_pass()
    evidence = _revision(field.objects("v1", "configmaps")["momentum-evidence"])
    assert evidence == kept, "the evidence is kept every ten minutes, and not in each pass"


async def test_what_somebody_changed_by_hand_is_put_right(field: Field) -> None:
    await field.in_shadow()
    namespace = field.server.namespace
    route = field.objects(*_ROUTES)["momentum"]
    route["spec"]["rules"][0]["backendRefs"][0]["weight"] = 7
    route["spec"]["rules"][0]["backendRefs"].append({"name": "momentum-better", "port": 8080, "weight": 93})
    field.server.request("PUT", f"{routes(field.server)}/momentum", route)
    field.server.request("DELETE", f"/api/v1/namespaces/{namespace}/services/momentum-champion")
    await field.one_pass()
    assert field.weights() == {CHAMPION: 100}
    field.clock.advance(minutes=1)
    await field.one_pass()
    assert "momentum-champion" in field.objects("v1", "services")


async def test_a_canary_that_stepped_back_starts_no_canary_in_the_same_pass(field: Field) -> None:
    await field.in_shadow()
    field.clock.advance(hours=3)
    await field.tick()
    assert field.status().phase is Phase.CANARY
    field.looks.is_down = True
    for _ in range(14):
        field.clock.advance(seconds=61)
        await field.look()
        await field.settle()
        await field.one_pass()
        if Reason.STEPPED_BACK in field.reasons():
            break
    assert field.reasons()[-1] == Reason.STEPPED_BACK
    assert field.status().canary is None


async def test_a_guard_that_looks_no_more_lets_nothing_advance(field: Field) -> None:
    await field.in_shadow()
    field.clock.advance(hours=3)
    for _ in range(3):
        await field.tick()
        field.clock.advance(seconds=10)
    assert field.status().step == "1/2"
    # The step's hour is over, and the newest figures that the guard has seen are from before it.
    field.clock.advance(hours=2)
    await field.one_pass()
    assert field.status().step == "1/2"
    await field.look()
    await field.one_pass()
    assert field.status().step == "2/2"


async def test_a_template_that_the_api_server_refuses_stalls_with_a_sentence(field: Field) -> None:
    wrong = {"spec": {"containers": [{"name": "model", "ports": [{"containerPort": 70_000}]}]}}
    field.create(changed(manifest(), {"spec.workload.template": wrong}))
    await field.one_pass()
    status = field.status()
    assert _conditions(status) == {"Ready": "False", "Reconciling": "False", "Stalled": "True"}
    assert status.message is not None
    assert "containerPort" in status.message
    assert field.reasons() == ["SpecRefused"]
    await _stays_quiet(field)
    _edit(field, {"spec.workload.template": {}})
    await field.tick()
    assert _conditions(field.status())["Stalled"] == "False"


async def test_a_champion_that_was_never_in_the_race_stalls_with_a_sentence(field: Field) -> None:
    await field.in_shadow()
    _edit(field, {"spec.champion": {"name": "stranger", "image": "models/stranger:1"}})
    await field.one_pass()
    status = field.status()
    assert _conditions(status)["Stalled"] == "True"
    assert status.message is not None
    assert "spec.champion is stranger, but steady is champion now" in status.message
    assert field.weights() == {CHAMPION: 100}
    await _stays_quiet(field)


class StoredByAnOlderRelease(Cluster):
    """The API server, with rollouts that were stored when the CRD still allowed what it refuses now."""

    async def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        found = await super().get(kind, namespace, name)
        if found is not None and kind is SHADOW_ROLLOUT:
            found["spec"]["metrics"]["interval"] = "1s"
        return found


@pytest.fixture
async def older(server: ApiServer, kubeconfig_path: str) -> AsyncIterator[Field]:
    async with await StoredByAnOlderRelease.connect(10.0, kubeconfig_path) as cluster:
        yield Field(cluster, server)


async def test_a_spec_that_is_valid_no_more_stalls_with_a_sentence(older: Field) -> None:
    older.create(manifest())
    await older.one_pass()
    status = older.status()
    stalled = {condition.type: condition for condition in status.conditions}["Stalled"]
    assert (stalled.status, stalled.reason) == (ConditionStatus.TRUE, "SpecInvalid")
    assert "interval is 1s, shorter than scrapeInterval 15s" in stalled.message
    assert older.objects(*_ROUTES) == {}
    await _stays_quiet(older)


async def test_a_spec_that_is_valid_no_more_can_be_deleted(field: Field, older: Field) -> None:
    await field.in_shadow()
    _delete(field)
    await older.operator.reconciler.retire(older.key())
    assert field.objects(*_ROUTES) == {}
    assert _is_gone(field)


async def test_somebody_elses_route_of_that_name_is_left_alone(field: Field) -> None:
    theirs = {"parentRefs": [{"name": "theirs"}], "rules": [{"backendRefs": [{"name": "their-service", "port": 80}]}]}
    path = f"{routes(field.server)}/momentum"
    body = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "momentum"}}
    field.server.request("PATCH", path, {**body, "spec": theirs}, fieldManager="somebody")
    before = field.objects(*_ROUTES)["momentum"]
    field.create(manifest())
    await field.one_pass()
    assert _conditions(field.status())["Stalled"] == "True"
    assert "is not of this rollout" in (field.status().message or "")
    _delete(field)
    await field.operator.reconciler.retire(field.key())
    assert field.objects(*_ROUTES)["momentum"]["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    assert _is_gone(field)


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
async def test_deletion_takes_the_route_away_while_the_champion_serves(field: Field, propagation: str) -> None:
    await field.in_shadow()
    # Somebody holds the route, so that its going takes as long as this test wants.
    hold = {"metadata": {"name": "momentum", "finalizers": ["tests.shadowrollouts.io/hold"]}}
    held = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", **hold}
    path = f"{routes(field.server)}/momentum"
    field.server.request("PATCH", path, held, fieldManager="tests")
    _delete(field, propagation)
    assert await field.one_pass() is None, "a rollout that goes gets no more passes"
    retiring = asyncio.create_task(field.operator.reconciler.retire(field.key()))
    await _until(lambda: "deletionTimestamp" in field.objects(*_ROUTES)["momentum"]["metadata"])
    if propagation == "Foreground":
        # What is owned goes at once; when the challenger's Service went, the champion's would have gone as well.
        await _until(lambda: "momentum-better" not in field.objects("v1", "services"))
    await asyncio.sleep(0.3)
    assert not retiring.done()
    assert FINALIZER in field.stored()["metadata"]["finalizers"]
    assert "momentum-champion" in field.objects("v1", "services")
    assert field.objects("apps/v1", "deployments")["momentum-steady"]["status"]["readyReplicas"] == 1
    held["metadata"] = {"name": "momentum"}
    field.server.request("PATCH", path, held, fieldManager="tests")
    async with asyncio.timeout(10):
        await retiring
    assert field.objects(*_ROUTES) == {}
    await _until(lambda: _is_gone(field))
    assert not {"momentum-champion", "momentum-steady"} & set(field.objects("v1", "services"))
    owned = [*field.objects("v1", "services").values(), *field.objects("apps/v1", "deployments").values()]
    assert all(each["metadata"]["ownerReferences"][0]["kind"] == "ShadowRollout" for each in owned)


async def test_an_edit_wakes_the_operator_and_a_deletion_leaves_nothing_behind(
    field: Field, monkeypatch: pytest.MonkeyPatch, kubeconfig_path: str
) -> None:
    monkeypatch.setenv("KUBECONFIG", kubeconfig_path)
    await field.in_shadow()
    fleet = field.start_operator().fleet
    async with _handlers(field):
        assert await _until(lambda: field.status().observed_generation == 1 and len(list(fleet)) == 1)
        _edit(field, {"spec.shadow.minTrades": 200})
        assert await _until(lambda: field.status().observed_generation == 2)
        _delete(field)
        assert await _until(lambda: _is_gone(field))
        assert await _until(lambda: _members(fleet) == [])
        await asyncio.sleep(0.3)
        assert _members(fleet) == [], "an event of a rollout that is gone brings it back to nobody's mind"
    assert field.objects(*_ROUTES) == {}


async def test_a_rollout_that_somebody_tore_out_is_forgotten(
    field: Field, monkeypatch: pytest.MonkeyPatch, kubeconfig_path: str
) -> None:
    monkeypatch.setenv("KUBECONFIG", kubeconfig_path)
    await field.in_shadow()
    fleet = field.start_operator().fleet
    async with _handlers(field):
        assert await _until(lambda: len(_members(fleet)) == 1)
        assert await _until(lambda: "shadowrollouts.io/daemon" in field.stored()["metadata"]["finalizers"])
        # No finalizer is left to tell anybody that it goes.
        _edit(field, {"metadata.finalizers": []})
        _delete(field)
        assert await _until(lambda: _is_gone(field))
        assert await _until(lambda: _members(fleet) == []), "else the guard would go on to look at it"


async def test_an_operator_that_starts_while_a_rollout_is_deleted_finishes_it(
    field: Field, monkeypatch: pytest.MonkeyPatch, kubeconfig_path: str
) -> None:
    monkeypatch.setenv("KUBECONFIG", kubeconfig_path)
    await field.in_shadow()
    _delete(field)
    assert not _is_gone(field)
    field.start_operator()
    async with _handlers(field):
        assert await _until(lambda: _is_gone(field))
    assert field.objects(*_ROUTES) == {}


@contextlib.asynccontextmanager
async def _handlers(field: Field) -> AsyncIterator[None]:
    """The operator's own handlers, in this event loop."""
    operator, stop = field.operator, asyncio.Event()
    registry = registry_for(Loops(operator.reconciler, operator.fleet), operator.guard, operator.fleet)
    namespaces = [field.server.namespace]
    running = asyncio.create_task(
        kopf.operator(registry=registry, namespaces=namespaces, standalone=True, stop_flag=stop)
    )
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(10):
            await running


async def _until(holds: Callable[[], bool]) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(10):
            while not holds():  # noqa: ASYNC110 - the API server is asked, it tells nobody
                await asyncio.sleep(0.05)
    return holds()


async def _stays_quiet(field: Field) -> None:
    """Further passes say nothing new and write nothing."""
    before, told = field.stored()["metadata"]["resourceVersion"], field.reasons()
    for _ in range(3):
        field.clock.advance(minutes=1)
        await field.one_pass()
    field.start_operator()
    assert field.stored()["metadata"]["resourceVersion"] == before
    assert field.reasons() == told


def _edit(field: Field, edits: dict[str, Any]) -> None:
    for _ in range(20):
        # The operator may write in between, as it may between any person's reading and writing.
        with contextlib.suppress(OverwrittenError):
            field.server.request("PUT", f"{field.server.rollouts}/momentum", changed(field.stored(), edits))
            return
    raise AssertionError("the operator wrote the rollout in between, 20 times")


def _delete(field: Field, propagation: str = "Background") -> None:
    field.server.request("DELETE", f"{field.server.rollouts}/momentum", propagationPolicy=propagation)


def _is_gone(field: Field) -> bool:
    return field.objects("shadowrollouts.io/v1alpha1", "shadowrollouts") == {}


def _members(fleet: Fleet) -> list[str]:
    return [str(key) for key, _ in fleet]


def _revision(found: dict[str, Any]) -> int:
    return int(found["metadata"]["resourceVersion"])


def _conditions(status: Status) -> dict[str, str]:
    wanted = ("Ready", "Reconciling", "Stalled")
    return {each.type: each.status.value for each in status.conditions if each.type in wanted}
