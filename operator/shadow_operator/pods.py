"""Reading pods: how the check of their data ended."""

from collections import defaultdict
from collections.abc import Mapping

from shadow_operator.api.rollout import ShadowRollout
from shadow_operator.cluster import Cluster, ClusterError, Object
from shadow_operator.core import roles
from shadow_operator.core.dataset_check import CONTAINER, DatasetCheck, PodReport, checked, present_check, unknown
from shadow_operator.core.kinds import POD
from shadow_operator.core.plan import MODEL_LABEL, ROLLOUT_LABEL

_ENDED = frozenset({"Succeeded", "Failed"})


async def datasets(cluster: Cluster, rollout: ShadowRollout) -> Mapping[str, DatasetCheck]:
    """What the pods of each running model that names a dataset reported; no pod is read where none does."""
    running = roles.roles(rollout.spec, rollout.status)
    models = (rollout.spec.champion, *rollout.spec.challengers)
    named = [(model, model.dataset) for model in models if model.dataset is not None and model.name in running]
    if not named:
        return {}
    where = rollout.metadata
    try:
        found = await cluster.list(POD, where.namespace, f"{ROLLOUT_LABEL}={where.name}")
    except ClusterError as error:
        return {model.name: unknown(dataset, str(error)) for model, dataset in named}
    reports: defaultdict[str, list[PodReport]] = defaultdict(list)
    for pod in found:
        if "deletionTimestamp" not in pod["metadata"] and pod.get("status", {}).get("phase") not in _ENDED:
            reports[pod["metadata"]["labels"].get(MODEL_LABEL, "")].append(report_of(pod))
    return {model.name: checked(model, dataset, reports[model.name]) for model, dataset in named}


def report_of(pod: Object) -> PodReport:
    """How the check in one pod ended. One that is tried again has ended as it did the last time."""
    name, check = pod["metadata"]["name"], present_check(pod["spec"])
    expected = None if check is None else check.expected
    statuses: list[Object] = pod.get("status", {}).get("initContainerStatuses") or []
    status: Object = next((each for each in statuses if each["name"] == CONTAINER), {})
    ends = [status.get(state, {}).get("terminated") for state in ("state", "lastState")]
    ended = next((each for each in ends if each), None)
    if ended is None:
        return PodReport(name, expected)
    return PodReport(name, expected, ended["exitCode"], ended.get("message", "").strip())
