"""The adapter against a real HTTP server that answers like a Prometheus, or does not."""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from shadow_operator.metrics import MetricsError, QueryRefusedError
from shadow_operator.metrics.prometheus import MAX_BYTES, MAX_POINTS, Prometheus, chunks

_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


def vector(*values: str, **extra: object) -> tuple[int, Any]:
    rows = [{"metric": {"n": str(n)}, "value": [1.0, value]} for n, value in enumerate(values)]
    return 200, {"status": "success", "data": {"resultType": "vector", "result": rows}} | extra


def matrix(*points: tuple[float, str]) -> tuple[int, Any]:
    rows = [{"metric": {"n": "0"}, "values": [list(point) for point in points]}]
    return 200, {"status": "success", "data": {"resultType": "matrix", "result": rows}}


@dataclass
class Answers:
    """What the server says, one answer a request, the last one again and again; a byte in `drips` seconds."""

    address: str = ""
    queue: list[tuple[int, Any]] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    drips: float = 0.0

    def next(self) -> tuple[int, Any]:
        return self.queue.pop(0) if len(self.queue) > 1 else self.queue[0]


@pytest.fixture
def answers() -> Iterator[Answers]:
    said = Answers()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            said.asked.append((self.command, self.path, {k: v[0] for k, v in parse_qs(body).items()}))
            status, content = said.next()
            text = content if isinstance(content, str) else json.dumps(content)
            self.send_response(status)
            self.send_header("Location", f"{said.address}/elsewhere")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self._write(text.encode())

        def _write(self, body: bytes) -> None:
            for piece in [body] if not said.drips else [body[at : at + 1] for at in range(len(body))]:
                self.wfile.write(piece)
                self.wfile.flush()
                time.sleep(said.drips)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    said.address = f"http://127.0.0.1:{server.server_port}"
    yield said
    server.shutdown()
    server.server_close()


@pytest.fixture
async def prometheus(answers: Answers) -> AsyncIterator[Prometheus]:
    made = Prometheus(f"{answers.address}/", timeout_seconds=2.0)
    yield made
    made.close()


async def test_a_query_is_posted_as_a_form_with_its_deadline(prometheus: Prometheus, answers: Answers) -> None:
    answers.queue = [vector("1")]
    long = " or ".join(["up"] * 3000)
    await prometheus.instant(long)
    ((method, path, form),) = answers.asked
    assert (method, path) == ("POST", "/api/v1/query")
    assert form == {"query": long, "timeout": "2000ms"}


async def test_samples_carry_their_labels(prometheus: Prometheus, answers: Answers) -> None:
    answers.queue = [vector("1.5", "-2")]
    samples = await prometheus.instant("up")
    assert [(dict(sample.labels), sample.value) for sample in samples] == [({"n": "0"}, 1.5), ({"n": "1"}, -2.0)]


async def test_what_is_no_number_is_left_out(prometheus: Prometheus, answers: Answers) -> None:
    answers.queue = [vector("NaN", "+Inf", "-Inf", "3")]
    assert [sample.value for sample in await prometheus.instant("up")] == [3.0]


async def test_a_moment_that_is_no_number_has_no_point(prometheus: Prometheus, answers: Answers) -> None:
    answers.queue = [matrix((1.0, "1"), (2.0, "NaN"), (3.0, "3"))]
    (track,) = await prometheus.range("up", _AT, _AT + 2 * _SECOND, _SECOND)
    assert list(track.points) == [(1.0, 1.0), (3.0, 3.0)]


async def test_no_series_is_an_answer(prometheus: Prometheus, answers: Answers) -> None:
    answers.queue = [vector()]
    assert list(await prometheus.instant("up")) == []


async def test_a_partial_answer_is_an_error(prometheus: Prometheus, answers: Answers) -> None:
    answers.queue = [vector("1", warnings=["store a did not answer"])]
    with pytest.raises(MetricsError, match="the answer is partial: store a did not answer"):
        await prometheus.instant("up")


async def test_an_answer_that_victoria_metrics_calls_partial_is_an_error(
    prometheus: Prometheus, answers: Answers
) -> None:
    answers.queue = [vector("1", isPartial=True)]
    with pytest.raises(MetricsError, match="the answer is partial: isPartial is true"):
        await prometheus.instant("up")


async def test_a_warning_is_not_taken_for_one_of_the_next_answer(prometheus: Prometheus, answers: Answers) -> None:
    answers.queue = [vector("1", warnings=["store a did not answer"]), vector("1")]
    assert len(await prometheus.instant("up")) == 1


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_what_may_pass_is_asked_again_once(prometheus: Prometheus, answers: Answers, status: int) -> None:
    answers.queue = [(status, "busy"), vector("1")]
    assert len(await prometheus.instant("up")) == 1
    answers.queue, answers.asked = [(status, "busy")], []
    with pytest.raises(MetricsError, match="busy"):
        await prometheus.instant("up")
    assert len(answers.asked) == 2


