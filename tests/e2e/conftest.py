"""The whole cluster that these tests run on; `make cluster-tests` brings it up and names it."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.rollback import environment

ROOT = Path(__file__).resolve().parents[2]
CONTEXT = "shadow-demo"

Kubectl = Callable[..., str]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here, so that no test of this folder runs without a cluster."""
    for item in items:
        if Path(str(item.fspath)).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    path = os.environ.get("SHADOW_CLUSTER_KUBECONFIG")
    if not path:
        pytest.fail("SHADOW_CLUSTER_KUBECONFIG names no kubeconfig: run `make cluster-tests`")
    return Path(path)


@pytest.fixture(scope="session")
def tools() -> Path:
    return Path(os.environ["SHADOW_TOOLS"])


@pytest.fixture(scope="session")
def kubectl(kubeconfig: Path, tools: Path) -> Kubectl:
    """kubectl against the demo cluster; a foreign context is refused, for these tests delete what they find."""

    def run(*arguments: str) -> str:
        command = [str(tools / "kubectl"), f"--kubeconfig={kubeconfig}", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout

    context = run("config", "current-context").strip()
    if context != CONTEXT:
        pytest.fail(f"the context is {context}: these tests run only on {CONTEXT}")
    return run


@pytest.fixture(scope="session")
def images() -> list[str]:
    """NAME=IMAGE of everything that the demo needs."""
    return environment.images()
