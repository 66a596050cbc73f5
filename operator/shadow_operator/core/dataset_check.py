"""The check of a model's data: the init container that makes it, and what its ends in the pods say together. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

from shadow_operator.api.dataset import Dataset, found_in
from shadow_operator.api.model import Model
from shadow_operator.api.rollout import Spec
from shadow_operator.api.status import DatasetFinding
from shadow_operator.core.adopt import Refusal

CONTAINER = "dataset"
_MODEL = "model"
_MESSAGE = "/dev/termination-log"
# The user of the operator's image, for a model that runs as root: the check has no need to.
_USER = 65532
# The program takes 125 MB; the samples of one file are 10 MB at most.
_RESOURCES = {"requests": {"cpu": "50m", "memory": "160Mi"}, "limits": {"memory": "320Mi"}}


def refusal_of(spec: Spec, checker: str | None) -> Refusal | None:
    """Why the data of some model could never be checked; None where all can, or none has to be.

    Args:
        spec: with the dataset of each ModelVersion in its place.
        checker: the operator's own image.

    """
    mounts = _mounts(_container(spec.workload.template))
    for model in (spec.champion, *spec.challengers):
        if model.dataset is None:
            continue
        if checker is None:
            return Refusal(
                "DatasetUncheckable",
                f"model {model.name} names a dataset, and the operator does not know its own image to check it with: "
                "set OPERATOR_IMAGE in its environment, as its chart does",
            )
        if not any(_holds(mount, model.dataset.path) for mount in mounts):
            return Refusal(
                "DatasetNotMounted",
                f"model {model.name} names a dataset at {model.dataset.path}, and no volume is mounted there: add it "
                "to the volumeMounts of the container model in spec.workload.template",
            )
    return None


def init_container(model: Model, dataset: Dataset, pod: Mapping[str, Any], checker: str) -> dict[str, Any]:
    """The container that checks the data before the model starts, in the restricted Pod Security Standard.

    It runs as the model's user, because what the model can read the check has to read.
    """
    container = _container({"spec": pod})
    mounts = [mount for mount in _mounts(container) if _holds(mount, dataset.path) or _is_below(mount, dataset.path)]
    allowed = ["--allow-mismatch"] if model.allow_dataset_mismatch else []
    made = {
        "name": CONTAINER,
        "image": checker,
        "args": ["fingerprint", dataset.path, "--expect", dataset.fingerprint, "--message-to", _MESSAGE, *allowed],
        "terminationMessagePath": _MESSAGE,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "resources": _RESOURCES,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
            **_user(container, pod),
        },
        "volumeMounts": [_read_only(mount) for mount in mounts],
    }
    if any("subPathExpr" in mount for mount in mounts):
        # Such a path is made of the container's variables.
        made["env"] = container.get("env", [])
    return made


@dataclass(frozen=True, slots=True)
class PresentCheck:
    """The check that a model's Deployment has already: of which dataset, before which image of the model, by which."""

    expected: str
    model_image: str
    checker: str


@dataclass(frozen=True, slots=True)
class Checkers:
    """Which image checks the data of a model.

    Attributes:
        own: the operator's own image; None where it does not know it.
        present: the check that each model's Deployment has already.

    """

    own: str | None = None
    present: Mapping[str, PresentCheck] = field(default_factory=dict)

    def of(self, model: Model, dataset: Dataset) -> str:
        """The image; the one that is there already while the model stays the same: an upgrade replaces no pod.

        Raises:
            LookupError: there is none.

        """
        there = self.present.get(model.name)
        if there is not None and (there.expected, there.model_image) == (dataset.fingerprint, model.image):
            return there.checker
        if self.own is None:
            raise LookupError(f"the dataset of {model.name} can't be checked without the operator's image")
        return self.own


def _user(container: Mapping[str, Any], pod: Mapping[str, Any]) -> dict[str, int]:
    contexts = (pod.get("securityContext") or {}, container.get("securityContext") or {})
    given = {key: each[key] for each in contexts for key in ("runAsUser", "runAsGroup") if key in each}
    return given if given.get("runAsUser") != 0 else given | {"runAsUser": _USER}


