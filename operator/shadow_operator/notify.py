"""Telling people: events of the rollout. Telling never fails a pass."""

import logging
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime

from shadow_operator import telemetry
from shadow_operator.api.rollout import API_VERSION, KIND, Metadata
from shadow_operator.cluster import Cluster, ClusterError
from shadow_operator.core.events import Event
from shadow_operator.core.kinds import EVENT
from shadow_operator.core.moment import to_seconds_text

_log = logging.getLogger(__name__)


async def notify(cluster: Cluster, rollout: Metadata, events: Iterable[Event]) -> None:
    """Post each event, and log it."""
    for event in events:
        telemetry.DECISIONS.labels(event.reason.value).inc()
        level = logging.WARNING if event.reason.is_warning else logging.INFO
        place = f"{rollout.namespace}/{rollout.name}"
        _log.log(level, "%s: %s: %s", place, event.reason.value, event.message)
        try:
            await cluster.create(EVENT, rollout.namespace, _body(rollout, event))
        except ClusterError as error:
            _log.warning("%s: the event %s could not be posted: %s", place, event.reason.value, error)


def _body(rollout: Metadata, event: Event) -> dict[str, object]:
    now = to_seconds_text(datetime.now(UTC))
    return {
        "metadata": {
            "name": f"{rollout.name}.{uuid.uuid4().hex[:16]}",
            "namespace": rollout.namespace,
        },
        "involvedObject": {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "name": rollout.name,
            "namespace": rollout.namespace,
            "uid": rollout.uid,
        },
        "reason": event.reason.value,
        "message": event.message[:1024],
        "type": "Warning" if event.reason.is_warning else "Normal",
        "source": {"component": "shadow-operator"},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
