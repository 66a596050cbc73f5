"""Whatever others wrote, nothing crashes, nothing hangs, and what is wrong is a sentence.

The seeds are fixed, so that a failure can be repeated. What is changed is right at first, or nothing would get far.
Half of a surrogate pair is left out: the API server replaces it.
"""

import asyncio
import copy
import io
import json
import math
import random
import time
from collections import Counter
from collections.abc import Awaitable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
from pydantic import ValidationError
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from shadow_operator.api.rollout import ShadowRollout
from shadow_operator.checkpoint import kept_in
from shadow_operator.core.acting import ActingBook
from shadow_operator.core.alert import Alert, AlertError, Mistake, alerts_in
from shadow_operator.core.command import (
    COMMAND_ANNOTATION,
    COMMAND_BY_ANNOTATION,
    COMMAND_REASON_ANNOTATION,
    command_of,
)
from shadow_operator.core.contract import FIGURE_LABEL, MODEL_LABEL, Figure
from shadow_operator.core.ledger import Inputs
from shadow_operator.core.policy import next_version, policy_of
from shadow_operator.core.readings import reading, readings
from shadow_operator.metrics import MetricsError, Sample, Track
from shadow_operator.metrics.prometheus import Prometheus
from shadow_operator.reconcile import sentence
from tests.world.journeys import in_canary
from tests.world.manifests import valid_manifest
from tests.world.rollouts import as_stored

_MANY = 10_000
_AT_ONCE = 500
_SLOWEST_SECONDS = 1.0
_STRANGE: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1e308,
    float("nan"),
    10**30,
    "",
    " ",
    "0%",
    "1e5",
    "-5%",
    "99999999999999999999d",
    "{{model}}",
    '"} or vector(1) #',
    "\x00",
    "ä" * 3000,
    "a" * 100_000,
    [],
    {},
    [[]],
    {"": None},
)


def _places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in items:
        yield from _places(child, (*path, key))


def _mutated(dice: random.Random, whole: Any) -> Any:
    """The same with one to three places changed: something strange, something from elsewhere, or nothing at all."""
    made = copy.deepcopy(whole)
    for _ in range(dice.randint(1, 3)):
        places = [path for path in _places(made) if path]
        if not places:
            return dice.choice(_STRANGE)
        path = dice.choice(places)
        parent = made
        for step in path[:-1]:
            parent = parent[step]
        what = dice.random()
        if what < 0.5:
            parent[path[-1]] = copy.deepcopy(dice.choice(_STRANGE))
        elif what < 0.75:
            del parent[path[-1]]
        elif isinstance(parent, dict):
            parent[f"{path[-1]}x"] = parent.pop(path[-1])
        else:
            parent.append(copy.deepcopy(parent[path[-1]]))
    return made


def _dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - strange input, not secrets


def _timed(begun: float) -> None:
    assert time.monotonic() - begun < _SLOWEST_SECONDS, "it took too long"


def test_a_manifest_is_read_or_refused_with_a_sentence() -> None:
    dice, right, refused = _dice(1), as_stored(valid_manifest()), 0
    before = copy.deepcopy(right)
    for _ in range(_MANY):
        manifest = _mutated(dice, right)
        begun = time.monotonic()
        try:
            ShadowRollout.model_validate(manifest)
        except ValidationError as error:
            refused += 1
            said = sentence(error)
            assert ": " in said
            assert len(said) <= 1024
        _timed(begun)
    assert right == before
    assert _MANY / 2 < refused < _MANY, "most of them are wrong, and some are not"


def test_a_policy_document_is_replaced_whatever_somebody_made_of_it() -> None:
    dice, journey = _dice(2), in_canary()
    policy = policy_of("default/momentum", journey.spec, journey.status)
    document = json.loads(policy.text(7))
    for _ in range(_MANY):
        text = json.dumps(_mutated(dice, document))
        if dice.random() < 0.3:
            text = text[: dice.randrange(len(text))]
        begun = time.monotonic()
        version = next_version(policy, text)
        _timed(begun)
        assert isinstance(version, int)