def _container(template: Mapping[str, Any]) -> Mapping[str, Any]:
    containers = template.get("spec", {}).get("containers", [])
    return next((each for each in containers if each.get("name") == _MODEL), {})


def _mounts(container: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return [mount for mount in container.get("volumeMounts", []) if mount.get("mountPath")]


def _holds(mount: Mapping[str, Any], path: str) -> bool:
    return PurePosixPath(path).is_relative_to(mount["mountPath"])


def _is_below(mount: Mapping[str, Any], path: str) -> bool:
    return PurePosixPath(mount["mountPath"]).is_relative_to(path)


def _read_only(mount: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in mount.items() if key != "mountPropagation"} | {"readOnly": True}


def present_check(pod: Mapping[str, Any]) -> PresentCheck | None:
    """The check in a pod's spec; None where it has none."""
    check = next((each for each in pod.get("initContainers") or [] if each["name"] == CONTAINER), None)
    if check is None:
        return None
    arguments: Sequence[str] = check.get("args", [])
    expected = next((after for word, after in pairwise(arguments) if word == "--expect"), "")
    return PresentCheck(expected, _container({"spec": pod}).get("image", ""), check["image"])


@dataclass(frozen=True, slots=True)
class PodReport:
    """How the check in one pod ended.

    Attributes:
        pod: its name.
        expected: the fingerprint that was asked for; None where the pod is of an older template and has no check.
        exit_code: None where the check has not ended yet.
        message: what it said.

    """

    pod: str
    expected: str | None
    exit_code: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class DatasetCheck:
    """What is known of one model's data.

    Attributes:
        expected: the fingerprint that it should have.
        finding: what the pods reported together.
        message: why, in a sentence that names a pod; empty where the data is what was expected.

    """

    expected: str
    finding: DatasetFinding
    message: str = ""

    @property
    def lets_advance(self) -> bool:
        """Whether the model may act on more: what is not known never advances anything."""
        return self.finding in {DatasetFinding.MATCHED, DatasetFinding.ALLOWED}


class _End(StrEnum):
    MATCHED = "Matched"
    DIFFERS = "Differs"
    FAILED = "Failed"
    OPEN = "Open"


def checked(model: Model, dataset: Dataset, reports: Iterable[PodReport]) -> DatasetCheck:
    """What the pods of a model say together; one pod with other data counts for all."""
    ends = [(_end(each, model, dataset), each) for each in reports]
    for end, finding in (
        (_End.DIFFERS, DatasetFinding.ALLOWED if model.allow_dataset_mismatch else DatasetFinding.MISMATCHED),
        (_End.FAILED, DatasetFinding.UNREADABLE),
        (_End.OPEN, DatasetFinding.PENDING),
    ):
        found = next((each for said, each in ends if said is end), None)
        if found is not None:
            return DatasetCheck(dataset.fingerprint, finding, _sentence(found, end))
    if not ends:
        return DatasetCheck(dataset.fingerprint, DatasetFinding.PENDING, "no pod has reported yet")
    return DatasetCheck(dataset.fingerprint, DatasetFinding.MATCHED)


def unknown(dataset: Dataset, why: str) -> DatasetCheck:
    """Nothing could be read of the pods."""
    return DatasetCheck(dataset.fingerprint, DatasetFinding.UNKNOWN, f"the pods can't be read: {why}"[:1024])


def _end(report: PodReport, model: Model, dataset: Dataset) -> _End:
    if report.expected != dataset.fingerprint or report.exit_code is None:
        return _End.OPEN
    found = found_in(report.message)
    if found is not None:
        return _End.MATCHED if found == dataset.fingerprint else _End.DIFFERS
    if report.exit_code != 0:
        return _End.FAILED
    # The kubelet keeps no message of a container that it has cleared away; then only a strict check has said it all.
    return _End.OPEN if model.allow_dataset_mismatch else _End.MATCHED


def _sentence(report: PodReport, end: _End) -> str:
    if end is _End.OPEN:
        return f"pod {report.pod} has not reported yet"
    said = report.message or f"its check ended with exit code {report.exit_code}"
    return f"pod {report.pod}: {said}"[:1024]
