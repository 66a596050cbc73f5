"""A real Prometheus that holds the recorded series."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.presets.cases import CASES
from tests.presets.recording import open_metrics

ROOT = Path(__file__).resolve().parents[2]
_READY_SECONDS = 60.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here, so that no test of this folder runs without a Prometheus."""
    for item in items:
        if Path(str(item.fspath)).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.prometheus)
            # The first one fetches Prometheus, where it is not there yet.
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prometheus with every recording, on this machine only."""
    found = subprocess.run(
        [sys.executable, str(ROOT / "hack" / "cluster"), "prometheus"], check=True, capture_output=True, text=True
    )
    programs, place = Path(found.stdout.strip()), tmp_path_factory.mktemp("prometheus")
    recorded, data = place / "recorded.txt", place / "data"
    with recorded.open("w", encoding="utf-8") as file:
        file.writelines(open_metrics([case.recording for case in CASES]))
    # One block for all of it: promtool reads the file once for each.
    backfill = ("tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=2048h", "--quiet")
    subprocess.run([str(programs / "promtool"), *backfill, str(recorded), str(data)], check=True, capture_output=True)
    (place / "prometheus.yml").write_text("global: {}\n")
    port = _free_port()
    options = (
        f"--config.file={place / 'prometheus.yml'}",
        f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{port}",
    )
    with (place / "log").open("w") as log:
        running = subprocess.Popen([str(programs / "prometheus"), *options], stderr=log)
    try:
        _wait_until_ready(port, running, place / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(port: int, running: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and running.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"Prometheus was not ready within {_READY_SECONDS:.0f} s: {log.read_text()[-2000:]}")
