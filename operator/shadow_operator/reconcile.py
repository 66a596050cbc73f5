"""One pass for one rollout: observe, evaluate, decide, act, record. Read it and you have seen the program."""

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from shadow_operator import checkpoint, telemetry
from shadow_operator.act import Act, hold_on_to, let_go, write_status
from shadow_operator.api.gate_template import GateTemplate, template_named, with_template
from shadow_operator.api.model_version import ModelStage
from shadow_operator.api.rollout import Metadata, ShadowRollout, Spec
from shadow_operator.api.status import CanaryStatus, Status
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
from shadow_operator.core.address import refusal_of_address
from shadow_operator.core.adopt import Refusal
from shadow_operator.core.command import command_of
from shadow_operator.core.dataset_check import refusal_of
from shadow_operator.core.events import Event, Reason
from shadow_operator.core.kinds import GATE_TEMPLATE, SHADOW_ROLLOUT
from shadow_operator.core.lifecycle import Registry, production_claim, stages
from shadow_operator.core.machine import Decision, decide, refuse
from shadow_operator.core.observed import GoodEntry, Observed
from shadow_operator.core.pin import asks_to_go_back, held_spec
from shadow_operator.core.registry import resolve
from shadow_operator.core.split import Split
from shadow_operator.fleet import Fleet, Key, Memory
from shadow_operator.freeze import Freeze
from shadow_operator.ledger import Retention, last_good, last_spec, pinned_entry, prune
from shadow_operator.metrics import MetricSource
from shadow_operator.notify import notify
from shadow_operator.observe import Ports, observe
from shadow_operator.registry import Registrar
from shadow_operator.settings import Settings
from shadow_operator.traffic import Router

_log = logging.getLogger(__name__)

# Objects that somebody deleted or changed by hand are put right at least this often.
_RESYNC = timedelta(minutes=1)
_AT_ONCE = timedelta(0)
_LEDGER_UNAVAILABLE = Event(
    Reason.LEDGER_UNAVAILABLE, "nothing rises until the ledger can be written; what lowers a risk goes on, and is kept"
)


