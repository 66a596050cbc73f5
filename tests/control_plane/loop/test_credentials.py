"""A Prometheus that asks who is there, and a Secret on a real API server, which says who may read it."""

import asyncio
import base64
import logging
import sys
import traceback
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import yaml
from aiohttp import web
from aiohttp.typedefs import Handler

from shadow_operator.cluster import Cluster
from shadow_operator.core.headers import ADDRESS_ANNOTATION
from shadow_operator.credentials import Credentials
from shadow_operator.metrics import MetricsError
from shadow_operator.metrics.prometheus import Prometheus
from tests.control_plane.api_server import ApiServer
from tests.control_plane.loop.field import Field
from tests.control_plane.loop.processes import StandInPrometheus as ScriptedPrometheus
from tests.control_plane.loop.processes import free_port

pytestmark = pytest.mark.control_plane

_NAME, _FIRST, _SECOND = "prom", "Bearer hunter2", "Bearer correct-horse"
_SECRETS = "hunter2", "correct-horse"


class StandInPrometheus:
    """Answers 1 to whoever sends the header that it wants, and 401 to all others."""

    def __init__(self) -> None:
        self.wants = _FIRST
        self.address = f"http://127.0.0.1:{free_port()}"

    async def answer(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != self.wants:
            # It repeats what it was sent, as some do.
            return web.Response(status=401, text=f"who is {request.headers.get('Authorization')}?")
        row = {"metric": {"a": "b"}, "value": [1.0, "1"]}
        return web.json_response({"status": "success", "data": {"resultType": "vector", "result": [row]}})


@pytest.fixture
async def asked() -> AsyncIterator[StandInPrometheus]:
    stand_in = StandInPrometheus()
    application = web.Application()
    application.router.add_route("*", "/api/v1/query", stand_in.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(stand_in.address.rpartition(":")[2])).start()
    yield stand_in
    await runner.cleanup()


def put(server: ApiServer, value: str, address: str) -> None:
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": _NAME, "annotations": {ADDRESS_ANNOTATION: address}},
        "data": {"Authorization": base64.b64encode(value.encode()).decode()},
    }
    path = f"/api/v1/namespaces/{server.namespace}/secrets/{_NAME}"
    server.request("PATCH", path, body, fieldManager="tests", force="true")


def write_kubeconfig(path: Path, like: Path, token: str) -> None:
    found = yaml.safe_load(like.read_text())
    found["users"] = [{"name": each["name"], "user": {"token": token}} for each in found["users"]]
    path.write_text(yaml.safe_dump(found))


@pytest.fixture
async def nobody(server: ApiServer, kubeconfig_path: str, tmp_path: Path) -> AsyncIterator[Cluster]:
    """The API server, by the token of a service account that has no right."""
    token = server.account("nobody")
    write_kubeconfig(tmp_path / "nobody", Path(kubeconfig_path), token)
    async with await Cluster.connect(10.0, str(tmp_path / "nobody")) as cluster:
        yield cluster


@pytest.fixture
async def cluster(kubeconfig_path: str) -> AsyncIterator[Cluster]:
    async with await Cluster.connect(10.0, kubeconfig_path) as found:
        yield found


@pytest.fixture
def source(cluster: Cluster, server: ApiServer, asked: StandInPrometheus, clock: list[float]) -> Prometheus:
    return Prometheus(
        asked.address, 2.0, Credentials(cluster, server.namespace, _NAME, asked.address, lambda: clock[0])
    )


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


async def test_what_the_secret_holds_goes_with_each_query(
    server: ApiServer, asked: StandInPrometheus, source: Prometheus
) -> None:
    put(server, _FIRST, asked.address)
    assert [each.value for each in await source.instant("up")] == [1.0]


async def test_a_secret_that_was_changed_is_used_once_the_former_one_is_refused(
    server: ApiServer, asked: StandInPrometheus, source: Prometheus, clock: list[float]
) -> None:
    put(server, _FIRST, asked.address)
    await source.instant("up")
    asked.wants = _SECOND
    put(server, _SECOND, asked.address)
    clock[0] += 6.0
    with pytest.raises(MetricsError, match="401"):
        await source.instant("up")
    answered = await until_answered(source)
    assert answered == [1.0]


async def until_answered(source: Prometheus) -> list[float]:
    for _ in range(100):
        try:
            return [each.value for each in await source.instant("up")]
        except MetricsError:
            # The Secret is read meanwhile.
            await asyncio.sleep(0.1)
    return []


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        pytest.param(lambda _server, _address: None, "there is no Secret", id="no such Secret"),
        pytest.param(lambda server, _: put(server, _FIRST, "http://other"), "is not meant for", id="another address"),
        pytest.param(lambda server, at: put(server, "hunter2\nx", at), "no header may have", id="no header"),
    ],
)
async def test_without_them_nothing_is_asked_and_a_sentence_says_why(
    server: ApiServer,
    asked: StandInPrometheus,
    source: Prometheus,
    prepare: Callable[[ApiServer, str], None],
    sentence: str,
) -> None:
    prepare(server, asked.address)
    with pytest.raises(MetricsError, match=sentence) as caught:
        await source.instant("up")
    assert "hunter2" not in str(caught.value)


async def test_an_operator_that_may_not_read_it_says_what_to_change(
    server: ApiServer, asked: StandInPrometheus, nobody: Cluster
) -> None:
    put(server, _FIRST, asked.address)
    source = Prometheus(asked.address, 2.0, Credentials(nobody, server.namespace, _NAME, asked.address))
    with pytest.raises(MetricsError, match="add it to prometheusSecrets of the operator's chart"):
        await source.instant("up")


async def test_no_log_and_no_error_holds_what_the_secret_holds(
    server: ApiServer, asked: StandInPrometheus, source: Prometheus, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    put(server, _FIRST, asked.address)
    await source.instant("up")
    asked.wants = "something else"
    with pytest.raises(MetricsError) as caught:
        await source.instant("up")
    traced = "".join(traceback.format_exception(caught.value))
    told = f"{caplog.text} {caught.value!r} {caught.value.__cause__!r} {traced} {source.__dict__!r}"
    assert not any(each in told for each in _SECRETS)


async def test_a_replay_reads_the_samples_again_with_what_the_secret_holds(
    field: Field, server: ApiServer, kubeconfig_path: str
) -> None:
    sent: list[str | None] = []
    prometheus = ScriptedPrometheus(field.evaluations)

    @web.middleware
    async def noted(request: web.Request, handler: Handler) -> web.StreamResponse:
        sent.append(request.headers.get("Authorization"))
        return await handler(request)

    async with prometheus.served(noted) as address:
        put(server, _FIRST, address)
        named = {"address": address, "headersFrom": {"secretRef": {"name": _NAME}}}
        await field.in_shadow({"spec.metrics.prometheus": named})
        field.clock.advance(hours=3)
        await field.tick()
        entries = field.objects("shadowrollouts.io/v1alpha1", "rolloutdecisions").values()
        entry = next(each["metadata"]["name"] for each in entries if each["spec"].get("seen"))
        place = f"{server.namespace}/{entry}"
        command = ["-m", "shadow_operator", "replay", "--refetch", place, "--kubeconfig", kubeconfig_path]
        pipe = asyncio.subprocess.PIPE
        running = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=pipe, stderr=pipe)
        said = b"".join(await running.communicate()).decode()
    assert "agrees, decided on the recorded inputs and read again from Prometheus" in said
    assert set(sent) == {_FIRST}
