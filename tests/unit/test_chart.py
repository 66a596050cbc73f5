"""The Helm chart, rendered by Helm itself."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from shadow_operator.api.crd import DEFINITIONS
from shadow_operator.freeze import FREEZE
from shadow_operator.settings import Settings
from tests.world.chart import CHART, NAMESPACE, ROOT, Chart, Object, found_helm, of_kind

# The first run builds helm, which takes a minute or two.
pytestmark = pytest.mark.timeout(600)

# What the code asks the API server for, and nothing else. A verb added here is one that somebody has to grant.
VERBS = {
    ("shadowrollouts.io", "shadowrollouts"): {"get", "list", "watch", "patch"},
    ("shadowrollouts.io", "shadowrollouts/status"): {"get", "patch"},
    ("shadowrollouts.io", "shadowrollouts/finalizers"): {"update"},
    ("shadowrollouts.io", "modelversions"): {"list"},
    ("shadowrollouts.io", "modelversions/status"): {"patch"},
    ("shadowrollouts.io", "gatetemplates"): {"get"},
    ("shadowrollouts.io", "rolloutdecisions"): {"get", "list", "create", "delete"},
    ("shadowrollouts.io", "rolloutdecisions/status"): {"patch"},
    ("apps", "deployments"): {"get", "list", "create", "patch", "delete"},
    ("", "services"): {"get", "list", "create", "patch", "delete"},
    ("", "configmaps"): {"get", "list", "create", "patch", "delete"},
    ("", "pods"): {"list", "patch"},
    ("", "events"): {"create"},
    ("networking.k8s.io", "networkpolicies"): {"get", "create", "patch"},
    ("gateway.networking.k8s.io", "httproutes"): {"get", "create", "patch", "delete"},
}


@pytest.fixture(scope="session")
def helm() -> Path:
    return found_helm()


@pytest.fixture
def chart(helm: Path, tmp_path: Path) -> Chart:
    return Chart(helm, tmp_path)


def deployment(objects: list[Object]) -> Object:
    (found,) = of_kind(objects, "Deployment")
    return found


def container(objects: list[Object]) -> Object:
    (found,) = deployment(objects)["spec"]["template"]["spec"]["containers"]
    return dict(found)


def environment(objects: list[Object]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container(objects)["env"] if "value" in each}


def verbs(role: Object) -> dict[tuple[str, str], set[str]]:
    return {
        (group, resource): set(rule["verbs"])
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def operators_role(objects: list[Object]) -> Object:
    (binding,) = of_kind(objects, "ClusterRoleBinding")
    (role,) = [
        each for each in of_kind(objects, "ClusterRole") if each["metadata"]["name"] == binding["roleRef"]["name"]
    ]
    return role


def test_the_pod_meets_the_restricted_pod_security_standard(chart: Chart) -> None:
    pod = deployment(chart.rendered())["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 65532
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (only,) = pod["containers"]
    assert only["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)


def test_nothing_but_tmp_can_be_written_to(chart: Chart) -> None:
    pod = deployment(chart.rendered())["spec"]["template"]["spec"]
    assert [volume["name"] for volume in pod["volumes"]] == ["tmp"]
    assert "emptyDir" in pod["volumes"][0]
    assert pod["containers"][0]["volumeMounts"] == [{"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108


def test_a_second_pod_stands_by_and_an_upgrade_starts_the_new_one_first(chart: Chart) -> None:
    spec = deployment(chart.rendered())["spec"]
    assert spec["replicas"] == 2
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    assert deployment(chart.rendered({"replicas": 3}))["spec"]["replicas"] == 3


def test_the_pods_rather_run_on_different_nodes_and_a_drain_takes_one_at_a_time(chart: Chart) -> None:
    objects = chart.rendered()
    (budget,) = of_kind(objects, "PodDisruptionBudget")
    template = deployment(objects)["spec"]["template"]
    (wish,) = template["spec"]["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert budget["spec"]["maxUnavailable"] == 1
    for selector in (budget["spec"]["selector"], wish["podAffinityTerm"]["labelSelector"]):
        assert selector["matchLabels"].items() <= template["metadata"]["labels"].items()
    alone = chart.rendered({"replicas": 1, "affinity": {"nodeAffinity": {}}})
    assert not of_kind(alone, "PodDisruptionBudget")
    assert deployment(alone)["spec"]["template"]["spec"]["affinity"] == {"nodeAffinity": {}}


@pytest.mark.parametrize("release", ["shadow-operator", "other"])
def test_the_pods_may_hold_the_one_lease_that_they_are_told_of(chart: Chart, release: str) -> None:
    objects = chart.rendered({}, release)
    name = environment(objects)["LEASE_NAME"]
    (own,) = [each for each in of_kind(objects, "Role") if each["metadata"]["namespace"] == NAMESPACE]
    leases = [rule for rule in own["rules"] if rule["resources"] == ["leases"]]
    assert [(rule.get("resourceNames"), rule["verbs"]) for rule in leases] == [
        ([name], ["get", "patch"]),
        (None, ["create"]),
    ]
    downward = {each["name"]: each["valueFrom"] for each in container(objects)["env"] if "valueFrom" in each}
    assert downward["POD_NAME"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    assert downward["POD_NAMESPACE"] == {"fieldRef": {"fieldPath": "metadata.namespace"}}


def test_the_probes_ask_the_operators_own_endpoint(chart: Chart) -> None:
    only = container(chart.rendered({"operator": {"probePort": 9000}}))
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert only[probe]["httpGet"] == {"path": "/healthz", "port": "probes"}
    assert {"name": "probes", "containerPort": 9000, "protocol": "TCP"} in only["ports"]
    assert only["startupProbe"]["periodSeconds"] * only["startupProbe"]["failureThreshold"] >= 60


def test_resources_are_asked_for_and_limited(chart: Chart) -> None:
    assert container(chart.rendered())["resources"] == {
        "requests": {"cpu": "100m", "memory": "128Mi"},
        "limits": {"memory": "512Mi"},
    }


def test_the_defaults_of_the_chart_are_those_of_the_program(chart: Chart) -> None:
    found = Settings.from_environment(environment(chart.rendered()))
    assert dataclasses.replace(found, operator_image=None) == Settings()


def test_the_operator_knows_its_own_image(chart: Chart) -> None:
    rendered = chart.rendered({"image": {"repository": "registry.example/operator", "tag": "1", "digest": ""}})
    assert Settings.from_environment(environment(rendered)).operator_image == "registry.example/operator:1"
    assert container(rendered)["image"] == "registry.example/operator:1"


def test_every_setting_can_be_given(chart: Chart) -> None:
    values = {
        "watchNamespaces": ["trading", "research"],
        "operator": {
            "guardSeconds": 0.5,
            "evaluationSeconds": 30,
            "requestSeconds": 11,
            "querySeconds": 6,
            "prometheusAllowed": ["http://prometheus.monitoring:9090", "https://thanos/team"],
            "checkpointSeconds": 3600000,
            "leaseSeconds": 15,
            "probePort": 9000,
            "metricsPort": 9001,
        },
    }
    found = Settings.from_environment(environment(chart.rendered(values)))
    assert dataclasses.replace(found, operator_image=None) == Settings(
        namespaces=("trading", "research"),
        guard_seconds=0.5,
        prometheus_allowed=("http://prometheus.monitoring:9090", "https://thanos/team"),
        evaluation_seconds=30,
        request_seconds=11,
        query_seconds=6,
        checkpoint_seconds=3600000,
        lease_seconds=15,
        probe_port=9000,
        metrics_port=9001,
    )


def test_no_setting_of_the_program_is_left_out(chart: Chart) -> None:
    # A pod has its service account and needs no kubeconfig.
    # Its name, its namespace and its address come from the downward API.
    names = {each.name.upper() for each in dataclasses.fields(Settings)}
    names -= {"NAMESPACES", "KUBECONFIG", "POD_NAME", "POD_NAMESPACE", "POD_IP"}
    assert set(environment(chart.rendered())) == names | {"WATCH_NAMESPACES"}


def test_no_variable_is_set_twice(chart: Chart) -> None:
    names = [each["name"] for each in container(chart.rendered({"extraEnv": [{"name": "A", "value": "b"}]}))["env"]]
    assert len(set(names)) == len(names)
    assert "A" in names
    assert "extraEnv names GUARD_SECONDS" in chart.refusal({"extraEnv": [{"name": "GUARD_SECONDS", "value": "1"}]})


def test_the_image_is_the_charts_version_unless_another_is_named(chart: Chart) -> None:
    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
    assert container(chart.rendered())["image"] == f"shadow/operator:{version}"
    digest = "sha256:" + "0" * 64
    given = {"image": {"repository": "registry.example/shadow", "tag": "x", "digest": digest}}
    assert container(chart.rendered(given))["image"] == f"registry.example/shadow:x@{digest}"


def test_the_role_holds_each_verb_that_the_code_uses_and_no_other(chart: Chart) -> None:
    assert verbs(operators_role(chart.rendered())) == VERBS


def test_no_role_names_secrets_or_everything(chart: Chart) -> None:
    for values in ({}, {"watchNamespaces": ["trading"]}):
        objects = chart.rendered(values)
        for role in (*of_kind(objects, "ClusterRole"), *of_kind(objects, "Role")):
            for rule in role["rules"]:
                assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
                assert "secrets" not in rule["resources"]


def test_named_namespaces_get_a_role_each_and_the_cluster_none(chart: Chart) -> None:
    objects = chart.rendered({"watchNamespaces": ["research", "trading"], "rbac": {"aggregate": False}})
    assert not of_kind(objects, "ClusterRole")
    assert not of_kind(objects, "ClusterRoleBinding")
    roles = {role["metadata"]["namespace"]: role for role in of_kind(objects, "Role")}
    freeze = roles.pop(NAMESPACE)["rules"][0]
    assert (freeze["resources"], freeze["resourceNames"], freeze["verbs"]) == (["configmaps"], [FREEZE], ["get"])
    assert set(roles) == {"research", "trading"}
    for namespace, role in roles.items():
        assert verbs(role) == VERBS
        (binding,) = [each for each in of_kind(objects, "RoleBinding") if each["metadata"]["namespace"] == namespace]
        assert binding["roleRef"]["name"] == role["metadata"]["name"]
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "shadow-operator", "namespace": NAMESPACE}]


def test_two_releases_share_no_name_in_the_cluster(chart: Chart) -> None:
    def names(release: str) -> set[str]:
        objects = chart.rendered({"crds": {"install": False}}, release)
        return {each["metadata"]["name"] for each in objects if "namespace" not in each["metadata"]}

    assert not names("one") & names("two")


def test_the_pod_runs_as_the_account_that_the_role_is_bound_to(chart: Chart) -> None:
    for values in ({}, {"serviceAccount": {"name": "mine"}}, {"serviceAccount": {"create": False, "name": "theirs"}}):
        objects = chart.rendered(values)
        (binding,) = of_kind(objects, "ClusterRoleBinding")
        account = deployment(objects)["spec"]["template"]["spec"]["serviceAccountName"]
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}]
    assert "name a service account that exists" in chart.refusal({"serviceAccount": {"create": False}})


def test_people_may_edit_rollouts_and_not_what_was_decided(chart: Chart) -> None:
    roles = {}
    for role in of_kind(chart.rendered(), "ClusterRole"):
        for label in role["metadata"]["labels"]:
            if label.startswith("rbac.authorization.k8s.io/aggregate-to-"):
                roles[label.rpartition("-")[2]] = verbs(role)
    assert set(roles) == {"view", "edit", "admin"}
    assert roles["view"]["shadowrollouts.io", "shadowrollouts"] == {"get", "list", "watch"}
    assert "patch" in roles["edit"]["shadowrollouts.io", "shadowrollouts"]
    for granted in roles.values():
        assert granted.get(("shadowrollouts.io", "shadowrollouts/status"), set()) <= {"get"}


def test_commands_are_checked_by_the_api_server_unless_that_is_left_out(chart: Chart) -> None:
    objects = chart.rendered()
    (policy,) = of_kind(objects, "ValidatingAdmissionPolicy")
    (binding,) = of_kind(objects, "ValidatingAdmissionPolicyBinding")
    assert binding["spec"] == {"policyName": policy["metadata"]["name"], "validationActions": ["Deny"]}
    assert policy["spec"] == yaml.safe_load((CHART / "files" / "commands-policy.yaml").read_text())["spec"]
    left_out = chart.rendered({"commands": {"guard": False}})
    assert not of_kind(left_out, "ValidatingAdmissionPolicy")
    assert not of_kind(left_out, "ValidatingAdmissionPolicyBinding")


def test_the_definition_in_the_chart_is_the_generated_one(chart: Chart) -> None:
    definitions = of_kind(chart.rendered(), "CustomResourceDefinition")
    assert len(definitions) == len(DEFINITIONS)
    for definition in definitions:
        plural = definition["spec"]["names"]["plural"]
        generated = yaml.safe_load((ROOT / "crds" / f"{plural}.yaml").read_text())
        assert definition["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
        assert definition["spec"] == generated["spec"]
        assert definition["metadata"]["name"] == generated["metadata"]["name"]


def test_the_definition_can_be_left_out_or_let_go(chart: Chart) -> None:
    assert not of_kind(chart.rendered({"crds": {"install": False}}), "CustomResourceDefinition")
    for definition in of_kind(chart.rendered({"crds": {"keep": False}}), "CustomResourceDefinition"):
        assert "annotations" not in definition["metadata"]


def test_metrics_are_served_and_scraped_when_asked_for(chart: Chart) -> None:
    objects = chart.rendered({"metrics": {"serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}}}})
    (service,) = of_kind(objects, "Service")
    (monitor,) = of_kind(objects, "ServiceMonitor")
    labels = deployment(objects)["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    assert not of_kind(chart.rendered(), "ServiceMonitor")
    both = {"metrics": {"service": {"enabled": False}, "serviceMonitor": {"enabled": True}}}
    assert "enable both" in chart.refusal(both)


def test_a_secret_is_granted_by_its_name_and_in_its_namespace_alone(chart: Chart) -> None:
    objects = chart.rendered({"prometheusSecrets": [{"namespace": "trading", "name": "prom"}]})
    found = [
        (each["kind"], each["metadata"]["namespace"], rule)
        for each in (*of_kind(objects, "Role"), *of_kind(objects, "ClusterRole"))
        for rule in each.get("rules", [])
        if "secrets" in rule["resources"]
    ]
    assert [(kind, namespace, rule["resourceNames"], rule["verbs"]) for kind, namespace, rule in found] == [
        ("Role", "trading", ["prom"], ["get"])
    ]


def test_alerts_are_heard_over_tls_by_the_pod_that_leads_when_asked_for(chart: Chart) -> None:
    asked = chart.rendered({"alerts": {"enabled": True, "tls": {"secretName": "certificate"}}})
    (service,) = [each for each in of_kind(asked, "Service") if each["metadata"]["name"].endswith("-alerts")]
    assert "selector" not in service["spec"]
    variables = environment(asked)
    assert variables["ALERTS_SERVICE"] == service["metadata"]["name"]
    assert (variables["ALERTS_PORT"], variables["ALERTS_TLS"]) == ("8443", "/tls")
    assert {"name": "alerts-tls", "mountPath": "/tls", "readOnly": True} in container(asked)["volumeMounts"]
    (own,) = [each for each in of_kind(asked, "Role") if each["metadata"]["namespace"] == NAMESPACE]
    slices = [rule for rule in own["rules"] if rule["resources"] == ["endpointslices"]]
    assert [rule.get("resourceNames") for rule in slices] == [
        [f"{service['metadata']['name']}-ipv4", f"{service['metadata']['name']}-ipv6"],
        None,
    ]
    bound = [each["roleRef"]["name"] for each in of_kind(asked, "ClusterRoleBinding")]
    assert "system:auth-delegator" in bound


def test_metrics_are_for_those_who_may_read_them_when_asked_for(chart: Chart) -> None:
    values = {"secure": True, "tls": {"secretName": "certificate"}, "serviceMonitor": {"enabled": True}}
    objects = chart.rendered({"metrics": values})
    variables = environment(objects)
    assert (variables["METRICS_SECURE"], variables["METRICS_TLS"]) == ("true", "/metrics-tls")
    assert {"name": "metrics-tls", "mountPath": "/metrics-tls", "readOnly": True} in container(objects)["volumeMounts"]
    (reader,) = [e for e in of_kind(objects, "ClusterRole") if e["metadata"]["name"].endswith(":metrics-reader")]
    assert reader["rules"] == [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]
    (monitor,) = of_kind(objects, "ServiceMonitor")
    assert monitor["spec"]["endpoints"][0]["scheme"] == "https"


def test_nobody_hears_alerts_or_reviews_tokens_unless_asked_for(chart: Chart) -> None:
    objects = chart.rendered()
    assert (environment(objects)["ALERTS_PORT"], environment(objects)["ALERTS_SERVICE"]) == ("", "")
    bound = [each["roleRef"]["name"] for each in of_kind(objects, "ClusterRoleBinding")]
    assert "system:auth-delegator" not in bound


def test_its_pods_are_fenced_when_asked_for_and_still_do_their_work(chart: Chart) -> None:
    assert not of_kind(chart.rendered(), "NetworkPolicy")
    scraper = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    more = {"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}
    given = {"enabled": True, "metricsFrom": [scraper], "prometheusPorts": [10902, 443], "extraEgress": [more]}
    objects = chart.rendered({"networkPolicy": given, "operator": {"probePort": 9000}})
    (policy,) = of_kind(objects, "NetworkPolicy")
    spec = policy["spec"]
    labels = deployment(objects)["spec"]["template"]["metadata"]["labels"]
    assert spec["podSelector"]["matchLabels"].items() <= labels.items()
    assert policy["metadata"]["namespace"] == NAMESPACE
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    probes, metrics = spec["ingress"]
    assert probes == {"ports": [{"port": 9000, "protocol": "TCP"}]}
    assert metrics == {"ports": [{"port": 8081, "protocol": "TCP"}], "from": [scraper]}
    dns, others, last = spec["egress"]
    assert [(each["port"], each["protocol"]) for each in dns["ports"]] == [(53, "UDP"), (53, "TCP")]
    assert [each["port"] for each in others["ports"]] == [443, 6443, 10902]
    assert last == more


def test_every_object_says_what_it_belongs_to(chart: Chart) -> None:
    everything = {
        "metrics": {"serviceMonitor": {"enabled": True}},
        "alerts": {"enabled": True, "tls": {"none": True}},
        "networkPolicy": {"enabled": True},
        "operator": {"prometheusAllowed": ["http://prometheus:9090"]},
        "prometheusSecrets": [{"namespace": "trading", "name": "prom"}],
    }
    for each in chart.rendered(everything):
        labels = each["metadata"]["labels"]
        assert labels["app.kubernetes.io/name"] == "shadow-operator", each["kind"]
        assert labels["app.kubernetes.io/instance"] == "shadow-operator"
        assert labels["app.kubernetes.io/managed-by"] == "Helm"


@pytest.mark.parametrize(
    "values",
    [
        {"replicas": 0},
        {"operator": {"leaseSeconds": 1}},
        {"image": {"name": "shadow/operator"}},
        {"image": {"pullPolicy": "Sometimes"}},
        {"image": {"digest": "abc"}},
        {"watchNamespaces": "trading"},
        {"watchNamespaces": ["trading", "trading"]},
        {"watchNamespaces": ["Trading"]},
        {"operator": {"guardSeconds": 0}},
        {"operator": {"guardSeconds": 0.2}},
        {"operator": {"prometheusAllowed": ["prometheus:9090"]}},
        {"operator": {"prometheusAllowed": ["http://user:secret@prometheus:9090"]}},
        {"operator": {"guardSeconds": "1"}},
        {"operator": {"probePort": 80}},
        {"operator": {"probePort": 8081}},
        {"alerts": {"enabled": True}},
        {"prometheusSecrets": ["prom"]},
        {"alerts": {"enabled": True, "port": 8081, "tls": {"none": True}}},
        {"operator": {"logFormat": "xml"}},
        {"crds": {"enabled": False}},
        {"metrics": {"serviceMonitor": {"interval": "often"}}},
        {"resources": {"memory": "1Gi"}},
        {"networkPolicy": {"enabled": True, "dnsPorts": []}},
        {"networkPolicy": {"enabled": True, "prometheusPorts": [0]}},
    ],
    ids=str,
)
def test_a_value_that_is_wrong_is_refused(chart: Chart, values: Mapping[str, Any]) -> None:
    assert chart.refusal(values)


def test_every_value_is_explained_and_known_to_the_schema() -> None:
    text = (CHART / "values.yaml").read_text()
    schema = json.loads((CHART / "values.schema.json").read_text())

    def check(values: Mapping[str, Any], known: Mapping[str, Any]) -> None:
        for name, value in values.items():
            assert name in known, f"values.schema.json does not know {name}"
            if isinstance(value, dict) and "properties" in known[name]:
                check(value, known[name]["properties"])

    check(yaml.safe_load(text), schema["properties"])
    before = ""
    for line in text.splitlines():
        is_top = bool(line) and not line.startswith((" ", "#"))
        if is_top and not line.endswith(":"):
            assert before.startswith("#"), f"nothing explains `{line}`"
        before = line