class Reconciler:
    """Passes over rollouts."""

    def __init__(
        self,
        cluster: Cluster,
        router: Router,
        source_of: Callable[[ShadowRollout], MetricSource],
        fleet: Fleet,
        clock: Callable[[], datetime],
        settings: Settings,
    ) -> None:
        self._cluster = cluster
        self._router = router
        self._source_of = source_of
        self._fleet = fleet
        self._clock = clock
        self._freeze = Freeze(cluster, settings.pod_namespace)
        self._longest_wait = timedelta(seconds=settings.evaluation_seconds)
        self._longest_unkept = timedelta(seconds=settings.checkpoint_seconds)
        self._registrar = Registrar(cluster)
        self._checker = settings.operator_image
        self._allowed = settings.prometheus_allowed
        self._retention = Retention(
            settings.ledger_count, timedelta(days=settings.ledger_days), settings.ledger_archive
        )

    async def once(self, key: Key) -> timedelta | None:
        """Make one pass.

        Returns:
            When the next one is due, or None when the rollout is gone.

        Raises:
            ClusterError: the API server did not answer or did not follow; the next pass starts from what it then finds.

        """
        found = await self._cluster.get(SHADOW_ROLLOUT, key.namespace, key.name)
        if found is None:
            self._forget(key)
            return None
        if "deletionTimestamp" in found["metadata"]:
            return None
        rollout = await self._with_its_template(found)
        if not isinstance(rollout, Refusal):
            address = rollout.spec.metrics.prometheus.address
            rollout = refusal_of_address(address, self._allowed) or rollout
        if isinstance(rollout, Refusal):
            await self._guard_as_decided(key, found)
            await self._stall(found, rollout.reason, rollout.message)
            return self._longest_wait
        with telemetry.PASS_SECONDS.time():
            return await self._pass(key, found, rollout)

    async def _with_its_template(self, found: Object) -> ShadowRollout | Refusal:
        name = template_named(found)
        template = (
            None if name is None else await self._cluster.get(GATE_TEMPLATE, found["metadata"]["namespace"], name)
        )
        if name is not None and template is None:
            return Refusal(
                "GateTemplateMissing",
                f"spec.gatesFrom names GateTemplate {name}, which is not in its namespace: apply it there, or name "
                "another",
            )
        try:
            whole = found if template is None else with_template(found, GateTemplate.model_validate(template))
            return ShadowRollout.model_validate(whole)
        except ValidationError as error:
            return Refusal("SpecInvalid", sentence(error))

    async def _guard_as_decided(self, key: Key, found: Object) -> None:
        """After a restart, nobody knows the guardrails of a manifest that is not whole but the ledger."""
        memory = self._fleet.of(key)
        where, status = Metadata.model_validate(found["metadata"]), Status.model_validate(found.get("status", {}))
        spec = None if memory.rollout is not None else await last_spec(self._cluster, where, status.ledger)
        if spec is None:
            return
        rollout = ShadowRollout(metadata=where, spec=spec, status=status)
        await checkpoint.restore(self._cluster, rollout, memory)
        memory.rollout = rollout

    async def remember(self, found: Object) -> None:
        """Bring back what the guard needs of a rollout, ahead of its first pass. Nothing is written.

        Raises:
            ClusterError: the API server did not answer.
            ValidationError: what is in the cluster has not the form that it was written in; the first pass says so.

        """
        rollout = await self._with_its_template(found)
        if isinstance(rollout, Refusal):
            where = found["metadata"]
            await self._guard_as_decided(Key(where["namespace"], where["name"]), found)
            return
        route = await self._router.observed(rollout)
        if route.rollback is not None and roles.under_guard(rollout.status) not in (route.split or Split({})).weights:
            # Its share was taken back already; the first pass records that as it happened, not as it looks now.
            return
        memory = self._fleet.of(Key(rollout.metadata.namespace, rollout.metadata.name))
        await checkpoint.restore(self._cluster, rollout, memory)
        memory.rollout = rollout

    async def retire(self, key: Key) -> None:
        """The rollout is being deleted, or gone: take its route away first, then let it go and forget it."""
        found = await self._cluster.get(SHADOW_ROLLOUT, key.namespace, key.name)
        if found is not None and "deletionTimestamp" in found["metadata"]:
            # Nothing of the spec is read: one that an older release stored, and this one refuses, can go as well.
            known: dict[str, Any] = {"metadata": Metadata.model_validate(found["metadata"])}
            await let_go(self._cluster, self._router, ShadowRollout.model_construct(**known))
        try:
            await self._registrar.release(key.namespace, key.name)
        except ClusterError as error:
            _log.warning("%s: its models stay as they were until another rollout is looked at: %s", key, error)
        self._forget(key)

    async def _pass(self, key: Key, found: Object, rollout: ShadowRollout) -> timedelta:
        memory = self._fleet.of(key)
        ports = self._ports(rollout)
        rollout = await hold_on_to(self._cluster, rollout)
        if memory.comparisons is None:
            await checkpoint.restore(self._cluster, rollout, memory)
        # From here on the guard looks at it, whatever becomes of the rest of this pass.
        memory.rollout = rollout
        asked, registry = rollout.spec, await self._registry(key, rollout.spec, memory)
        good = await self._entry_to_go_back_to(rollout)
        if isinstance(good, Refusal):
            await self._stall(found, good.reason, good.message)
            return self._longest_wait
        spec = self._spec_of(rollout, registry, good)
        if isinstance(spec, Refusal):
            await self._stall(found, spec.reason, spec.message)
            return self._longest_wait
        memory.rollout = rollout = rollout.model_copy(update={"spec": spec})
        begun = self._clock()
        _resync(memory, begun)
        claim = production_claim(key.name, stages(asked, rollout.status), registry)
        observed = replace(await observe(ports, rollout, memory, begun), production=claim, good=good)
        memory.is_route_foreign = observed.route.is_foreign
        # Reading takes time. The ledger has to know the very moment that was decided at, or no replay agrees.
        now = self._clock()
        decision = decide(rollout.spec, rollout.metadata.generation, rollout.status, observed, now)
        memory.rollout = rollout = _held(rollout, decision, observed)
        if _has_stepped(rollout.status.canary, decision.status.canary):
            # A share is about to rise: a restart must not find less evidence than that was decided on.
            await checkpoint.keep(self._cluster, rollout, memory, now)
        had_a_ledger = not memory.unwritten
        try:
            after = await Act(ports, rollout, memory, observed, self._checker).carry_out(decision, now)
        except ConflictError as error:
            _log.info("%s: somebody wrote first, so this pass starts over: %s", key, error)
            return _AT_ONCE
        except (InvalidError, ForbiddenError, NotFoundError) as error:
            # Trying again would not help: somebody has to change the manifest, the operator's role, or the cluster.
            await self._stall(found, "Refused", str(error))
            return self._longest_wait
        finally:
            if memory.rollout is not rollout:
                # The decision is written down, whatever became of the rest.
                await notify(self._cluster, rollout.metadata, decision.events)
        if had_a_ledger and memory.unwritten:
            await notify(self._cluster, rollout.metadata, [_LEDGER_UNAVAILABLE])
        await self._keep(rollout, after, decision, memory, now)
        if not decision.refused:
            await self._move_stages(key, stages(asked, after.status), registry, memory)
        telemetry.show_phase(key, after.status.phase, after.status.canary_percent or 0)
        return self._next(rollout, decision.requeue_after)

    async def _keep(
        self, before: ShadowRollout, after: ShadowRollout, decision: Decision, memory: Memory, now: datetime
    ) -> None:
        """Keep the evidence after each decision and now and then, and of the ledger what is to be kept."""
        if decision.events or self._is_long_unkept(memory, now):
            await checkpoint.keep(self._cluster, after, memory, now)
        if after.status.ledger != before.status.ledger:
            await prune(self._cluster, after, self._retention, now)

    def _spec_of(self, rollout: ShadowRollout, registry: Registry, good: GoodEntry | None) -> Spec | Refusal:
        """The manifest's spec; that of the entry while the rollout is pinned to it, or can't follow the manifest."""
        spec = self._filled_in(rollout.spec, registry)
        is_held = rollout.status.pinned is not None or isinstance(spec, Refusal)
        return good.spec if good is not None and is_held else spec

    async def _entry_to_go_back_to(self, rollout: ShadowRollout) -> GoodEntry | Refusal | None:
        """The ledger entry that somebody goes back to, or went back to; None while the manifest holds."""
        pinned, command = rollout.status.pinned, command_of(rollout.metadata.annotations)
        if asks_to_go_back(command, rollout.status):
            return await last_good(self._cluster, rollout)
        if pinned is None or pinned.generation != rollout.metadata.generation:
            return None
        kept = await pinned_entry(self._cluster, rollout, pinned.entry)
        return kept or Refusal(
            "PinnedEntryMissing",
            f"{pinned.by} went back to ledger entry {pinned.entry}, which can't be read: change the manifest, and it "
            "holds again",
        )

    def _filled_in(self, asked: Spec, registry: Registry) -> Spec | Refusal:
        """The spec with the image and the dataset of each registered model, or why it can't be carried out."""
        spec = resolve(asked, registry.by_name)
        return spec if isinstance(spec, Refusal) else refusal_of(spec, self._checker) or spec

    async def _registry(self, key: Key, asked: Spec, memory: Memory) -> Registry:
        """Read what is registered, for a rollout that names such a model, or may have named one."""
        names_some = any(model.model_version_ref is not None for model in (asked.champion, *asked.challengers))
        if not names_some and memory.holds == frozenset():
            return Registry()
        try:
            registry = await self._registrar.read(key.namespace)
        except ClusterError as error:
            if names_some:
                raise
            _log.warning("%s: the registry can't be read: %s", key, error)
            return Registry()
        memory.holds = registry.held_by(key.name)
        return registry

    async def _move_stages(
        self, key: Key, wanted: Mapping[str, ModelStage], registry: Registry, memory: Memory
    ) -> None:
        """Let the registry follow the rollout. Nothing waits for it: what fails is tried again in the next pass."""
        try:
            after = await self._registrar.move(key.namespace, key.name, wanted, registry)
        except ClusterError as error:
            _log.warning("%s: the stages of its models could not be moved: %s", key, error)
            return
        if after is not registry:
            memory.holds = after.held_by(key.name)

    def _next(self, rollout: ShadowRollout, requeue_after: timedelta | None) -> timedelta:
        wait = min(rollout.spec.metrics.interval.timedelta, self._longest_wait)
        if requeue_after is not None:
            wait = min(wait, requeue_after)
        return wait * random.uniform(0.9, 1.1)  # noqa: S311 - jitter, so that a fleet does not march in step

    def _ports(self, rollout: ShadowRollout) -> Ports:
        return Ports(self._cluster, self._router, self._source_of(rollout), self._freeze)

    def _is_long_unkept(self, memory: Memory, now: datetime) -> bool:
        kept = memory.checkpointed_at
        return kept is None or now - kept >= self._longest_unkept * random.uniform(0.9, 1.0)  # noqa: S311 - jitter

    def _forget(self, key: Key) -> None:
        self._fleet.forget(key)
        telemetry.forget(key)

    async def _stall(self, found: Object, reason: str, message: str) -> None:
        """Say that the rollout can't be carried out until somebody changes something."""
        current = await self._cluster.get(SHADOW_ROLLOUT, found["metadata"]["namespace"], found["metadata"]["name"])
        if current is None:
            return
        where = Metadata.model_validate(current["metadata"])
        status = Status.model_validate(current.get("status", {}))
        decision = refuse(reason, message, where.generation, status, self._clock())
        if decision.status != status:
            await write_status(self._cluster, where, decision.status)
        await notify(self._cluster, where, decision.events)


def _has_stepped(before: CanaryStatus | None, after: CanaryStatus | None) -> bool:
    """Whether somebody gets a share, or a larger one. What is only held waits for no evidence to be kept."""
    if after is None or before is None:
        return after is not None
    return (after.challenger, after.step) != (before.challenger, before.step)


def _held(rollout: ShadowRollout, decision: Decision, observed: Observed) -> ShadowRollout:
    return rollout.model_copy(update={"spec": held_spec(rollout.spec, decision.status, observed)})


def _resync(memory: Memory, now: datetime) -> None:
    if memory.resynced_at is None or now - memory.resynced_at >= _RESYNC:
        memory.applied.clear()
        memory.resynced_at = now


def sentence(error: ValidationError) -> str:
    """What is wrong with a manifest, field by field."""
    faults = (f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors())
    return "; ".join(faults)[:1024]
