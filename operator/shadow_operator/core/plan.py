"""From the status to the objects that the cluster should hold. Pure: the same status gives the same objects."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shadow_operator.api.model import Model
from shadow_operator.api.rollout import API_VERSION, GROUP, KIND, ShadowRollout
from shadow_operator.api.status import Stage, Status
from shadow_operator.core import dataset_check, roles
from shadow_operator.core.dataset_check import Checkers
from shadow_operator.core.kinds import CONFIG_MAP, DEPLOYMENT, SERVICE, Kind
from shadow_operator.core.moment import from_text
from shadow_operator.core.policy import Policy, policy_of
from shadow_operator.core.split import Split

ROLLOUT_LABEL = f"{GROUP}/rollout"
MODEL_LABEL = f"{GROUP}/model"
MANAGED_BY = "app.kubernetes.io/managed-by"
POLICY_ANNOTATION = f"{GROUP}/policy-version"
CONTAINER = "model"
POLICY_DIRECTORY = "/etc/shadow-rollout"
POLICY_FILE = "policy.json"

# Connections drain before the pods of a model that is out of the race go.
_KEPT_AFTER_THE_RACE = timedelta(seconds=30)
_NO_CHECKERS = Checkers()
_OUT_OF_THE_RACE = frozenset({Stage.REJECTED, Stage.ROLLED_BACK, Stage.NOT_PROMOTED})


@dataclass(frozen=True, slots=True)
class Manifest:
    """One object as the cluster should hold it."""

    kind: Kind
    body: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The object's name."""
        return str(self.body["metadata"]["name"])


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that one rollout should have in the cluster.

    Attributes:
        split: the shares of the traffic.
        policy: what the models may do.
        workloads: Deployments and Services of the models.
        stable: the Service that always points at the champion.
        models: the models that have a workload; the workload of any other one can go.
        outside_the_fence: the models that may reach a broker.

    """

    split: Split
    policy: Policy
    workloads: Sequence[Manifest]
    stable: Manifest
    models: frozenset[str]
    outside_the_fence: frozenset[str]


def plan(rollout: ShadowRollout, status: Status, now: datetime, checkers: Checkers = _NO_CHECKERS) -> Plan:
    """Plan the objects for `status`.

    Args:
        rollout: the rollout.
        status: where it stands.
        now: the time.
        checkers: the images in which the data of the models is checked.

    Raises:
        LookupError: a model names a dataset and there is no image to check it with.

    """
    models = _running(rollout, status, now)
    champion = roles.champion_of(rollout.spec, status)
    workloads: list[Manifest] = []
    for model in models:
        described = lasting_metadata if model.name == champion else metadata
        name = object_name(rollout, model.name)
        labelled = described(rollout, name, **{MODEL_LABEL: model.name})
        workloads.append(_deployment(rollout, model, labelled, checkers))
        workloads.append(_service(rollout, model.name, described(rollout, name, **{MODEL_LABEL: model.name})))
    stable = lasting_metadata(rollout, object_name(rollout, "champion"), **{MODEL_LABEL: champion})
    return Plan(
        split=roles.split(rollout.spec, status),
        policy=policy_of(f"{rollout.metadata.namespace}/{rollout.metadata.name}", rollout.spec, status),
        workloads=workloads,
        stable=_service(rollout, champion, stable),
        models=frozenset(model.name for model in models),
        outside_the_fence=roles.outside_the_fence(rollout.spec, status),
    )


def object_name(rollout: ShadowRollout, suffix: str) -> str:
    """The name of one of the rollout's objects: `<rollout>-<model>`, `<rollout>-champion`, `<rollout>-policy`."""
    return f"{rollout.metadata.name}-{suffix}"


def metadata(rollout: ShadowRollout, name: str, **labels: str) -> dict[str, Any]:
    """Metadata of an object that belongs to the rollout and goes with it."""
    owner = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": rollout.metadata.name,
        "uid": rollout.metadata.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }
    return {**lasting_metadata(rollout, name, **labels), "ownerReferences": [owner]}


def lasting_metadata(rollout: ShadowRollout, name: str, **labels: str) -> dict[str, Any]:
    """Metadata of what the champion serves with.

    It has no owner, because a deletion in the foreground takes all that is owned at once, and the champion has to serve
    until the route is gone. `let_go` deletes it then.
    """
    return {
        "name": name,
        "namespace": rollout.metadata.namespace,
        "labels": {ROLLOUT_LABEL: rollout.metadata.name, MANAGED_BY: "shadow-operator", **labels},
    }


