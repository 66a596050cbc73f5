import uuid
from collections.abc import Iterator

import pytest

from tests.control_plane.api_server import ApiServer, kubeconfig


@pytest.fixture(scope="session")
def api() -> Iterator[ApiServer]:
    """The API server, with the CRDs as the models give them now and a namespace that goes after the tests."""
    server = ApiServer(kubeconfig(), f"tests-{uuid.uuid4().hex[:8]}")
    server.install_crds()
    server.request("POST", "/api/v1/namespaces", {"metadata": {"name": server.namespace}})
    yield server
    server.request("DELETE", f"/api/v1/namespaces/{server.namespace}")
