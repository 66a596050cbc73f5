"""Models that name a dataset, and pods that reported what they found."""

from typing import Any

from shadow_operator.api.dataset import report
from shadow_operator.api.model import Model
from shadow_operator.core.dataset_check import DatasetCheck, PodReport, checked
from tests.world.rollouts import spec_of

EXPECTED, OTHER = (f"sha256:v1:{digit * 64}" for digit in "01")
CHECKER = "shadow/operator:1"
PATH = "/data/prices"
DATASET = {"fingerprint": EXPECTED, "path": PATH}
MOUNTED = {
    "workload.template.spec": {
        "containers": [{"name": "model", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}],
        "volumes": [{"name": "data", "hostPath": {"path": "/srv/data"}}],
    },
}


def naming(*fields: str, **model: Any) -> dict[str, Any]:
    """The edits of a spec by which the models at these fields name the dataset, as in challengers[0]."""
    given = {"dataset": DATASET} | model
    return MOUNTED | {f"{field}.{key}": value for field in fields for key, value in given.items()}


def in_spec(edits: dict[str, Any]) -> dict[str, Any]:
    """Edits of a spec, as edits of a manifest."""
    return {f"spec.{path}": value for path, value in edits.items()}


def model_with_data(**model: Any) -> Model:
    return spec_of(naming("champion", **model)).champion


def reported(pod: str, found: str | None) -> PodReport:
    """A pod that found this, or that has yet to report."""
    if found is None:
        return PodReport(pod, EXPECTED)
    return PodReport(pod, EXPECTED, int(found != EXPECTED), report(PATH, found, EXPECTED))


def check_of(*found: str | None, **model: Any) -> DatasetCheck:
    """What the pods of a model say together, a pod for each fingerprint."""
    asked = model_with_data(**model)
    assert asked.dataset is not None
    return checked(asked, asked.dataset, [reported(f"pod-{number}", each) for number, each in enumerate(found)])
