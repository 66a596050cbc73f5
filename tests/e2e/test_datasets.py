"""Models on other data than they name, on a real kubelet: the data of one is right, of one wrong, of one excused."""

import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from examples.demo.player.api_server import api_server
from examples.demo.player.installation import Installation
from examples.demo.player.options import read_options
from examples.demo.player.tools import Tools
from shadow_operator.api.rollout import API_VERSION
from shadow_operator.dataset import Format, fingerprint
from tests.e2e.conftest import Kubectl

pytestmark = pytest.mark.timeout(600)

NAMESPACE, ROLLOUT = "datasets", "momentum"
_MOUNTED, _PRICES = "/data/prices.csv", "2026-03-02,101.5\n2026-03-03,102.25\n"
_OTHER = "sha256:v1-timeless:" + "0" * 64
_TOLD = "DatasetMismatched"
_LONGEST_SECONDS = 180.0

Object = dict[str, Any]


def manifests(image: str, expected: str) -> list[Object]:
    """A namespace that takes restricted pods only, the data, and a rollout whose models do nothing but run."""
    restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
    model = {
        "name": "model",
        "imagePullPolicy": "IfNotPresent",
        "command": ["sleep", "infinity"],
        "resources": {"requests": {"cpu": "10m"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        # A ConfigMap's directory is another one in each pod; a single file of it is the same in all.
        "volumeMounts": [{"name": "data", "mountPath": _MOUNTED, "subPath": "prices.csv"}],
    }
    pod = {
        "terminationGracePeriodSeconds": 1,
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [model],
        "volumes": [{"name": "data", "configMap": {"name": "prices"}}],
    }
    right, wrong = ({"fingerprint": each, "path": _MOUNTED} for each in (expected, _OTHER))
    registered = {"strategy": "momentum", "type": "lstm", "version": "7", "image": image, "dataset": right}
    spec = {
        "champion": {"name": "right", "modelVersionRef": {"name": "momentum-7"}},
        "challengers": [
            {"name": "wrong", "image": image, "dataset": wrong},
            {"name": "excused", "image": image, "dataset": wrong, "allowDatasetMismatch": True},
        ],
        "workload": {"template": {"spec": pod}},
        "traffic": {"gatewayAPI": {"parentRefs": [{"name": "models"}]}},
        "metrics": {"prometheus": {"address": "http://prometheus.datasets:9090"}, "capital": "100000"},
        "gates": [{"name": "mean-pnl", "test": "PairedMean"}, {"name": "data", "test": "DatasetFingerprint"}],
        "canary": {"steps": [{"percent": 10}]},
    }
    inside = {"namespace": NAMESPACE}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": restricted}},
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "prices", **inside},
            "data": {"prices.csv": _PRICES},
        },
        {
            "apiVersion": API_VERSION,
            "kind": "ModelVersion",
            "metadata": {"name": "momentum-7", **inside},
            "spec": registered,
        },
        {"apiVersion": API_VERSION, "kind": "ShadowRollout", "metadata": {"name": ROLLOUT, **inside}, "spec": spec},
    ]


@pytest.fixture(scope="module")
def world(
    kubeconfig: Path, tools: Path, kubectl: Kubectl, images: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, Object]]:
    """The rollout once every model's data was reported on, and its pods, events and ModelVersion at that time."""
    options = read_options(["--tools", str(tools), "--kubeconfig", str(kubeconfig), "--images", *images])
    with api_server(Tools(tools, kubeconfig)) as api:
        Installation(Tools(tools, kubeconfig), api, options).install_operator()
    directory = tmp_path_factory.mktemp("datasets")
    (directory / "prices.csv").write_text(_PRICES, encoding="utf-8")
    expected = fingerprint(directory / "prices.csv", Format.V1_TIMELESS)
    operator = dict(each.split("=", 1) for each in os.environ["SHADOW_IMAGES"].split())["operator"]
    path = directory / "manifests.json"
    path.write_text(
        json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests(operator, expected)}), encoding="utf-8"
    )
    try:
        kubectl("apply", "-f", str(path))
        yield settled(kubectl)
    finally:
        kubectl("-n", NAMESPACE, "delete", "sr", ROLLOUT, "--ignore-not-found", "--timeout=60s")
        kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false")


def settled(kubectl: Kubectl) -> Mapping[str, Object]:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while True:
        found = {kind: read(kubectl, kind) for kind in ("sr", "pods", "events", "mv")}
        (rollout,) = found["sr"]["items"]
        findings = {each["finding"] for each in rollout.get("status", {}).get("datasets", [])}
        told = {each["message"].split()[0] for each in found["events"]["items"] if each["reason"] == _TOLD}
        stage = found["mv"]["items"][0]["status"]["stage"]
        reported = findings == {"Matched", "Mismatched", "Allowed"} and told == {"wrong", "excused"}
        # The check is reported a moment before the model that it lets start has started.
        started = reported and all(container_of(found, model)["started"] for model in ("right", "excused"))
        if started and stage == "Production":
            return found
        assert time.monotonic() < deadline, f"after {_LONGEST_SECONDS} s: {rollout.get('status')}"
        time.sleep(1)


def read(kubectl: Kubectl, kind: str) -> Object:
    return dict(json.loads(kubectl("-n", NAMESPACE, "get", kind, "-o", "json")))


def status_of(world: Mapping[str, Object]) -> Object:
    (rollout,) = world["sr"]["items"]
    return dict(rollout["status"])


def container_of(world: Mapping[str, Object], model: str) -> Object:
    """The status of the container that serves, in the model's pod."""
    (pod,) = [
        each for each in world["pods"]["items"] if each["metadata"]["labels"].get("shadowrollouts.io/model") == model
    ]
    (status,) = pod["status"]["containerStatuses"]
    return dict(status)


def test_a_model_on_other_data_never_starts_and_the_others_do(world: Mapping[str, Object]) -> None:
    assert not container_of(world, "wrong")["started"]
    assert "waiting" in container_of(world, "wrong")["state"]
    assert container_of(world, "right")["started"]
    assert container_of(world, "excused")["started"]


def test_the_status_says_what_was_found_and_what_was_expected(world: Mapping[str, Object]) -> None:
    found = {each["model"]: each for each in status_of(world)["datasets"]}
    assert {name: each["finding"] for name, each in found.items()} == {
        "right": "Matched",
        "wrong": "Mismatched",
        "excused": "Allowed",
    }
    assert f"the data at {_MOUNTED} is sha256:v1-timeless:" in found["wrong"]["message"]
    assert f"and {_OTHER} was expected" in found["wrong"]["message"]
    (line,) = [each for each in status_of(world)["challengers"] if each["name"] == "wrong"]
    assert (line["stage"], _OTHER in line["waitingFor"]) == ("Pending", True)


def test_a_condition_and_one_event_a_model_say_it(world: Mapping[str, Object]) -> None:
    (condition,) = [each for each in status_of(world)["conditions"] if each["type"] == "DatasetsMatch"]
    assert (condition["status"], condition["reason"]) == ("False", "Mismatched")
    told = [each["message"] for each in world["events"]["items"] if each["reason"] == _TOLD]
    assert sorted(message.split()[0] for message in told) == ["excused", "wrong"]


def test_the_operators_role_is_enough_to_move_the_champions_stage(world: Mapping[str, Object]) -> None:
    (version,) = world["mv"]["items"]
    assert (version["status"]["stage"], version["status"]["rollout"]) == ("Production", ROLLOUT)
