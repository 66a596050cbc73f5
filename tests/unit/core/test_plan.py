"""The objects that the cluster should hold."""

from typing import Any

from shadow_operator.core.plan import Plan, plan, policy_manifest
from shadow_operator.core.policy import policy_of
from tests.world.journeys import CHAMPION, FIRST, SECOND, Journey, in_canary, in_shadow, watched
from tests.world.rollouts import rollout_of


def plan_of(journey: Journey, edits: dict[str, Any] | None = None) -> Plan:
    return plan(rollout_of(edits), journey.status, journey.now)


def deployment(made: Plan, model: str) -> Any:
    return next(
        each.body for each in made.workloads if each.kind.name == "Deployment" and each.name == f"momentum-{model}"
    )


def container(made: Plan, model: str, name: str = "model") -> Any:
    containers = deployment(made, model)["spec"]["template"]["spec"]["containers"]
    return next(each for each in containers if each["name"] == name)


def service(made: Plan, name: str) -> Any:
    return next(each.body for each in made.workloads if each.kind.name == "Service" and each.name == name)


def test_each_model_has_a_deployment_and_a_service_and_the_champion_a_stable_one() -> None:
    made = plan_of(in_shadow())
    assert {(each.kind.name, each.name) for each in made.workloads} == {
        *(("Deployment", f"momentum-{name}") for name in (CHAMPION, FIRST, SECOND)),
        *(("Service", f"momentum-{name}") for name in (CHAMPION, FIRST, SECOND)),
    }
    assert made.stable.name == "momentum-champion"


def test_the_stable_service_follows_the_champion() -> None:
    before, after = plan_of(in_shadow()), plan_of(watched())
    label = "shadowrollouts.io/model"
    assert before.stable.body["spec"]["selector"][label] == CHAMPION
    assert after.stable.body["spec"]["selector"][label] == FIRST


def test_the_standby_keeps_running() -> None:
    assert plan_of(watched().wait("1m")).models == {FIRST, CHAMPION}


def test_every_object_goes_with_the_rollout_but_what_the_champion_serves_with() -> None:
    journey = in_shadow()
    policy = policy_of("default/momentum", journey.spec, journey.status)
    planned = plan_of(journey)
    manifests = (*planned.workloads, planned.stable, policy_manifest(rollout_of(), policy, 1))
    unowned = {(each.kind.name, each.name) for each in manifests if "ownerReferences" not in each.body["metadata"]}
    # A deletion in the foreground takes all that is owned at once; these are deleted once the route is gone.
    assert unowned == {
        ("Deployment", f"momentum-{CHAMPION}"),
        ("Service", f"momentum-{CHAMPION}"),
        ("Service", "momentum-champion"),
        ("ConfigMap", "momentum-policy"),
    }
    for each in manifests:
        for owner in each.body["metadata"].get("ownerReferences", []):
            assert (owner["kind"], owner["uid"], owner["controller"]) == ("ShadowRollout", "5c0a", True)


def test_the_container_named_model_gets_the_model() -> None:
    made = plan_of(
        in_shadow(),
        {
            "spec.workload.template.spec.containers": [{"name": "proxy", "image": "proxy:1"}, {"name": "model"}],
            "spec.challengers[0].args": ["--fast"],
            "spec.challengers[0].resources": {"limits": {"memory": "1Gi"}},
            "spec.challengers[0].replicas": 3,
        },
    )
    assert container(made, FIRST)["image"] == "models/momentum:8"
    assert container(made, FIRST)["args"] == ["--fast"]
    assert container(made, FIRST)["resources"] == {"limits": {"memory": "1Gi"}}
    assert deployment(made, FIRST)["spec"]["replicas"] == 3
    assert deployment(made, CHAMPION)["spec"]["replicas"] == 2
    assert "args" not in container(made, CHAMPION)
    assert container(made, FIRST, "proxy") == {"name": "proxy", "image": "proxy:1"}


def test_a_template_without_that_container_gets_one() -> None:
    made = plan_of(in_shadow(), {"spec.workload.template": {}})
    assert container(made, CHAMPION)["image"] == "models/momentum:7"


def test_the_template_of_one_model_is_not_that_of_another() -> None:
    journey, rollout = in_shadow(), rollout_of()
    before = rollout.model_dump_json()
    plan(rollout, journey.status, journey.now)
    assert rollout.model_dump_json() == before


def test_a_models_own_variables_replace_the_common_ones_and_the_operators_replace_both() -> None:
    made = plan_of(
        in_shadow(),
        {
            "spec.workload.template.spec.containers": [
                {"name": "model", "env": [{"name": "LEVEL", "value": "1"}, {"name": "REGION", "value": "eu"}]}
            ],
            "spec.challengers[0].env": [{"name": "LEVEL", "value": "2"}, {"name": "MODEL_NAME", "value": "wrong"}],
        },
    )
    given = {each["name"]: each["value"] for each in container(made, FIRST)["env"]}
    assert given == {
        "LEVEL": "2",
        "REGION": "eu",
        "MODEL_NAME": FIRST,
        "SHADOW_ROLLOUT": "default/momentum",
        "SHADOW_POLICY_PATH": "/etc/shadow-rollout/policy.json",
    }
    names = [each["name"] for each in container(made, FIRST)["env"]]
    assert len(names) == len(set(names))


def test_every_model_mounts_the_policy_read_only() -> None:
    made = plan_of(in_shadow())
    assert {"name": "policy", "mountPath": "/etc/shadow-rollout", "readOnly": True} in container(made, FIRST)[
        "volumeMounts"
    ]
    volumes = deployment(made, FIRST)["spec"]["template"]["spec"]["volumes"]
    assert volumes == [{"name": "policy", "configMap": {"name": "momentum-policy", "optional": True}}]


def test_who_is_out_of_the_race_drains_before_it_goes() -> None:
    journey = in_canary()
    journey.mark = journey.breach(FIRST)
    journey.look()
    assert FIRST in plan_of(journey).models
    journey.wait("29s")
    assert FIRST not in plan_of(journey).models
    assert FIRST not in plan_of(journey).split.weights


def test_a_promoted_model_is_not_taken_for_one_that_is_out() -> None:
    journey = watched()
    journey.wait("30d")
    assert FIRST in plan_of(journey).models


def test_the_same_status_gives_the_same_objects() -> None:
    journey = in_canary()
    assert plan_of(journey) == plan_of(journey)
