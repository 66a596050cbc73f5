"""Whom the fence keeps off the brokers, on networks of both kinds; what it lets through; and what is refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from shadow_operator.api.rollout import ShadowRollout
from shadow_operator.core import roles
from shadow_operator.core.fence import fence_of, open_fence
from shadow_operator.core.plan import MODEL_LABEL, ROLLOUT_LABEL, plan
from shadow_operator.reconcile import sentence
from tests.world.journeys import CHAMPION, FIRST, SECOND, Journey, in_canary, in_shadow, watched
from tests.world.network import EnforcingNetwork, Place
from tests.world.rollouts import rollout_of

_BROKER, _BROKER_6 = Place("203.0.113.7"), Place("2001:db8::7")
_GATEWAY = Place("10.244.3.9", "brokers")
_DNS, _FEATURES, _FEED = Place("10.244.0.2", "kube-system"), Place("10.244.1.5", "trading"), Place("198.51.100.1")
_FENCE = {
    "cidrs": ["203.0.113.0/24", "2001:db8::/32"],
    "namespaces": ["brokers"],
    "clusterCIDRs": ["10.244.0.0/16"],
}
_NETWORKS = [EnforcingNetwork(blocks_hold_pods=True), EnforcingNetwork(blocks_hold_pods=False)]


def rolled_back() -> Journey:
    journey = in_canary()
    journey.mark = journey.breach(FIRST)
    journey.look()
    return journey


def policy_of(journey: Journey, fence: dict[str, Any] | None = None) -> Any:
    rollout = rollout_of({"spec.workload.fence": fence or _FENCE}, journey.status)
    assert rollout.spec.workload.fence is not None
    outside = plan(rollout, journey.status, journey.now).outside_the_fence
    return fence_of(rollout, rollout.spec.workload.fence, outside).body


def pod(model: str, rollout: str = "momentum") -> dict[str, str]:
    return {ROLLOUT_LABEL: rollout, MODEL_LABEL: model, "team": "a"}


@pytest.mark.parametrize("network", _NETWORKS)
@pytest.mark.parametrize("broker", [_BROKER, _BROKER_6, _GATEWAY])
@pytest.mark.parametrize(
    ("journey", "outside"),
    [
        pytest.param(in_shadow, {CHAMPION}, id="in shadow"),
        pytest.param(in_canary, {CHAMPION, FIRST}, id="in canary"),
        pytest.param(rolled_back, {CHAMPION}, id="rolled back"),
        pytest.param(watched, {CHAMPION, FIRST}, id="promoted, with a standby"),
    ],
)
def test_only_who_acts_or_stands_by_reaches_a_broker(
    journey: Any, outside: set[str], broker: Place, network: EnforcingNetwork
) -> None:
    policy = policy_of(journey())
    everybody = {CHAMPION, FIRST, SECOND, "left-over"}
    assert {each for each in everybody if network.lets_out([policy], pod(each), broker)} == outside


@pytest.mark.parametrize("network", _NETWORKS)
def test_a_fenced_model_reaches_all_the_rest(network: EnforcingNetwork) -> None:
    policy = policy_of(in_shadow())
    for place in (_DNS, _FEATURES, _FEED):
        assert network.lets_out([policy], pod(FIRST), place)


@pytest.mark.parametrize("network", _NETWORKS)
def test_brokers_outside_need_no_addresses_of_the_cluster(network: EnforcingNetwork) -> None:
    policy = policy_of(in_shadow(), {"cidrs": ["203.0.113.0/24"]})
    assert not network.lets_out([policy], pod(FIRST), _BROKER)
    for place in (_DNS, _FEATURES, _FEED, _BROKER_6):
        assert network.lets_out([policy], pod(FIRST), place)


def test_it_is_about_one_rollout_and_goes_with_it() -> None:
    policy = policy_of(in_shadow())
    assert _NETWORKS[0].lets_out([policy], pod(FIRST, "another"), _BROKER)
    assert policy["metadata"]["name"] == "momentum-fence"
    assert policy["metadata"]["ownerReferences"][0]["name"] == "momentum"
    assert policy["spec"]["policyTypes"] == ["Egress"], "who asks it for a prediction is not its business"


def test_one_that_is_opened_denies_nothing() -> None:
    policy = open_fence(rollout_of()).body
    assert _NETWORKS[0].lets_out([policy], pod(FIRST), _BROKER)


def test_a_role_never_changes_a_pods_labels_so_none_restarts() -> None:
    rollout = rollout_of({"spec.workload.fence": _FENCE})
    shadow, canary = in_shadow(), in_canary()
    assert roles.outside_the_fence(rollout.spec, shadow.status) != roles.outside_the_fence(rollout.spec, canary.status)
    before, after = (
        {each.name: each.body for each in plan(rollout, journey.status, journey.now).workloads}
        for journey in (shadow, canary)
    )
    assert before == after


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        ({"fence": {}}, "name their addresses in cidrs, their namespaces in namespaces, or both"),
        ({"fence": {"namespaces": ["brokers"]}}, "write the addresses of the cluster's pods in clusterCIDRs"),
        ({"fence": {"cidrs": ["0.0.0.0/0"]}}, '"0.0.0.0/0" is not a block of addresses'),
        ({"fence": {"cidrs": ["broker.example"]}}, '"broker.example" is not a block of addresses'),
        ({"fence": {"cidrs": ["203.0.113.300/24"]}}, '"203.0.113.300/24" is not a block of addresses'),
        ({"fence": {"cidrs": ["1:2:3::4::5/64"]}}, '"1:2:3::4::5/64" is not a block of addresses'),
        ({"fence": {"cidrs": ["::ffff:0:0/96"]}}, '"::ffff:0:0/96" is not a block of addresses'),
        ({"fence": {"cidrs": []}}, "at least 1 item"),
        (
            {"fence": _FENCE, "template": {"spec": {"hostNetwork": True}}},
            "pods on the network of their host are beyond every fence: remove hostNetwork",
        ),
    ],
    ids=str,
)
def test_a_fence_with_a_hole_is_refused(edits: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ShadowRollout.model_validate(rollout_with(edits))
    assert said in sentence(refused.value)


def rollout_with(workload: dict[str, Any]) -> dict[str, Any]:
    known = rollout_of().model_dump(by_alias=True, exclude_none=True, mode="json")
    known["spec"]["workload"] = workload
    return dict(known)
