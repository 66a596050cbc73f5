"""The HTTPRoute: what is written, and what is believed when it is read back."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from shadow_operator.api.guardrails import GuardrailAction
from shadow_operator.core.guardrails import Motive, Rollback
from shadow_operator.core.observed import RouteState
from shadow_operator.core.split import Split
from shadow_operator.traffic.gateway_api import GatewayAPIRouter, manifest, route_of
from tests.world.journeys import CHAMPION, FIRST, SECOND, START
from tests.world.memory_cluster import MemoryCluster
from tests.world.rollouts import rollout_of

_CANARY = Split({CHAMPION: 95, FIRST: 5}, {SECOND: 25})
_MARK = Rollback(FIRST, "max-drawdown", Motive.BREACH, "5.31%", "5%", START)


def condition(kind: str, status: str = "True", generation: int = 3, message: str = "") -> dict[str, Any]:
    return {"type": kind, "status": status, "observedGeneration": generation, "reason": "Said", "message": message}


def returned(*conditions: dict[str, Any], split: Split = _CANARY, mark: Rollback | None = None) -> dict[str, Any]:
    """The route as the API server returns it, at generation 3, with one parent that says `conditions`."""
    body = manifest(rollout_of(), split, mark)
    body["metadata"] |= {"generation": 3, "resourceVersion": "17"}
    return body | {"status": {"parents": [{"parentRef": {"name": "models"}, "conditions": list(conditions)}]}}


def test_weights_and_mirrors_of_one_rule() -> None:
    (rule,) = manifest(rollout_of(), _CANARY, None)["spec"]["rules"]
    assert rule["backendRefs"] == [
        {"name": f"momentum-{CHAMPION}", "port": 8080, "weight": 95},
        {"name": f"momentum-{FIRST}", "port": 8080, "weight": 5},
    ]
    assert rule["filters"] == [
        {
            "type": "RequestMirror",
            "requestMirror": {"backendRef": {"name": f"momentum-{SECOND}", "port": 8080}, "percent": 25},
        }
    ]


def test_a_mirror_of_everything_names_no_percentage() -> None:
    (rule,) = manifest(rollout_of(), Split({CHAMPION: 100}, {FIRST: 100}), None)["spec"]["rules"]
    assert "percent" not in rule["filters"][0]["requestMirror"]


@pytest.mark.parametrize("split", [_CANARY, Split({CHAMPION: 100}), Split({FIRST: 100}, {CHAMPION: 100, SECOND: 1})])
def test_what_was_written_is_read_back(split: Split) -> None:
    read = route_of(returned(split=split, mark=_MARK), rollout_of())
    assert read.split == split
    assert read.rollback == _MARK
    assert read.resource_version == "17"


@pytest.mark.parametrize(
    ("conditions", "state"),
    [
        pytest.param([condition("Accepted"), condition("ResolvedRefs")], RouteState.PROGRAMMED, id="both true"),
        pytest.param([condition("Accepted")], RouteState.WAITING, id="accepted and not resolved yet"),
        pytest.param([], RouteState.WAITING, id="nobody said anything"),
        pytest.param(
            [condition("Accepted", generation=2), condition("ResolvedRefs", generation=2)],
            RouteState.WAITING,
            id="accepted at an old generation",
        ),
        pytest.param(
            [condition("Accepted"), condition("ResolvedRefs", generation=2)],
            RouteState.WAITING,
            id="resolved at an old generation",
        ),
        pytest.param(
            [condition("Accepted", "False", generation=2)], RouteState.WAITING, id="refused at an old generation"
        ),
        pytest.param([condition("Accepted", "False")], RouteState.REFUSED, id="refused"),
        pytest.param([condition("Accepted"), condition("ResolvedRefs", "False")], RouteState.REFUSED, id="no backend"),
        pytest.param([condition("Accepted"), condition("ResolvedRefs", "Unknown")], RouteState.WAITING, id="unknown"),
        pytest.param([condition("Accepted"), condition("Programmed")], RouteState.WAITING, id="another condition"),
    ],
)
def test_what_the_gateway_says(conditions: list[dict[str, Any]], state: RouteState) -> None:
    assert route_of(returned(*conditions), rollout_of()).state is state


def test_every_gateway_has_to_accept() -> None:
    two = rollout_of({"spec.traffic.gatewayAPI.parentRefs[1]": {"name": "others"}})
    one_of_two = returned(condition("Accepted"), condition("ResolvedRefs"))
    assert route_of(one_of_two, two).state is RouteState.WAITING


def test_a_refusal_is_passed_on_in_the_gateways_words() -> None:
    said = condition("ResolvedRefs", "False", message="Service trading/momentum-x not found")
    read = route_of(returned(condition("Accepted"), said), rollout_of())
    assert read.message == "the Gateway says ResolvedRefs=False: Service trading/momentum-x not found"


def rules_of(found: dict[str, Any]) -> Any:
    return found["spec"]["rules"]


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda found: rules_of(found).append({}), id="a second rule"),
        pytest.param(lambda found: rules_of(found).clear(), id="no rule"),
        pytest.param(lambda found: rules_of(found)[0].pop("backendRefs"), id="no backends"),
        pytest.param(lambda found: rules_of(found)[0]["backendRefs"].pop(), id="shares that do not sum up"),
        pytest.param(lambda found: rules_of(found)[0]["backendRefs"][0].pop("weight"), id="a share left out"),
        pytest.param(
            lambda found: rules_of(found)[0]["filters"].append({"type": "URLRewrite", "urlRewrite": {}}),
            id="another filter",
        ),
        pytest.param(lambda found: found["spec"].pop("rules"), id="nothing at all"),
    ],
)
def test_a_route_that_somebody_wrote_by_hand_gives_no_shares_that_count(edit: Callable[[Any], object]) -> None:
    found = returned()
    edit(found)
    assert route_of(found, rollout_of()).split is None


def test_a_backend_without_weight_gets_nothing() -> None:
    found = returned(split=Split({CHAMPION: 100}))
    rules_of(found)[0]["backendRefs"].append({"name": "momentum-other", "port": 8080, "weight": 0})
    assert route_of(found, rollout_of()).split == Split({CHAMPION: 100})


@pytest.mark.parametrize("text", ["", "no JSON", "{}", "[]", '{"model": "a", "motive": "Whim"}'])
def test_a_note_that_is_none_is_ignored(text: str) -> None:
    found = returned()
    found["metadata"]["annotations"] = {"shadowrollouts.io/rollback": text}
    assert route_of(found, rollout_of()).rollback is None


async def test_the_router_writes_reads_and_removes() -> None:
    router, rollout = GatewayAPIRouter(MemoryCluster()), rollout_of()
    assert (await router.observed(rollout)).state is RouteState.ABSENT
    await router.apply(rollout, _CANARY, mark=_MARK, unless_newer_than=None)
    read = await router.observed(rollout)
    assert (read.state, read.split, read.rollback) == (RouteState.WAITING, _CANARY, _MARK)
    await router.apply(rollout, _CANARY, mark=None, unless_newer_than=read.resource_version)
    assert (await router.observed(rollout)).rollback is None
    await router.remove(rollout)
    assert (await router.observed(rollout)).state is RouteState.ABSENT


@pytest.mark.parametrize(
    "mark",
    [
        replace(_MARK, action=GuardrailAction.STOP_TRADING),
        replace(_MARK, motive=Motive.COMMAND, value="ann", limit="none", command="rollback/1"),
    ],
    ids=["stops trading", "by command"],
)
def test_a_note_says_what_asked_for_it_and_what_else_is_done(mark: Rollback) -> None:
    assert route_of(returned(mark=mark), rollout_of()).rollback == mark


def test_a_note_says_when_to_the_microsecond() -> None:
    mark = replace(_MARK, breached_at=START.replace(microsecond=123_456))
    assert route_of(returned(mark=mark), rollout_of()).rollback == mark
