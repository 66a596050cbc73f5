"""SIGKILL for the process of the operator that leads, from outside of its pod."""

from bench.rollback.pieces import MANIFESTS, Pieces
from examples.demo.player.tools import Tools

_NAMESPACE = "bench-killer"
# In the killer's pod: the operator's processes have the killer's user, so their environment says in which pod they are.
_KILL = """
import os, signal, sys, time
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        mine = open(f"/proc/{pid}/environ").read().split("\\0")
        command = open(f"/proc/{pid}/cmdline").read()
    except OSError:
        continue
    if f"POD_NAME={sys.argv[1]}" in mine and "shadow-operator" in command:
        os.kill(int(pid), signal.SIGKILL)
        print(time.time())
        sys.exit()
sys.exit(f"no process of pod {sys.argv[1]}")
"""


class Killer:
    """A pod that can."""

    def __init__(self, tools: Tools, pieces: Pieces) -> None:
        self._tools = tools
        self._pieces = pieces

    def bring_up(self) -> None:
        """Start it."""
        self._pieces.apply((MANIFESTS / "killer.yaml").read_text())
        self._in_namespace("wait", "pod/killer", "--for=condition=Ready", "--timeout=60s")

    def kill(self, pod: str) -> float:
        """Kill the operator's process in this pod; returns when, in Unix seconds."""
        said = self._in_namespace("exec", "killer", "--", "/opt/models/bin/python", "-c", _KILL, pod)
        return float(said)

    def remove(self) -> None:
        """Remove it and its namespace."""
        self._tools.kubectl("delete", "namespace", _NAMESPACE, "--ignore-not-found", "--wait=false")

    def _in_namespace(self, *arguments: str) -> str:
        return self._tools.kubectl(f"--namespace={_NAMESPACE}", *arguments, seconds=90.0)
