import uuid
from collections.abc import AsyncIterator, Iterator

import pytest

from shadow_operator.cluster import Cluster
from tests.control_plane.api_server import ApiServer, kubeconfig
from tests.control_plane.loop.field import Field

_MEASURED = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def kubeconfig_path() -> str:
    return kubeconfig()


@pytest.fixture
def server(api: ApiServer, kubeconfig_path: str) -> Iterator[ApiServer]:
    """The API server, with the CRD in place, and a namespace of the test's own."""
    own = ApiServer(kubeconfig_path, f"loop-{uuid.uuid4().hex[:8]}")
    api.request("POST", "/api/v1/namespaces", {"metadata": {"name": own.namespace}})
    yield own
    for rollout in own.request("GET", own.rollouts)["items"]:
        # Nobody is left to answer the finalizers that a test leaves behind.
        rollout["metadata"]["finalizers"] = []
        own.request("PUT", f"{own.rollouts}/{rollout['metadata']['name']}", rollout)
    own.request("DELETE", f"/api/v1/namespaces/{own.namespace}")


@pytest.fixture
async def field(server: ApiServer, kubeconfig_path: str) -> AsyncIterator[Field]:
    """A namespace with an operator that was just started."""
    async with await Cluster.connect(10.0, kubeconfig_path) as cluster:
        yield Field(cluster, server)


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> list[str]:
    """Sentences with measured figures; they are printed once all tests have run."""
    return request.config.stash.setdefault(_MEASURED, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for sentence in config.stash.get(_MEASURED, []):
        terminalreporter.write_line(f"measured: {sentence}")
