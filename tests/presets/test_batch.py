"""What the guard reads of many rollouts at once is what it would read of each, on a real Prometheus."""

from datetime import timedelta

from shadow_operator.api.metrics import Queries
from shadow_operator.core.batch import Asked, batched, owned
from shadow_operator.core.contract import queries
from shadow_operator.core.readings import reading
from shadow_operator.metrics.prometheus import Prometheus
from tests.presets.cases import CASES
from tests.presets.recording import CHALLENGER, CHAMPION, NAMESPACE, START

_AT = START + timedelta(hours=30)
_MODELS = (CHALLENGER, CHAMPION)


async def test_figures_read_together_are_those_read_alone(prometheus: str) -> None:
    source = Prometheus(prometheus, 30.0)
    those = [Asked(NAMESPACE, case.rollout, _MODELS) for case in CASES]
    together = batched(those)
    assert len(together) < len(those)
    samples = [sample for query in together for sample in await source.instant(query, _AT)]
    found = owned((sample.labels, sample.value) for sample in samples)
    for asked in those:
        alone = [
            (sample.labels, sample.value)
            for query in queries(Queries(), NAMESPACE, asked.rollout, _MODELS)
            for sample in await source.instant(query, _AT)
        ]
        assert len(alone) >= 2 * 5
        assert reading(_AT, found[NAMESPACE, asked.rollout]) == reading(_AT, alone)
    source.close()
