"""Making the cluster like the plan, in the order that is safe at every point at which the operator may die.

What raises a risk is written into the status first and done afterwards; what lowers one is done first.
"""

import hashlib
import json
import logging
from dataclasses import dataclass
from datetime import datetime

from shadow_operator import ledger
from shadow_operator.api.rollout import Metadata, ShadowRollout
from shadow_operator.api.status import LedgerStatus, PolicyStatus, Status
from shadow_operator.cluster import (
    Cluster,
    ClusterError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    Object,
)
from shadow_operator.core import roles
from shadow_operator.core.dataset_check import Checkers
from shadow_operator.core.fence import fence_name, fence_of, open_fence
from shadow_operator.core.kinds import CONFIG_MAP, DEPLOYMENT, NETWORK_POLICY, SERVICE, SHADOW_ROLLOUT
from shadow_operator.core.ledger import Taken
from shadow_operator.core.machine import Decision
from shadow_operator.core.observed import Observed
from shadow_operator.core.plan import (
    MANAGED_BY,
    ROLLOUT_LABEL,
    Manifest,
    Plan,
    object_name,
    plan,
)
from shadow_operator.fleet import Memory
from shadow_operator.observe import Ports
from shadow_operator.policy import bring_to_pods, write_policy
from shadow_operator.traffic import Router

_log = logging.getLogger(__name__)

# Of a ledger that is away for long, the newest decisions are written once it is back.
_MOST_UNWRITTEN = 50
FINALIZER = "shadowrollouts.io/route"


