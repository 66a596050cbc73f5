import asyncio
import contextlib
import json

from examples.models.shadow_models.outbox import Outbox
from tests.unit.examples.predictions import logged


class Scorer:
    """Takes batches, or does not."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.error: Exception | None = None

    async def post(self, body: bytes) -> None:
        if self.error is not None:
            raise self.error
        self.batches.append([entry["bar"] for entry in json.loads(body)])


async def running(outbox: Outbox, seconds: float) -> None:
    task = asyncio.create_task(outbox.run())
    await asyncio.sleep(seconds)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_predictions_travel_in_batches_with_the_words_of_the_wire() -> None:
    scorer = Scorer()
    sent: list[bytes] = []

    async def post(body: bytes) -> None:
        sent.append(body)
        await scorer.post(body)

    outbox = Outbox(post, every=0.01)
    for bar in range(3):
        outbox.put(logged("a", bar, replay=6))
    await running(outbox, 0.1)
    assert scorer.batches == [[0, 1, 2]]
    assert json.loads(sent[0])[0] == {
        "id": "sp500-6-0",
        "rollout": "trading/momentum",
        "model": "a",
        "symbol": "sp500",
        "bar": 0,
        "pass": 6,
        "position": 1.0,
        "confidence": 0.55,
        "shadow": False,
    }


async def test_a_batch_stays_until_the_scorer_took_it() -> None:
    scorer = Scorer()
    scorer.error = ConnectionError("down")
    outbox = Outbox(scorer.post, every=0.01)
    outbox.put(logged("a", 0))
    await running(outbox, 0.05)
    assert len(outbox) == 1
    scorer.error = None
    outbox.put(logged("a", 1))
    await running(outbox, 0.05)
    assert scorer.batches == [[0, 1]]


async def test_a_full_queue_drops_and_counts_and_never_waits() -> None:
    outbox = Outbox(Scorer().post, capacity=2)
    for bar in range(5):
        outbox.put(logged("a", bar))
    assert (len(outbox), outbox.dropped) == (2, 3)


async def test_a_batch_that_is_refused_does_not_block_the_next_one() -> None:
    scorer = Scorer()
    scorer.error = ValueError("not a list of predictions")
    outbox = Outbox(scorer.post)
    outbox.put(logged("a", 0))
    await outbox.flush(1.0)
    assert (len(outbox), outbox.dropped) == (0, 1)


async def test_the_last_flush_is_bounded_in_time() -> None:
    scorer = Scorer()
    scorer.error = ConnectionError("down")
    outbox = Outbox(scorer.post, every=0.01)
    outbox.put(logged("a", 0))
    await asyncio.wait_for(outbox.flush(0.1), timeout=1.0)
    assert len(outbox) == 1