def policy_manifest(rollout: ShadowRollout, policy: Policy, version: int) -> Manifest:
    """The ConfigMap that every model of the rollout mounts."""
    body = {
        "metadata": lasting_metadata(rollout, object_name(rollout, "policy")),
        "data": {POLICY_FILE: policy.text(version)},
    }
    return Manifest(CONFIG_MAP, body)


def _running(rollout: ShadowRollout, status: Status, now: datetime) -> list[Model]:
    names = set(roles.roles(rollout.spec, status))
    for challenger in status.challengers:
        is_draining = now - from_text(challenger.since) < _KEPT_AFTER_THE_RACE
        if challenger.stage in _OUT_OF_THE_RACE and is_draining:
            names.add(challenger.name)
    found = (rollout.spec.model(name) for name in sorted(names))
    return [model for model in found if model is not None]


def _selector(rollout: ShadowRollout, model: str) -> dict[str, str]:
    return {ROLLOUT_LABEL: rollout.metadata.name, MODEL_LABEL: model}


def _service(rollout: ShadowRollout, model: str, described: Mapping[str, Any]) -> Manifest:
    port = rollout.spec.workload.port
    body = {
        "metadata": described,
        "spec": {
            "selector": _selector(rollout, model),
            "ports": [{"name": "http", "port": port, "targetPort": port, "protocol": "TCP"}],
        },
    }
    return Manifest(SERVICE, body)


def _deployment(rollout: ShadowRollout, model: Model, described: Mapping[str, Any], checkers: Checkers) -> Manifest:
    replicas = model.replicas or rollout.spec.workload.replicas
    body = {
        "metadata": described,
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": _selector(rollout, model.name)},
            # A model never has fewer pods than asked for while they are replaced.
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": _template(rollout, model, checkers),
        },
    }
    return Manifest(DEPLOYMENT, body)


def _template(rollout: ShadowRollout, model: Model, checkers: Checkers) -> dict[str, Any]:
    template = copy.deepcopy(rollout.spec.workload.template)
    labels = template.setdefault("metadata", {}).setdefault("labels", {})
    labels.update({**_selector(rollout, model.name), MANAGED_BY: "shadow-operator"})
    spec = template.setdefault("spec", {})
    containers = spec.setdefault("containers", [])
    container = next((c for c in containers if c.get("name") == CONTAINER), None)
    if container is None:
        container = {"name": CONTAINER}
        containers.insert(0, container)
    _complete(container, rollout, model)
    volumes = [volume for volume in spec.get("volumes", []) if volume.get("name") != "policy"]
    # Optional, because a pod may start in the moment before the policy is there: a model without one acts on nothing.
    policy = {"name": "policy", "configMap": {"name": object_name(rollout, "policy"), "optional": True}}
    spec["volumes"] = [*volumes, policy]
    _check_the_data(spec, model, checkers)
    return template


def _check_the_data(pod: dict[str, Any], model: Model, checkers: Checkers) -> None:
    """Let the check go right before the model: what the pod's own init containers bring along is checked as well."""
    if model.dataset is None:
        return
    check = dataset_check.init_container(model, model.dataset, pod, checkers.of(model, model.dataset))
    others = [each for each in pod.get("initContainers", []) if each.get("name") != dataset_check.CONTAINER]
    pod["initContainers"] = [*others, check]


def _complete(container: dict[str, Any], rollout: ShadowRollout, model: Model) -> None:
    container["image"] = model.image
    own = {"command": model.command, "args": model.args, "resources": model.resources}
    container.update({key: value for key, value in own.items() if value is not None})
    port = rollout.spec.workload.port
    ports = container.setdefault("ports", [])
    if not any(known.get("containerPort") == port for known in ports):
        ports.append({"name": "http", "containerPort": port, "protocol": "TCP"})
    mounts = [mount for mount in container.get("volumeMounts", []) if mount.get("name") != "policy"]
    container["volumeMounts"] = [*mounts, {"name": "policy", "mountPath": POLICY_DIRECTORY, "readOnly": True}]
    container["env"] = _environment(container.get("env", []), rollout, model)


def _environment(common: Sequence[Mapping[str, Any]], rollout: ShadowRollout, model: Model) -> list[dict[str, Any]]:
    own = [variable.model_dump(by_alias=True, exclude_none=True) for variable in model.env]
    given = [
        {"name": "SHADOW_ROLLOUT", "value": f"{rollout.metadata.namespace}/{rollout.metadata.name}"},
        {"name": "MODEL_NAME", "value": model.name},
        {"name": "SHADOW_POLICY_PATH", "value": f"{POLICY_DIRECTORY}/{POLICY_FILE}"},
    ]
    merged: dict[str, dict[str, Any]] = {}
    for variable in (*common, *own, *given):
        merged[variable["name"]] = dict(variable)
    return list(merged.values())