@dataclass(frozen=True, slots=True)
class Act:
    """One pass's writing; `checker` is the operator's own image, which checks the data of the models."""

    ports: Ports
    rollout: ShadowRollout
    memory: Memory
    observed: Observed
    checker: str | None = None

    async def carry_out(self, decision: Decision, now: datetime) -> ShadowRollout:
        """Make the cluster like the decision, and return the rollout with its new status.

        Raises:
            ClusterError: the API server did not follow; the next pass starts from what it then finds.

        """
        if decision.refused:
            return await self._record(self.rollout, decision.status)
        if self.observed.route.is_foreign:
            raise InvalidError(self.observed.route.message)
        desired = plan(self.rollout, decision.status, now, Checkers(self.checker, self.observed.present_checks))
        taken = Taken(self.rollout, self.observed, decision, now)
        if self._status_comes_first(desired):
            # Pods and Services move no traffic; if they are refused, nothing was promised yet.
            await self._workloads(desired)
            newest = await self._enter(taken, desired)
            recorded = await self._record(self.rollout, decision.status.model_copy(update={"ledger": newest}))
            status = await self._follow(desired, recorded.status)
        else:
            recorded = self.rollout
            status = await self._follow(desired, decision.status)
            newest = await self._enter(taken, desired)
        newest = await ledger.complete(self.ports.cluster, self.rollout, newest, now)
        return await self._record(recorded, status.model_copy(update={"ledger": newest}))

    async def _enter(self, taken: Taken, desired: Plan) -> LedgerStatus | None:
        """Write the decision into the ledger. Nothing rises without an entry, and nothing that lowers a risk waits."""
        cluster, memory, newest = self.ports.cluster, self.memory, taken.decision.status.ledger
        try:
            while memory.unwritten:
                newest = await ledger.enter(cluster, memory, memory.unwritten[0], newest)
                newest = await ledger.complete(cluster, self.rollout, newest, taken.now)
                memory.unwritten.pop(0)
            return await ledger.enter(cluster, memory, taken, newest)
        except ClusterError as error:
            if self._raises_risk(desired):
                raise
            _log.warning("%s: the ledger can't be written and will be: %s", self.rollout.metadata.name, error)
            memory.unwritten = [*memory.unwritten, taken][-_MOST_UNWRITTEN:]
            return newest

    def _status_comes_first(self, desired: Plan) -> bool:
        """Whether the intent has to be known before anything is done.

        It has to when a challenger gets more than before. And when the route carries the guard's note of a rollback:
        the note is the only record of it until the status has one, and the next write of the route takes it away.
        """
        return self.observed.route.rollback is not None or self._raises_risk(desired)

    def _raises_risk(self, desired: Plan) -> bool:
        spec, status = self.rollout.spec, self.rollout.status
        if status.stopped is not None and desired.policy.trading_enabled:
            return True
        safe = {roles.champion_of(spec, status), roles.fallback(spec, status)}
        return desired.split.raises_risk_over(self.observed.route.split, safe)

    async def _follow(self, desired: Plan, status: Status) -> Status:
        seen, fallback = self.observed.route.split, roles.fallback(self.rollout.spec, self.rollout.status)
        if seen is not None and seen.raises_risk_over(desired.split, {fallback}):
            await self._route(desired)
            await self._workloads(desired)
            await self._apply(desired.stable)
            await self._fence(desired.outside_the_fence)
            return await self._policy(desired, status)
        # A challenger knows that it acts before it gets a request, and a Service is there before the route names it.
        await self._workloads(desired)
        await self._fence(desired.outside_the_fence)
        status = await self._policy(desired, status)
        await self._apply(desired.stable)
        await self._route(desired)
        await self._prune(desired)
        return status

    async def _record(self, rollout: ShadowRollout, status: Status) -> ShadowRollout:
        if status != rollout.status:
            known = await write_status(self.ports.cluster, rollout.metadata, status)
            rollout = rollout.model_copy(update={"metadata": known, "status": status})
        self.memory.rollout = rollout
        if status.stopped is not None:
            self.memory.stop = None
        pending = self.memory.rollback
        if pending is not None and roles.under_guard(status) != pending.model:
            self.memory.rollback = None
        return rollout

    async def _route(self, desired: Plan) -> None:
        async with self.memory.route_lock:
            if self.memory.rollback is not None:
                _log.info("the route stays as the guard wrote it until the rollback is recorded")
                return
            asked = [dict(desired.split.weights), dict(desired.split.mirrors), self.rollout.spec.workload.port]
            digest = _digest({"split": asked, "traffic": self.rollout.spec.traffic.model_dump(mode="json")})
            seen = self.observed.route
            if seen.split == desired.split and seen.rollback is None and self._unchanged("HTTPRoute", "", digest):
                return
            await self.ports.router.apply(
                self.rollout, desired.split, mark=None, unless_newer_than=seen.resource_version
            )
            self.memory.applied[("HTTPRoute", "")] = digest

    async def _fence(self, outside: frozenset[str]) -> None:
        """Let these models reach a broker, and no other one; all of them where the manifest has no fence any more."""
        rollout, fence = self.rollout, self.rollout.spec.workload.fence
        if fence is not None:
            self.memory.is_unfenced = False
            await self._apply(fence_of(rollout, fence, outside))
        elif not self.memory.is_unfenced:
            if await self._has_fence():
                await self._apply(open_fence(rollout))
            self.memory.is_unfenced = True

    async def _has_fence(self) -> bool:
        where = self.rollout.metadata
        try:
            found = await self.ports.cluster.get(NETWORK_POLICY, where.namespace, fence_name(self.rollout))
        except ForbiddenError:
            # Who never had the right made none, and a rollout that asks for no fence need not wait for it.
            return False
        return found is not None and found["metadata"].get("labels", {}).get(MANAGED_BY) == "shadow-operator"

    async def _workloads(self, desired: Plan) -> None:
        # A pod is fenced before it is there. Who is let out is so only once it is written down that he acts.
        outside_before = roles.outside_the_fence(self.rollout.spec, self.rollout.status)
        await self._fence(outside_before & desired.outside_the_fence)
        for manifest in desired.workloads:
            await self._apply(manifest)

    async def _apply(self, manifest: Manifest) -> None:
        digest = _digest(dict(manifest.body))
        if not self._unchanged(manifest.kind.name, manifest.name, digest):
            await self.ports.cluster.apply(manifest.kind, dict(manifest.body))
            self.memory.applied[(manifest.kind.name, manifest.name)] = digest

    def _unchanged(self, kind: str, name: str, digest: str) -> bool:
        return self.memory.applied.get((kind, name)) == digest

    async def _policy(self, desired: Plan, status: Status) -> Status:
        """Write the policy, unless the guard stopped trading and this pass does not know of it."""
        async with self.memory.policy_lock:
            if self.memory.stop is not None and desired.policy.trading_enabled:
                _log.info("the policy stays as the guard wrote it until the stop is recorded")
                return status
            digest = _digest({"policy": desired.policy.text(0)})
            if self._unchanged("Policy", "", digest) and status.policy is not None:
                return status
            version = await write_policy(self.ports.cluster, self.rollout, desired.policy)
        await bring_to_pods(self.ports.cluster, self.rollout, version)
        self.memory.applied[("Policy", "")] = digest
        return status.model_copy(update={"policy": PolicyStatus(version=version, digest=desired.policy.digest)})

    async def _prune(self, desired: Plan) -> None:
        """Take away the workloads of models that are out of the race, once the gateway sends them nothing."""
        seen = self.observed.route.split
        if seen is None:
            return
        for name in self.observed.workloads:
            if name in desired.models or name in seen.weights or name in seen.mirrors:
                continue
            namespace, workload = self.rollout.metadata.namespace, object_name(self.rollout, name)
            for kind in (SERVICE, DEPLOYMENT):
                await self.ports.cluster.delete(kind, namespace, workload)
                self.memory.applied.pop((kind.name, workload), None)