@pytest.mark.parametrize("status", [400, 422])
async def test_a_bad_query_is_not_asked_again(prometheus: Prometheus, answers: Answers, status: int) -> None:
    answers.queue = [(status, {"status": "error", "errorType": "bad_data", "error": "parse error at char 3"})]
    with pytest.raises(MetricsError, match="parse error at char 3"):
        await prometheus.instant("up(")
    assert len(answers.asked) == 1


async def test_what_is_no_answer_of_a_prometheus_is_an_error(prometheus: Prometheus, answers: Answers) -> None:
    answers.queue = [(200, "<html>log in</html>")]
    with pytest.raises(MetricsError, match="to the query up"):
        await prometheus.instant("up")


@pytest.mark.parametrize("content", [[], "null", {"status": "success"}, {"data": {"result": [{"metric": {}}]}}])
async def test_an_answer_of_another_form_is_an_error(prometheus: Prometheus, answers: Answers, content: Any) -> None:
    answers.queue = [(200, content)]
    with pytest.raises(MetricsError):
        await prometheus.instant("up")


async def test_nobody_is_sent_to_another_address(prometheus: Prometheus, answers: Answers) -> None:
    answers.queue = [(302, "elsewhere")]
    with pytest.raises(MetricsError, match="302"):
        await prometheus.instant("up")
    assert {method for method, _, _ in answers.asked} == {"POST"}


async def test_an_answer_that_is_too_long_is_not_read_to_its_end(prometheus: Prometheus, answers: Answers) -> None:
    answers.queue = [(200, " " * (MAX_BYTES + 1))]
    # Refused, so that what was asked for many at once is asked for each.
    with pytest.raises(QueryRefusedError, match="more than 32 MiB, which is the most that is read to the query up"):
        await prometheus.instant("up")


async def test_a_query_that_waits_for_others_ends_at_its_deadline_too(answers: Answers) -> None:
    """Eight are under way at a time: of 80 that nobody answers, the last ones would wait for ten deadlines and more."""
    answers.queue, answers.drips = [(200, " " * 100)], 0.1
    impatient = Prometheus(answers.address, timeout_seconds=0.5)
    begun = time.monotonic()
    found = await asyncio.gather(*(impatient.instant("up") for _ in range(80)), return_exceptions=True)
    assert time.monotonic() - begun < 4.0
    assert {type(each) for each in found} == {MetricsError}
    impatient.close()


async def test_an_answer_that_drips_ends_at_the_deadline(answers: Answers) -> None:
    answers.queue, answers.drips = [(200, " " * 100)], 0.1
    impatient = Prometheus(answers.address, timeout_seconds=0.5)
    begun = time.monotonic()
    with pytest.raises(MetricsError, match=r"did not answer within 0\.5s to the query up"):
        await impatient.instant("up")
    impatient.close()
    assert time.monotonic() - begun < 5


async def test_an_address_where_nobody_listens_is_named() -> None:
    nobody = Prometheus("http://127.0.0.1:9", timeout_seconds=1.0)
    with pytest.raises(MetricsError, match=r"http://127\.0\.0\.1:9 can't be reached"):
        await nobody.instant("up")
    nobody.close()


async def test_pieces_of_a_long_range_are_joined(prometheus: Prometheus, answers: Answers) -> None:
    answers.queue = [matrix((1.0, "1")), matrix((2.0, "2"))]
    (track,) = await prometheus.range("up", _AT, _AT + _SECOND * 15_000, _SECOND)
    assert [value for _, value in track.points] == [1.0, 2.0]
    forms = [form for _, _, form in answers.asked]
    assert float(forms[1]["start"]) == float(forms[0]["end"]) + 1
    assert {form["step"] for form in forms} == {"1.000"}


@pytest.mark.parametrize(
    ("points", "pieces"), [(1, 1), (MAX_POINTS, 1), (MAX_POINTS + 1, 2), (2 * MAX_POINTS, 2), (2 * MAX_POINTS + 1, 3)]
)
def test_no_piece_has_more_than_11000_points(points: int, pieces: int) -> None:
    cut = chunks(_AT, _AT + _SECOND * (points - 1), _SECOND)
    sizes = [int((last - first) / _SECOND) + 1 for first, last in cut]
    assert len(cut) == pieces
    assert max(sizes) <= MAX_POINTS
    assert sum(sizes) == points


def test_a_range_that_ends_before_it_begins_is_empty() -> None:
    assert chunks(_AT, _AT - _SECOND, _SECOND) == []
