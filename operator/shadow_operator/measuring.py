"""Asks what guardrails measure by queries of their own, and lets no slow answer delay the guard's other figures."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from shadow_operator.api.guardrails import Guardrail
from shadow_operator.api.rollout import ShadowRollout
from shadow_operator.core.guardrails import JUDGEMENT_LASTS
from shadow_operator.core.vitals import Vital, asks, measured, vital
from shadow_operator.fleet import Key
from shadow_operator.metrics import MetricsError, MetricSource

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Known:
    """Answers, of whom, for which guardrails, and when they were asked for."""

    model: str
    guardrails: Sequence[Guardrail]
    asked_at: float
    vitals: Mapping[str, Vital]

    def is_of(self, model: str, guardrails: Sequence[Guardrail]) -> bool:
        """Whether they say something of this model now."""
        is_new = time.monotonic() - self.asked_at <= JUDGEMENT_LASTS.total_seconds()
        return is_new and self.model == model and list(self.guardrails) == list(guardrails)


class Vitals:
    """The newest answers of each rollout. What is under way counts once it is there, at the next look at the latest.

    Args:
        source_of: where a rollout's figures are asked for; it is asked only of rollouts that measure.
        patience: how long a look waits for the answers.

    """

    def __init__(self, source_of: Callable[[ShadowRollout], MetricSource], patience: timedelta) -> None:
        self._source_of = source_of
        self._patience = patience.total_seconds()
        self._known: dict[Key, _Known] = {}
        self._asking: dict[Key, asyncio.Task[None]] = {}

    def forget_others(self, keys: Collection[Key]) -> None:
        """Forget what is known of all but these: who acts again later is measured anew."""
        for key in self._asking.keys() - keys:
            self._asking.pop(key).cancel()
            self._known.pop(key, None)

    async def of(self, key: Key, rollout: ShadowRollout, model: str) -> Mapping[str, Vital]:
        """What is known of this model by now, by the names of the guardrails."""
        if not measured(rollout.spec.guardrails):
            return {}
        running = self._asking.get(key)
        if running is None or running.done():
            running = asyncio.create_task(self._ask(key, rollout, model), name=f"vitals of {key}")
            self._asking[key] = running
        await asyncio.wait({running}, timeout=self._patience)
        known = self._known.get(key)
        return known.vitals if known is not None and known.is_of(model, rollout.spec.guardrails) else {}

    async def _ask(self, key: Key, rollout: ShadowRollout, model: str) -> None:
        source, where, guardrails = self._source_of(rollout), rollout.metadata, rollout.spec.guardrails
        asked_at = time.monotonic()
        asked = asks(guardrails, rollout.spec.metrics.queries, where.namespace, where.name, model)
        named = {guardrail.name: guardrail for guardrail in guardrails}
        found = await asyncio.gather(*(_one(named[name], queries, source) for name, queries in asked.items()))
        self._known[key] = _Known(model, guardrails, asked_at, dict(zip(asked, found, strict=True)))


async def _one(guardrail: Guardrail, queries: Sequence[str], source: MetricSource) -> Vital:
    """One guardrail. That it can't be asked makes it unknown, and takes no other along."""
    try:
        answers = await asyncio.gather(*(source.instant(query) for query in queries))
    except MetricsError as error:
        return Vital(None, f"{guardrail.name}: {error}")
    except Exception as error:  # noqa: BLE001 - whatever it ran into, what it measures is unknown
        _log.exception("%s could not be measured", guardrail.name)
        return Vital(None, f"{guardrail.name}: {error!r}")
    return vital(guardrail, ((sample.labels, sample.value) for answer in answers for sample in answer))
