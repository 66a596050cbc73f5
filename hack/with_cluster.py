"""Runs a command with a cluster: `python3 hack/with_cluster.py [--control-plane] [--load IMAGE]... -- COMMAND...`.

A cluster that was up before stays up; one that this made is taken down at the end, also when the command fails or is
interrupted. The command finds it by SHADOW_CLUSTER_KUBECONFIG, or SHADOW_CONTROL_PLANE_KUBECONFIG, and kubectl and helm
in the directory SHADOW_TOOLS.
"""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

_CLUSTER = (sys.executable, str(Path(__file__).resolve().parent / "cluster"))


class InterruptedRunError(Exception):
    """A signal asked for the end; its number is the argument."""


@dataclass
class Runner:
    """Starts one command after another, and hands a signal on to the one that runs."""

    running: subprocess.Popen[str] | None = None
    received: int | None = None
    _environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))

    def listen(self) -> None:
        """Take over the signals that would otherwise end this program before it cleaned up."""
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, self._signalled)

    def run(self, command: Sequence[str], extra: Mapping[str, str] | None = None) -> int:
        """Run a command to its end, and give its exit code."""
        self._start(command, extra, stdout=None)
        return self._finish()[0]

    def answer(self, command: Sequence[str]) -> str:
        """Run a command and give what it prints; it has to succeed."""
        self._start(command, None, stdout=subprocess.PIPE)
        code, said = self._finish()
        if code != 0:
            sys.exit(f"`{' '.join(command)}` ended with {code}; what it said is above")
        return said.strip()

    def ignore(self) -> None:
        """Let no further signal stop what comes now."""
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)

    def _start(self, command: Sequence[str], extra: Mapping[str, str] | None, stdout: int | None) -> None:
        if self.received is not None:
            raise InterruptedRunError(self.received)
        # In a session of its own: a terminal sends its interrupt to all at once, and the command is to get it once.
        self.running = subprocess.Popen(
            command, env=self._environment | dict(extra or {}), stdout=stdout, text=True, start_new_session=True
        )
        if self.received is not None:
            # It came in the moment before there was anybody to hand it to.
            self.running.send_signal(self.received)

    def _finish(self) -> tuple[int, str]:
        if self.running is None:
            raise InterruptedRunError(signal.SIGTERM)
        said, _ = self.running.communicate()
        code = self.running.returncode
        self.running = None
        if self.received is not None:
            raise InterruptedRunError(self.received)
        return code, said or ""

    def _signalled(self, number: int, _frame: FrameType | None) -> None:
        self.received = number
        if self.running is not None:
            self.running.send_signal(number)


def main() -> int:
    """Bring it up, run the command, take it down."""
    parser = argparse.ArgumentParser(prog="hack/with_cluster.py", description=__doc__)
    parser.add_argument("--control-plane", action="store_true", help="the API server alone")
    parser.add_argument("--load", action="append", default=[], metavar="IMAGE", help="an image that the cluster gets")
    parser.add_argument("command", nargs="+", metavar="COMMAND")
    chosen = parser.parse_args()
    which = ["--control-plane"] if chosen.control_plane else []
    runner = Runner()
    runner.listen()
    was_up = subprocess.run([*_CLUSTER, "status", *which], stdout=subprocess.DEVNULL, check=False).returncode == 0
    try:
        if (code := runner.run([*_CLUSTER, "up", *which])) != 0:
            return code
        for image in chosen.load:
            if (code := runner.run([*_CLUSTER, "load-image", image])) != 0:
                return code
        variable = "SHADOW_CONTROL_PLANE_KUBECONFIG" if chosen.control_plane else "SHADOW_CLUSTER_KUBECONFIG"
        found = {
            variable: runner.answer([*_CLUSTER, "kubeconfig", *which]),
            "SHADOW_TOOLS": runner.answer([*_CLUSTER, "tools"]),
        }
        return runner.run(chosen.command, found)
    except InterruptedRunError as interruption:
        return 128 + int(interruption.args[0])
    finally:
        runner.ignore()
        if not was_up:
            subprocess.run([*_CLUSTER, "down", *which], check=False)


if __name__ == "__main__":
    sys.exit(main())
