"""The servers as processes: what a client sees while a pod is being withdrawn."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGE = "examples.models.shadow_models"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def server(command: str, port: int, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HOST": "127.0.0.1", "PORT": str(port)} | variables
    process = subprocess.Popen([sys.executable, "-m", PACKAGE, command], env=environment, cwd="/")
    try:
        for _ in range(150):
            with contextlib.suppress(OSError):
                if status(port, "GET", "/healthz") == 200:
                    break
            time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.wait(10)


def status(port: int, method: str, path: str, body: str | None = None) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request(method, path, body, {"content-type": "application/json"})
        return connection.getresponse().status
    finally:
        connection.close()


def metric(port: int, name: str) -> float:
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
        return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))
    finally:
        connection.close()


def test_after_sigterm_a_model_serves_on_then_logs_what_is_left_and_ends_well(tmp_path: Path) -> None:
    scorer_port, model_port = free_port(), free_port()
    variables = {
        "MODEL_NAME": "v7",
        "SHADOW_ROLLOUT": "trading/momentum",
        "SHADOW_POLICY_PATH": str(tmp_path / "policy.json"),
        "SCORER_URL": f"http://127.0.0.1:{scorer_port}",
        "PRESTOP_SECONDS": "0.8",
    }
    with server("scorer", scorer_port) as scorer, server("model", model_port, **variables) as model:
        model.send_signal(signal.SIGTERM)
        answers = []
        for bar in range(6):
            answers.append(
                status(model_port, "POST", "/predict", json.dumps({"id": "", "symbol": "sp500", "bar": bar}))
            )
            time.sleep(0.1)
        assert answers == [200] * 6
        assert model.wait(10) == 0
        assert metric(scorer_port, "scorer_received_total") == 6
        scorer.send_signal(signal.SIGTERM)
        assert scorer.wait(10) == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [([], "give one of model, scorer, feed"), (["feed"], "GATEWAY_URL is not set")],
)
def test_a_wrong_start_ends_at_once_with_a_sentence(arguments: list[str], sentence: str) -> None:
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}
    ended = subprocess.run(
        [sys.executable, "-m", PACKAGE, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert ended.returncode == 2
    assert sentence in ended.stderr