def test_a_command_is_whatever_text_it_is_and_moves_nothing_that_it_does_not_name() -> None:
    dice, journey = _dice(3), in_canary()
    before = (journey.status.champion, journey.status.canary)
    alphabet = "abcdeprstuv/-0159. \n\x00ä{}%"
    for _ in range(_MANY // 10):
        text = "".join(dice.choice(alphabet) for _ in range(dice.randrange(1, 40)))
        annotations = {COMMAND_ANNOTATION: text, COMMAND_BY_ANNOTATION: text * 20, COMMAND_REASON_ANNOTATION: text * 99}
        journey.command = command_of(annotations)
        begun = time.monotonic()
        journey.look()
        _timed(begun)
        assert (journey.status.champion, journey.status.canary) == before
        assert journey.status.command is not None
        assert journey.status.command.answer.startswith("refused: ")


def test_kept_evidence_is_taken_up_or_begun_anew() -> None:
    dice = _dice(4)
    book = ActingBook("v8", "v7").to_json()
    for _ in range(_MANY):
        text = json.dumps(_mutated(dice, book))
        if dice.random() < 0.2:
            text = text[: dice.randrange(len(text))]
        begun = time.monotonic()
        kept_in({"acting.json": text, "comparisons.json": text}, "momentum-evidence")
        _timed(begun)


class Wire(HTTPAdapter):
    """Stands in for the network: what was asked by its number is answered with the bytes of that number."""

    def __init__(self, answers: Sequence[tuple[int, bytes]]) -> None:
        super().__init__()
        self._answers = answers

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        (number,) = parse_qs(str(request.body))["query"]
        status, body = self._answers[int(number)]
        raw = HTTPResponse(io.BytesIO(body), status=status, preload_content=False)
        return self.build_response(request, raw)


def _vector() -> dict[str, Any]:
    whose = {MODEL_LABEL: "v8", "instance": "a"}
    rows = [{"metric": whose | {FIGURE_LABEL: figure.value}, "value": [1772442000.5, "12.5"]} for figure in Figure]
    return {"status": "success", "data": {"resultType": "vector", "result": rows}}


def _matrix() -> dict[str, Any]:
    points = [[1772442000 + second, str(second)] for second in range(3)]
    rows = [{"metric": row["metric"], "values": points} for row in _vector()["data"]["result"]]
    return {"status": "success", "data": {"resultType": "matrix", "result": rows}}


def _tree(dice: random.Random, depth: int = 0) -> Any:
    if depth > 3 or dice.random() < 0.4:
        return copy.deepcopy(dice.choice(_STRANGE))
    if dice.random() < 0.5:
        return [_tree(dice, depth + 1) for _ in range(dice.randrange(4))]
    keys = ("status", "data", "result", "metric", "value", "values", "warnings", "")
    return {dice.choice(keys): _tree(dice, depth + 1) for _ in range(dice.randrange(4))}


def _body(dice: random.Random, right: dict[str, Any]) -> bytes:
    what = dice.random()
    if what < 0.6:
        return json.dumps(_mutated(dice, right)).encode()
    if what < 0.7:
        text = json.dumps(right).encode()
        return text[: dice.randrange(len(text))]
    if what < 0.9:
        return json.dumps(_tree(dice)).encode()
    if what < 0.92:
        bracket = dice.choice((b"[", b'{"data":', b'{"data":{"result":['))
        return bracket * dice.randrange(1, 20_000)
    return dice.randbytes(dice.randrange(300))


def _status(dice: random.Random) -> int:
    return 200 if dice.random() < 0.9 else dice.choice((204, 302, 400, 401, 403, 404, 422, 429, 500, 503))


async def _outcome(asked: Awaitable[Sequence[Sample] | Sequence[Track]]) -> str:
    """What was made of an answer: `read` if it was taken, and then everything in it can be worked with."""
    try:
        found = await asked
    except MetricsError as error:
        said = str(error)
        assert said.startswith("http://prometheus:9090 ")
        assert len(said.split()) > 3
        assert len(said) < 700
        return "refused"
    tracks = [each for each in found if isinstance(each, Track)]
    samples = [(each.labels, each.value) for each in found if isinstance(each, Sample)]
    assert all(math.isfinite(value) for _, value in samples)
    assert all(math.isfinite(value) for each in tracks for _, value in each.points)
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    for seen in (reading(now, samples), *readings((each.labels, each.points) for each in tracks)):
        seen.sampled_at("v8")
        seen.missing("v8")
    return "read"


async def test_an_answer_of_a_prometheus_is_read_or_refused_with_a_sentence() -> None:
    dice, at = _dice(6), datetime(2026, 3, 2, 9, tzinfo=UTC)
    answers = [(_status(dice), _body(dice, dice.choice((_vector(), _matrix())))) for _ in range(_MANY)]
    source = Prometheus("http://prometheus:9090", 5.0)
    source._session.mount("http://prometheus:9090", Wire(answers))
    outcomes: Counter[str] = Counter()
    for first in range(0, _MANY, _AT_ONCE):
        numbers = range(first, first + _AT_ONCE)
        asked: list[Awaitable[Sequence[Sample] | Sequence[Track]]] = [
            source.instant(str(number)) if number % 2 else source.range(str(number), at, at, timedelta(seconds=1))
            for number in numbers
        ]
        async with asyncio.timeout(_AT_ONCE * _SLOWEST_SECONDS / 8):
            outcomes.update(await asyncio.gather(*(_outcome(each) for each in asked)))
    source.close()
    assert min(outcomes["read"], outcomes["refused"]) > _MANY / 50, outcomes


def test_the_inputs_of_a_ledger_entry_are_those_that_were_packed_or_none() -> None:
    dice = _dice(5)
    for _ in range(_MANY):
        with pytest.raises(ValueError, match=r"\S"):
            Inputs.unpacked("".join(dice.choices("H4sIAAAA+/=abc \n", k=dice.randrange(200))))


def test_the_body_of_a_webhook_is_heard_or_refused_with_a_sentence_and_names_no_other_rollout() -> None:
    dice, refused, heard = _dice(5), 0, 0
    labels = {"alertname": "Broken", "namespace": "trading", "shadowrollout": "momentum", "model": "v8"}
    alert = {"status": "firing", "labels": labels, "annotations": {"summary": "broken"}, "fingerprint": "6ac5"}
    body = {"version": "4", "status": "firing", "receiver": "shadow", "alerts": [alert, copy.deepcopy(alert)]}
    for _ in range(_MANY):
        text = json.dumps(_mutated(dice, body)).encode()
        if dice.random() < 0.1:
            text = text[: dice.randrange(len(text))]
        begun = time.monotonic()
        try:
            every = alerts_in(text)
        except AlertError as error:
            refused += 1
            said = str(error)
            assert " " in said
            assert len(said) <= 1024
        else:
            found = [each for each in every if isinstance(each, Alert)]
            mistakes = [each.sentence for each in every if isinstance(each, Mistake)]
            heard += len(found)
            refused += len(mistakes)
            assert all(" " in said and len(said) <= 1024 for said in mistakes)
            assert all(0 < len(each.rollout) <= 253 and 0 < len(each.namespace) <= 253 for each in found)
            assert all(len(each.name) <= 100 for each in found)
        _timed(begun)
    assert refused > _MANY / 10
    assert heard > _MANY / 10