async def write_status(cluster: Cluster, where: Metadata, status: Status) -> Metadata:
    """Write the status over the one that was read, and return the metadata of the object as it is then.

    Raises:
        ConflictError: somebody wrote the object since it was read.

    """
    document = status.model_dump(by_alias=True, exclude_none=True, mode="json")
    written = await cluster.apply_status(SHADOW_ROLLOUT, where.namespace, where.name, document, where.resource_version)
    return where.model_copy(update={"resource_version": written["metadata"]["resourceVersion"]})


async def hold_on_to(cluster: Cluster, rollout: ShadowRollout) -> ShadowRollout:
    """Ask to be told before the rollout goes, so that its route goes first."""
    if FINALIZER in rollout.metadata.finalizers:
        return rollout
    held = await _finalizers(cluster, rollout, [FINALIZER])
    return rollout.model_copy(update={"metadata": Metadata.model_validate(held["metadata"])})


async def let_go(cluster: Cluster, router: Router, rollout: ShadowRollout) -> None:
    """The rollout is being deleted: the champion serves until the route is gone, then everything may go."""
    where = rollout.metadata
    if FINALIZER not in where.finalizers:
        return
    await router.remove(rollout)
    await _delete_what_has_no_owner(cluster, rollout)
    try:
        await _finalizers(cluster, rollout, [])
    except (NotFoundError, ConflictError):
        _log.info("%s/%s was gone already", where.namespace, where.name)


async def _delete_what_has_no_owner(cluster: Cluster, rollout: ShadowRollout) -> None:
    namespace, ours = rollout.metadata.namespace, {ROLLOUT_LABEL: rollout.metadata.name, MANAGED_BY: "shadow-operator"}
    selector = ",".join(f"{label}={value}" for label, value in ours.items())
    for kind in (SERVICE, DEPLOYMENT, CONFIG_MAP):
        for found in await cluster.list(kind, namespace, selector):
            if not found["metadata"].get("ownerReferences"):
                await cluster.delete(kind, namespace, found["metadata"]["name"])


async def _finalizers(cluster: Cluster, rollout: ShadowRollout, finalizers: list[str]) -> Object:
    where = rollout.metadata
    body = {
        # The identity keeps a late write from making the object anew.
        "metadata": {"name": where.name, "namespace": where.namespace, "uid": where.uid, "finalizers": finalizers}
    }
    return await cluster.apply(SHADOW_ROLLOUT, body)


def _digest(content: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
