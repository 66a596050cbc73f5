"""The policy document in the cluster: written, and brought to the pods at once."""

from shadow_operator.api.rollout import ShadowRollout
from shadow_operator.cluster import Cluster, NotFoundError
from shadow_operator.core.kinds import CONFIG_MAP, POD
from shadow_operator.core.plan import POLICY_ANNOTATION, POLICY_FILE, ROLLOUT_LABEL, object_name, policy_manifest
from shadow_operator.core.policy import Policy, next_version


async def write_policy(cluster: Cluster, rollout: ShadowRollout, policy: Policy) -> int:
    """Write the policy, and return the version that the document has now."""
    found = await cluster.get(CONFIG_MAP, rollout.metadata.namespace, object_name(rollout, "policy"))
    current = None if found is None else found.get("data", {}).get(POLICY_FILE)
    version = next_version(policy, current)
    if current != policy.text(version):
        manifest = policy_manifest(rollout, policy, version)
        await cluster.apply(manifest.kind, dict(manifest.body))
    return version


async def bring_to_pods(cluster: Cluster, rollout: ShadowRollout, version: int) -> None:
    """Touch the pods that were not yet: a mounted ConfigMap follows in a minute by itself, then within .3 s."""
    namespace = rollout.metadata.namespace
    for pod in await cluster.list(POD, namespace, f"{ROLLOUT_LABEL}={rollout.metadata.name}"):
        if pod["metadata"].get("annotations", {}).get(POLICY_ANNOTATION) == str(version):
            continue
        patch = {"metadata": {"annotations": {POLICY_ANNOTATION: str(version)}}}
        try:
            await cluster.merge(POD, namespace, pod["metadata"]["name"], patch)
        except NotFoundError:
            continue
