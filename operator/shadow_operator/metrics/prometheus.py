"""Prometheus, through prometheus-api-client, with what that library lacks made up for here and nowhere else.

It blocks, so it runs in threads of its own; it drops the warnings that say that an answer is partial, so they are kept;
it sends long queries in the URL, so they are posted as a form; it turns "NaN" into a number, so that is left out.
"""

import asyncio
import io
import itertools
import math
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

import requests
import urllib3
from prometheus_api_client.exceptions import PrometheusApiClientException
from prometheus_api_client.prometheus_connect import PrometheusConnect
from urllib3.util.retry import Retry

from shadow_operator.core.headers import Headers
from shadow_operator.core.moment import is_moment
from shadow_operator.metrics.source import MetricsError, QueryRefusedError, Sample, Track

# Prometheus refuses more points than this in one answer (web/api/v1, "exceeded maximum resolution of 11,000 points").
MAX_POINTS = 11_000
# A thousand models with a hundred series each come to about 20 MiB.
MAX_BYTES = 32 << 20
_PIECE = 64 << 10
_PARTIAL = (b"warnings", b"isPartial")
_ATTEMPTS = 2
_THREADS = 8
_RETRY_SECONDS = 0.2
# What reading an answer runs into that is JSON, or nearly, and of another form; the last one by thousands of brackets.
_NO_RESULT = (TypeError, KeyError, IndexError, AttributeError, RecursionError)


_Series = TypeVar("_Series", Sample, Track)


class _TooLargeError(ValueError):
    """The answer is larger than what is read."""


class _Session(requests.Session):
    """Posts queries as a form, reads no more than it has to, and keeps the warnings of each thread's last answer."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        self._heard = threading.local()
        self.secret = Headers()

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        if method == "POST":
            kwargs["data"] = kwargs.pop("params", None)
        # Not in `headers` of the session, which its repr and its errors may show.
        kwargs["headers"] = {**(kwargs.get("headers") or {}), **self.secret.values}
        # Whoever answers may not send the operator to an address that nobody allowed.
        kwargs |= {"allow_redirects": False, "stream": True}
        begun = time.monotonic()
        response = super().request(method, url, *args, **kwargs)
        body = self._whole(response, begun)
        response.raw = io.BytesIO(body)
        # Read twice only where it may say so: whatever reads an answer keeps the guard waiting.
        self._heard.warnings = _warnings(response) if any(name in body for name in _PARTIAL) else []
        return response

    def _whole(self, response: requests.Response, begun: float) -> bytes:
        """The body. The library's deadline is for each piece of it, and it reads whatever comes."""
        body = bytearray()
        try:
            # What has come, and not a whole piece: that would be waited for beyond every deadline.
            while piece := response.raw.read1(_PIECE, decode_content=True):
                body += piece
                if len(body) > MAX_BYTES:
                    raise _TooLargeError(f"more than {MAX_BYTES >> 20} MiB, which is the most that is read")
                if time.monotonic() - begun > self._seconds:
                    raise requests.Timeout
        except urllib3.exceptions.ReadTimeoutError as error:
            raise requests.Timeout from error
        except urllib3.exceptions.HTTPError as error:
            raise requests.ConnectionError(error) from error
        finally:
            # A body that was read to its end has given its connection back already; any other one is of no more use.
            response.close()
        return bytes(body)

    def warnings(self) -> list[str]:
        """The warnings of this thread's last answer."""
        return list(getattr(self._heard, "warnings", []))


class Identity(Protocol):
    """As whom a Prometheus is asked."""

    async def current(self) -> Headers:
        """The headers that go with the next query. Raises MetricsError where they can't be had."""
        ...

    def refused(self) -> None:
        """They were not taken."""
        ...


