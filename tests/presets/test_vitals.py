"""Guardrails that measure by queries of their own find their figures on a real Prometheus."""

from datetime import timedelta

import pytest

from shadow_operator.api.guardrails import Guardrail
from shadow_operator.api.metrics import Queries
from shadow_operator.core.vitals import asks, vital
from shadow_operator.metrics.prometheus import Prometheus
from tests.presets.cases import CASES
from tests.presets.recording import CHALLENGER, NAMESPACE, START

_AT = START + timedelta(hours=30)
_RAILS = {
    "errors": ({"metric": "errorRate", "above": "50%"}, 0.0, 0.5),
    "latency": ({"metric": "latency", "above": "5s"}, 0.0001, 5.0),
    "restarts": ({"metric": "restarts", "above": "100"}, 0.0, 100.0),
    "drift": ({"metric": "psi", "above": "10"}, 0.0, 10.0),
}


@pytest.mark.parametrize("name", _RAILS)
async def test_a_guardrail_finds_its_figure(prometheus: str, name: str) -> None:
    said, least, most = _RAILS[name]
    guardrail = Guardrail.model_validate({"name": name, "over": "3h", **said})
    source = Prometheus(prometheus, 30.0)
    found = []
    for case in CASES:
        asked = asks([guardrail], Queries(), NAMESPACE, case.rollout, CHALLENGER)[name]
        samples = [(sample.labels, sample.value) for query in asked for sample in await source.instant(query, _AT)]
        found.append(vital(guardrail, samples))
    known = [each.figure for each in found if each.figure is not None]
    assert known, [each.why_unknown for each in found]
    assert all(least <= figure <= most for figure in known)
    source.close()


async def test_a_series_that_is_not_there_is_unknown(prometheus: str) -> None:
    guardrail = Guardrail.model_validate({"name": "errors", "metric": "errorRate", "above": "1%"})
    source = Prometheus(prometheus, 30.0)
    (query, _) = asks([guardrail], Queries(), NAMESPACE, "no-such-rollout", CHALLENGER)["errors"]
    answer = vital(guardrail, [(sample.labels, sample.value) for sample in await source.instant(query, _AT)])
    assert (answer.figure, "there is no series" in answer.why_unknown) == (None, True)
    source.close()
