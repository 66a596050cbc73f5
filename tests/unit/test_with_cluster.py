"""hack/with_cluster.py, with a cluster program that only writes down what it is asked."""

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = Path(__file__).resolve().parents[2] / "hack" / "with_cluster.py"

CLUSTER = """
import sys, time
from pathlib import Path
here = Path(__file__).resolve().parent
verb, options = sys.argv[1], sys.argv[2:]
with (here / "log").open("a") as log:
    log.write(" ".join([verb, *options]) + "\\n")
if verb == "status":
    sys.exit(0 if (here / "up").exists() else 1)
if verb == "up":
    time.sleep(float((here / "slow").read_text()) if (here / "slow").exists() else 0)
if verb in ("kubeconfig", "tools"):
    print(f"/the/{verb}")
"""


class Field:
    def __init__(self, directory: Path) -> None:
        self.cluster = directory / "cluster"
        self.cluster.mkdir()
        (self.cluster / "__main__.py").write_text(CLUSTER)
        self.program = shutil.copy(PROGRAM, directory / PROGRAM.name)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen([sys.executable, str(self.program), *arguments], stdout=subprocess.PIPE, text=True)

    def asked(self) -> list[str]:
        return (self.cluster / "log").read_text().splitlines() if (self.cluster / "log").exists() else []

    def wait_for(self, line: str) -> None:
        deadline = time.monotonic() + 20
        while line not in self.asked():
            assert time.monotonic() < deadline, f"it was never asked: {line}; only {self.asked()}"
            time.sleep(0.02)


@pytest.fixture
def field(tmp_path: Path) -> Field:
    return Field(tmp_path)


def test_the_command_gets_the_cluster_and_its_end_takes_it_down(field: Field) -> None:
    said = "import os; print(os.environ['SHADOW_CLUSTER_KUBECONFIG'], os.environ['SHADOW_TOOLS'])"
    ended = field.start("--load", "a/b:c", "--", sys.executable, "-c", said)
    assert ended.communicate()[0].strip() == "/the/kubeconfig /the/tools"
    assert ended.returncode == 0
    assert field.asked() == ["status", "up", "load-image a/b:c", "kubeconfig", "tools", "down"]


def test_the_control_plane_alone_is_asked_for_by_every_verb(field: Field) -> None:
    said = "import os; print(os.environ['SHADOW_CONTROL_PLANE_KUBECONFIG'])"
    ended = field.start("--control-plane", "--", sys.executable, "-c", said)
    assert ended.communicate()[0].strip() == "/the/kubeconfig"
    option = "--control-plane"
    assert field.asked() == [f"status {option}", f"up {option}", f"kubeconfig {option}", "tools", f"down {option}"]


def test_a_cluster_that_was_up_before_stays_up(field: Field) -> None:
    (field.cluster / "up").touch()
    assert field.start("--", "true").wait() == 0
    assert "down" not in field.asked()


def test_a_command_that_fails_is_heard_of_and_the_cluster_goes_down(field: Field) -> None:
    assert field.start("--", sys.executable, "-c", "raise SystemExit(5)").wait() == 5
    assert field.asked()[-1] == "down"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_command_ends_and_the_cluster_goes_down(field: Field, tmp_path: Path, number: int) -> None:
    ready = tmp_path / "ready"
    waits = f"import pathlib, time; pathlib.Path({str(ready)!r}).touch(); time.sleep(60)"
    program = field.start("--", sys.executable, "-c", waits)
    while not ready.exists():
        time.sleep(0.02)
    program.send_signal(number)
    assert program.wait(timeout=20) == 128 + number
    assert field.asked()[-1] == "down"


def test_an_interruption_while_it_comes_up_takes_it_down(field: Field) -> None:
    (field.cluster / "slow").write_text("60")
    program = field.start("--", "true")
    field.wait_for("up")
    program.send_signal(signal.SIGTERM)
    assert program.wait(timeout=20) == 128 + signal.SIGTERM
    assert field.asked() == ["status", "up", "down"]