class Prometheus:
    """One Prometheus. Every call has a deadline and one retry."""

    def __init__(self, address: str, timeout_seconds: float, identity: Identity | None = None) -> None:
        self._session = _Session(timeout_seconds)
        self._identity = identity
        self._address = address
        self._timeout = timeout_seconds
        self._client = PrometheusConnect(
            url=address.rstrip("/"),
            session=self._session,
            # Retries are ours: the library's know neither the deadline nor a POST.
            retry=Retry(total=0),
            # Annotated as int there, and handed to requests, which takes fractions.
            timeout=timeout_seconds,  # type: ignore[arg-type]
            method="POST",
        )
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="prometheus")

    def close(self) -> None:
        """Give the connections back."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    async def instant(self, query: str, at: datetime | None = None) -> Sequence[Sample]:
        """The samples at a moment, the newest without one. Raises MetricsError where they can't be had whole."""
        moment = {} if at is None else {"time": f"{at.timestamp():.3f}"}
        asked = {**self._parameters(), **moment}
        return await self._ask(query, lambda: _samples(self._client.custom_query(query, params=asked)))

    async def range(self, query: str, start: datetime, end: datetime, step: timedelta) -> Sequence[Track]:
        """The series from `start` to `end`, both included, in as many pieces as the limit of points asks for."""
        pieces = [await self._piece(query, first, last, step) for first, last in chunks(start, end, step)]
        return _joined(pieces)

    async def _piece(self, query: str, start: datetime, end: datetime, step: timedelta) -> list[Track]:
        seconds = f"{step.total_seconds():.3f}"
        # The library rounds both ends to whole seconds; given again, they stand as they are.
        ends = {"start": f"{start.timestamp():.3f}", "end": f"{end.timestamp():.3f}"}
        asked = {**self._parameters(), **ends}
        return await self._ask(
            query,
            lambda: _tracks(self._client.custom_query_range(query, start, end, seconds, params=asked)),
        )

    def _parameters(self) -> dict[str, str]:
        # Whole milliseconds: Prometheus parses no fractions of a unit.
        return {"timeout": f"{self._timeout * 1000:.0f}ms"}

    async def _ask(self, query: str, call: Callable[[], list[_Series]]) -> list[_Series]:
        loop = asyncio.get_running_loop()
        if self._identity is not None:
            self._session.secret = await self._identity.current()
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                # Also while it waits for a thread: those of others may hang.
                async with asyncio.timeout(self._timeout + _RETRY_SECONDS):
                    return await loop.run_in_executor(self._threads, self._answer, call)
            except (requests.RequestException, PrometheusApiClientException, ValueError, TimeoutError) as error:
                # None of these has its cause: in it whoever was asked may repeat what was sent.
                if self._identity is not None and _is_unknown(error):
                    self._identity.refused()
                    raise MetricsError(self._why(query, error)) from None
                if not _may_pass(error):
                    raise QueryRefusedError(self._why(query, error)) from None
                if attempt == _ATTEMPTS:
                    raise MetricsError(self._why(query, error)) from None
            await asyncio.sleep(_RETRY_SECONDS * (1 + random.random()))  # noqa: S311 - jitter
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _why(self, query: str, error: Exception) -> str:
        match error:
            case requests.Timeout() | TimeoutError():
                return f"{self._address} did not answer within {self._timeout:g}s to the query {_shortened(query)}"
            case requests.ConnectionError():
                return f"{self._address} can't be reached"
            case _:
                # Whoever answers may repeat what was sent.
                said = self._session.secret.redacted(str(error))
                return f"{self._address} answered {said}"[:400] + f" to the query {_shortened(query)}"

    def _answer(self, call: Callable[[], list[_Series]]) -> list[_Series]:
        try:
            series = call()
        except _NO_RESULT as error:
            raise ValueError("something that is no result of a Prometheus query") from error
        warnings = self._session.warnings()
        if warnings:
            raise ValueError(f"the answer is partial: {'; '.join(warnings)}")
        return series


def chunks(start: datetime, end: datetime, step: timedelta) -> list[tuple[datetime, datetime]]:
    """Cut a range into pieces of at most 11,000 points that share none."""
    if end < start:
        return []
    length = step * (MAX_POINTS - 1)
    pieces = []
    first = start
    while first <= end:
        last = min(first + length, end)
        pieces.append((first, last))
        first = last + step
    return pieces


def _joined(pieces: Sequence[Sequence[Track]]) -> list[Track]:
    tracks: dict[tuple[tuple[str, str], ...], Track] = {}
    for track in (track for piece in pieces for track in piece):
        key = tuple(sorted(track.labels.items()))
        earlier = tracks.get(key)
        points = track.points if earlier is None else (*earlier.points, *track.points)
        tracks[key] = Track(track.labels, points)
    return list(tracks.values())


def _samples(rows: Any) -> list[Sample]:
    found = ((row, _point(row["value"])) for row in _list(rows))
    return [Sample(_labels(row), value) for row, (_, value) in found if value is not None]


def _tracks(rows: Any) -> list[Track]:
    return [Track(_labels(row), _points(row["values"])) for row in _list(rows)]


def _labels(row: dict[str, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in row["metric"].items()}


def _points(values: Any) -> tuple[tuple[float, float], ...]:
    points = [_point(each) for each in _list(values)]
    if any(later <= earlier for (earlier, _), (later, _) in itertools.pairwise(points)):
        raise ValueError("points that are not in order of time")
    return tuple((moment, value) for moment, value in points if value is not None)


def _point(pair: Any) -> tuple[float, float | None]:
    """A moment and its value, None for one that is no number. Strict: `"12"` would pass for moment 1 and value 2."""
    moment, text = _list(pair)
    if isinstance(moment, bool) or not isinstance(moment, int | float) or not isinstance(text, str):
        raise TypeError
    if not is_moment(moment):
        raise ValueError("a sample of no time")
    value = float(text)
    return float(moment), value if math.isfinite(value) else None


def _list(found: Any) -> list[Any]:
    if not isinstance(found, list):
        raise TypeError
    return found


def _warnings(response: requests.Response) -> list[str]:
    try:
        answer = response.json()
        warnings = answer.get("warnings") or []
    except (ValueError, AttributeError, RecursionError):
        # Whoever takes the result out of it says so.
        return []
    # VictoriaMetrics has no warnings, and says this where a part of its storage did not answer.
    partial = ["isPartial is true"] if answer.get("isPartial") is True else []
    return [*(str(each) for each in (warnings if isinstance(warnings, list) else [warnings])), *partial]


def _may_pass(error: Exception) -> bool:
    """Whether asking again may help: a bad query stays bad, and what is too much stays too much."""
    if isinstance(error, _TooLargeError):
        return False
    return not isinstance(error, PrometheusApiClientException) or not str(error).startswith("HTTP Status Code 4")


def _is_unknown(error: Exception) -> bool:
    """Whether it did not take us for whom we said we are, or that one may not ask."""
    return str(error).startswith(("HTTP Status Code 401", "HTTP Status Code 403"))


def _shortened(query: str) -> str:
    return query if len(query) <= 200 else query[:200] + " ..."
