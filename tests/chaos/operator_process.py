"""The operator as a process that can be killed, stopped and started again, as a kubelet would."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.chaos.figures import ROOT


class OperatorProcess:
    """One operator, of this source tree."""

    def __init__(self, name: str, place: Path, kubeconfig: Path, namespace: str) -> None:
        self.name = name
        self._log = place / f"{name}.log"
        self._environment = {
            **os.environ,
            "KUBECONFIG": str(kubeconfig),
            "WATCH_NAMESPACES": namespace,
            "POD_NAMESPACE": namespace,
            "POD_NAME": name,
            "GUARD_SECONDS": "0.5",
            "EVALUATION_SECONDS": "2",
            "CHECKPOINT_SECONDS": "5",
            "REQUEST_SECONDS": "3",
            "QUERY_SECONDS": "2",
            "PROBE_PORT": str(_free_port()),
            "METRICS_PORT": str(_free_port()),
            "PYTHONPATH": f"{ROOT / 'operator'}:{ROOT}",
        }
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, unless it runs."""
        if self._running is not None and self._running.poll() is None:
            return
        with self._log.open("a") as log:
            self._running = subprocess.Popen(
                [sys.executable, "-m", "shadow_operator"], env=self._environment, stdout=log, stderr=log
            )

    def kill(self) -> None:
        """SIGKILL: nothing is finished, nothing is said."""
        if self._running is not None:
            self._running.kill()
            self._running.wait(10)
            self._running = None

    def terminate(self) -> None:
        """SIGTERM, as a kubelet ends a pod: it has ten seconds, and is killed then."""
        if self._running is None:
            return
        self._running.terminate()
        try:
            self._running.wait(10)
        except subprocess.TimeoutExpired:
            self._running.kill()
            self._running.wait(10)
        self._running = None

    def pause(self) -> None:
        """SIGSTOP: it stands still and knows nothing of it, as in a machine that swaps or moves."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT: it goes on where it was."""
        self._signal(signal.SIGCONT)

    def revive(self) -> None:
        """Start it again if it has ended by itself, as a kubelet does; one that was killed on purpose stays dead."""
        if self._running is not None and self._running.poll() is not None:
            self.start()

    def _signal(self, number: int) -> None:
        if self._running is not None and self._running.poll() is None:
            self._running.send_signal(number)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
