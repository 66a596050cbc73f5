"""What the operator remembers of each rollout between two passes. It can be lost: the cluster holds what counts."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from shadow_operator.api.rollout import ShadowRollout
from shadow_operator.core.acting import ActingBook
from shadow_operator.core.comparison import Comparisons
from shadow_operator.core.guardrails import Judgement, Rollback
from shadow_operator.core.ledger import Taken
from shadow_operator.core.measurement import Measurement
from shadow_operator.core.trading import Stop


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """A rollout's place."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(slots=True)
class Memory:
    """One rollout.

    Attributes:
        rollout: the object as it was read or written last; None before the first pass.
        comparisons: the evidence, None before it was restored.
        measurement: the answers to the gates' own queries, at the newest moment of the time grid.
        acting: the book of the model under guard, None while none is.
        judgement: what the guardrails said last.
        rollback: a share that the guard took back and that the status does not know of yet.
        stop: that the guard stopped trading, which the status does not know of yet.
        unwritten: decisions that lowered a risk and could not be written into the ledger yet.
        route_lock: held around each write of the route, and around nothing else: the guard never waits for a query.
        policy_lock: held around each write of the policy, so that no pass overwrites a stop that it does not know of.
        applied: what was applied last, by kind and name, so that an unchanged object is not written in each pass.
        is_route_foreign: that somebody put a route of their own in the place of the rollout's; nobody writes over it.
        is_unfenced: that no fence stands around its models, which is asked once where the manifest has none.
        resynced_at: since when `applied` is believed; what is changed by hand is put right once it is forgotten.
        checkpointed_at: when the evidence was kept last.
        holds: the ModelVersions whose stage the rollout holds; None before that was read.
        wake: set when something happened that the next pass should not wait for.

    """

    rollout: ShadowRollout | None = None
    comparisons: Comparisons | None = None
    measurement: Measurement | None = None
    acting: ActingBook | None = None
    judgement: Judgement | None = None
    rollback: Rollback | None = None
    stop: Stop | None = None
    unwritten: list[Taken] = field(default_factory=list)
    route_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    policy_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    applied: dict[tuple[str, str], str] = field(default_factory=dict)
    is_route_foreign: bool = False
    is_unfenced: bool = False
    resynced_at: datetime | None = None
    checkpointed_at: datetime | None = None
    holds: frozenset[str] | None = None
    wake: asyncio.Event = field(default_factory=asyncio.Event)


class Fleet:
    """All rollouts that the operator looks after."""

    def __init__(self) -> None:
        self._members: dict[Key, Memory] = {}

    def of(self, key: Key) -> Memory:
        """The memory of a rollout, a new one if need be."""
        return self._members.setdefault(key, Memory())

    def known(self, key: Key) -> Memory | None:
        """The memory of a rollout, None where it was never heard of."""
        return self._members.get(key)

    def forget(self, key: Key) -> None:
        """The rollout is gone."""
        self._members.pop(key, None)

    def wake(self, key: Key) -> None:
        """Let the rollout's next pass begin now."""
        self.of(key).wake.set()

    def __iter__(self) -> Iterator[tuple[Key, Memory]]:
        return iter(list(self._members.items()))
