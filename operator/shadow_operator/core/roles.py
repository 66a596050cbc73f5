"""Which model acts, and in what role, as the status says. One place answers it for route, policy and workloads."""

from collections.abc import Mapping
from enum import StrEnum

from shadow_operator.api.rollout import Spec
from shadow_operator.api.status import ChallengerStatus, Stage, Status
from shadow_operator.core.split import WHOLE, Split


class Role(StrEnum):
    """What a model may do with its predictions."""

    CHAMPION = "champion"
    CANARY = "canary"
    SHADOW = "shadow"
    STANDBY = "standby"

    @property
    def acts(self) -> bool:
        """Whether predictions of a model in this role are acted on."""
        return self in {Role.CHAMPION, Role.CANARY}


SHADOWING = frozenset({Stage.PENDING, Stage.SHADOW})
UNFINISHED = SHADOWING | {Stage.CANARY}


def champion_of(spec: Spec, status: Status) -> str:
    """The one champion: the status has it, since a promotion is never written into the spec."""
    return spec.champion.name if status.champion is None else status.champion.name


def champion_name(status: Status) -> str | None:
    """The champion that the status names, None before there is one."""
    return None if status.champion is None else status.champion.name


def canary_percent(spec: Spec, status: Status) -> int:
    """The share of the real requests, in percent, that the canary has now; 0 without one."""
    if status.canary is None:
        return 0
    steps = spec.canary.steps
    return steps[min(status.canary.step, len(steps)) - 1].percent


def acting_share(spec: Spec, status: Status) -> float:
    """The fraction of the real requests that the model under guard acts on."""
    return canary_percent(spec, status) / WHOLE if status.canary else 1.0


def under_guard(status: Status) -> str | None:
    """The model whose figures the guardrails watch: the canary, or a new champion until its watch is over."""
    if status.canary is not None:
        return status.canary.challenger
    if status.watch is not None and status.watch.completed is None and status.champion is not None:
        return status.champion.name
    return None


def rival_of(spec: Spec, status: Status) -> str:
    """Whom the model under guard is compared with: the champion, or after a promotion the standby."""
    if status.canary is None and status.watch is not None:
        return status.watch.standby
    return champion_of(spec, status)


def roles(spec: Spec, status: Status) -> Mapping[str, Role]:
    """The role of every model that runs and has one."""
    assigned = {champion_of(spec, status): Role.CHAMPION}
    if status.watch is not None:
        assigned.setdefault(status.watch.standby, Role.STANDBY)
    for challenger in status.challengers:
        if challenger.stage in SHADOWING:
            assigned.setdefault(challenger.name, Role.SHADOW)
    if status.canary is not None:
        assigned[status.canary.challenger] = Role.CANARY
    return assigned


def outside_the_fence(spec: Spec, status: Status) -> frozenset[str]:
    """The models that may reach a broker: those that act, and the standby, which acts at once after a rollback."""
    assigned = roles(spec, status).items()
    return frozenset(name for name, role in assigned if role.acts or role is Role.STANDBY)


def split(spec: Spec, status: Status) -> Split:
    """The shares that the status asks for: the champion's, the canary's, and a copy for each model in shadow.

    After a promotion the standby gets a copy of everything, so that the new champion can be compared with it.
    """
    percent = canary_percent(spec, status)
    weights = {champion_of(spec, status): WHOLE - percent}
    if status.canary is not None:
        weights[status.canary.challenger] = percent
    mirrors = {
        name: WHOLE if role is Role.STANDBY else spec.mirror_percent(name)
        for name, role in roles(spec, status).items()
        if not role.acts
    }
    return Split(weights, mirrors)


def fallback(spec: Spec, status: Status) -> str:
    """The model that a rollback gives everything to: the champion, or after a promotion the standby."""
    return status.watch.standby if status.canary is None and status.watch is not None else champion_of(spec, status)


def without_challenger(spec: Spec, status: Status) -> Split:
    """The shares of a rollback: all to the fallback; mirrors as they are."""
    safe = fallback(spec, status)
    mirrors = {name: percent for name, percent in split(spec, status).mirrors.items() if name != safe}
    return Split({safe: WHOLE}, mirrors)


def unfinished(status: Status) -> list[ChallengerStatus]:
    """The challengers that can still become champion."""
    return [challenger for challenger in status.challengers if challenger.stage in UNFINISHED]
