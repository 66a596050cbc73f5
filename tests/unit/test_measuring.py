"""What guardrails measure by queries of their own is asked beside the guard's figures, never before them."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from shadow_operator.api.rollout import ShadowRollout
from shadow_operator.core.contract import FIGURE_LABEL
from shadow_operator.fleet import Key
from shadow_operator.measuring import Vitals
from shadow_operator.metrics import MetricsError
from shadow_operator.metrics.source import Sample, Track
from tests.world.rollouts import rollout_of

_KEY = Key("trading", "momentum")
_PATIENCE = timedelta(seconds=0.05)


class StandInSource:
    """Answers when it is told to: with an error rate of a half, or not at all."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.is_down = False
        self.asked = 0

    async def instant(self, query: str, at: datetime | None = None) -> Sequence[Sample]:
        assert at is None, "the guard asks about now"
        self.asked += 1
        await self.answers.wait()
        if self.is_down:
            raise MetricsError("the stand-in can't be reached")
        figure = "errors" if "model_errors_total" in query else "predictions"
        return [Sample({FIGURE_LABEL: figure}, 100.0)]

    async def range(self, query: str, start: datetime, end: datetime, step: timedelta) -> Sequence[Track]:
        raise AssertionError(f"{query} is asked about {start} to {end} every {step}: the guard asks about now")


def watched() -> ShadowRollout:
    errors = {"name": "errors", "metric": "errorRate", "above": "1%"}
    return rollout_of({"spec.guardrails": [errors]})


async def that_know_v8() -> Vitals:
    """Vitals that were answered once, about v8, and are not answered any more."""
    source = StandInSource()
    vitals = Vitals(lambda _: source, _PATIENCE)
    source.answers.set()
    assert (await vitals.of(_KEY, watched(), "v8"))["errors"].figure == 0.5
    source.answers.clear()
    return vitals


async def test_a_slow_answer_delays_a_look_by_no_more_than_its_patience_and_counts_once_it_is_there() -> None:
    source = StandInSource()
    vitals = Vitals(lambda _: source, _PATIENCE)
    begun = time.monotonic()
    assert await vitals.of(_KEY, watched(), "v8") == {}
    assert time.monotonic() - begun < 1.0
    source.answers.set()
    found = await vitals.of(_KEY, watched(), "v8")
    assert found["errors"].figure == 0.5
    assert source.asked == 2, "what was under way was not asked again"


async def test_an_answer_about_one_model_says_nothing_of_the_next() -> None:
    vitals = await that_know_v8()
    assert await vitals.of(_KEY, watched(), "v9") == {}


async def test_who_acts_again_after_a_pause_is_measured_anew() -> None:
    vitals = await that_know_v8()
    vitals.forget_others({_KEY})
    assert (await vitals.of(_KEY, watched(), "v8"))["errors"].figure == 0.5, "it goes on acting"
    vitals.forget_others(set())
    assert await vitals.of(_KEY, watched(), "v8") == {}


async def test_an_answer_to_another_question_is_none() -> None:
    vitals = await that_know_v8()
    longer = {"name": "errors", "metric": "errorRate", "above": "1%", "over": "10m"}
    assert await vitals.of(_KEY, rollout_of({"spec.guardrails": [longer]}), "v8") == {}


async def test_what_cant_be_asked_is_unknown_and_says_why() -> None:
    source = StandInSource()
    vitals = Vitals(lambda _: source, _PATIENCE)
    source.answers.set()
    source.is_down = True
    found = (await vitals.of(_KEY, watched(), "v8"))["errors"]
    assert (found.figure, found.why_unknown) == (None, "errors: the stand-in can't be reached")
