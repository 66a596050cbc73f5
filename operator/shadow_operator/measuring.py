"""Asks what guardrails measure by queries of their own, and lets no slow answer delay the guard's other figures."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from shadow_operator.api.guardrails import Guardrail
from shadow_operator.api.rollout import ShadowRollout
from shadow_operator.core.vitals import Vital, asks, measured, vital
from shadow_operator.fleet import Key
from shadow_operator.metrics import MetricsError, MetricSource

_log = logging.getLogger(__name__)


class Vitals:
    """The newest answers of each rollout. What is under way counts once it is there, at the next look at the latest.

    Args:
        source_of: where a rollout's figures are asked for; it is asked only of rollouts that measure.
        patience: how long a look waits for the answers.

    """

    def __init__(self, source_of: Callable[[ShadowRollout], MetricSource], patience: timedelta) -> None:
        self._source_of = source_of
        self._patience = patience.total_seconds()
        self._known: dict[Key, tuple[str, Mapping[str, Vital]]] = {}
        self._asking: dict[Key, asyncio.Task[None]] = {}

    async def of(self, key: Key, rollout: ShadowRollout, model: str) -> Mapping[str, Vital]:
        """What is known of this model by now, by the names of the guardrails."""
        if not measured(rollout.spec.guardrails):
            self._known.pop(key, None)
            return {}
        running = self._asking.get(key)
        if running is None or running.done():
            running = asyncio.create_task(self._ask(key, rollout, model), name=f"vitals of {key}")
            self._asking[key] = running
        await asyncio.wait({running}, timeout=self._patience)
        whose, known = self._known.get(key, (model, {}))
        return known if whose == model else {}

    async def _ask(self, key: Key, rollout: ShadowRollout, model: str) -> None:
        source, where, guardrails = self._source_of(rollout), rollout.metadata, rollout.spec.guardrails
        asked = asks(guardrails, rollout.spec.metrics.queries, where.namespace, where.name, model)
        named = {guardrail.name: guardrail for guardrail in guardrails}
        found = await asyncio.gather(*(_one(named[name], queries, source) for name, queries in asked.items()))
        self._known[key] = model, dict(zip(asked, found, strict=True))


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
