"""Lets one process of a cluster stand still, or die and come again: for tests of what happens then."""

import os
import signal
import time
from pathlib import Path

from process import Daemon
from report import RefusedError, say
from state import Place

_LONGEST_SECONDS = 60.0


def pause(place: Place, name: str, seconds: float) -> None:
    """Let it stand still for so long; it goes on also when this program is interrupted."""
    daemon, pid = _running(place, name, seconds)
    os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(seconds)
    finally:
        os.kill(pid, signal.SIGCONT)
    say(f"{daemon.name} stood still for {seconds:g} s")


def restart(place: Place, name: str, seconds: float) -> None:
    """Kill it, and start it so much later as it was started before."""
    daemon, pid = _running(place, name, seconds)
    command = Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]
    os.kill(pid, signal.SIGKILL)
    try:
        time.sleep(seconds)
    finally:
        daemon.start(command)
    say(f"{daemon.name} was killed and started again after {seconds:g} s")


def _running(place: Place, name: str, seconds: float) -> tuple[Daemon, int]:
    if not 0.0 <= seconds <= _LONGEST_SECONDS:
        raise RefusedError(f"{seconds:g} s is no time for a failure: name one of at most {_LONGEST_SECONDS:g} s")
    daemon = place.daemon(name)
    identity = daemon.identity()
    if identity is None:
        names = sorted(each.name for each in place.recorded() if each.identity() is not None)
        raise RefusedError(f"no process {name} runs here: name one of {', '.join(names) or 'none, as none runs'}")
    return daemon, identity.pid
