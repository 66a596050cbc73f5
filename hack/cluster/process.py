"""Processes: commands that are waited for, and daemons that outlive the program and are ended by their own pid."""

import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from report import RefusedError, say

_HEARTBEAT_SECONDS = 25.0
_TAIL_LINES = 15
# Debian keeps iptables, runc and debootstrap where an ordinary PATH does not look.
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# The daemon itself records its /proc line (pid and start time) before it becomes the real program. So it never runs
# unrecorded, however hard the program that starts it is killed.
_RECORD_THEN_BECOME = 'cat "/proc/$$/stat" /proc/sys/kernel/random/boot_id > "$0.new" && mv "$0.new" "$0" && exec "$@"'


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give the environment without proxies (every address here is the cluster's own) and with the system's paths."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    kept["PATH"] = f"{kept.get('PATH', '')}:{_SYSTEM_PATH}"
    return kept | dict(extra or {})


def found(program: str) -> str | None:
    """Find a program on PATH or where Debian keeps the administrator's ones."""
    return shutil.which(program, path=environment()["PATH"])


def _dies_with_us(command: Sequence[str]) -> list[str]:
    """Make a command end when this program is killed, where util-linux offers that."""
    setpriv = found("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--", *command] if setpriv else list(command)


def succeeds(command: Sequence[str], extra: Mapping[str, str] | None = None, seconds: float = 20.0) -> bool:
    """Say whether a short command exits 0; its output is of no interest."""
    try:
        done = subprocess.run(
            _dies_with_us(command), env=environment(extra), capture_output=True, check=False, timeout=seconds
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def output(
    command: Sequence[str],
    *,
    extra: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | None = None,
    seconds: float = 120.0,
) -> str:
    """Run a short command and give what it printed; a failure is a refusal that quotes its own words."""
    try:
        done = subprocess.run(
            _dies_with_us(command),
            env=environment(extra),
            cwd=cwd,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise RefusedError(f"`{' '.join(command)}` had not ended after {seconds:.0f} s") from None
    if done.returncode != 0:
        words = (done.stderr.strip() or done.stdout.strip() or "it said nothing")[-1500:]
        raise RefusedError(f"`{' '.join(command)}` failed with exit code {done.returncode}: {words}")
    return done.stdout


def work(
    what: str,
    command: Sequence[str],
    log: Path,
    *,
    extra: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> None:
    """Run a long command with its output in a log, and say every half minute that it still runs."""
    log.parent.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    with log.open("wb") as sink:
        child = subprocess.Popen(
            _dies_with_us(command),
            env=environment(extra),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
        while True:
            try:
                code = child.wait(_HEARTBEAT_SECONDS)
                break
            except subprocess.TimeoutExpired:
                say(f"{what}: still at it after {time.monotonic() - begun:.0f} s")
    if code != 0:
        raise RefusedError(f"{what} failed with exit code {code}; the end of {log}:\n{tail(log)}")


def tail(log: Path) -> str:
    """Give the last lines of a log."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return "(no log)"
    return "\n".join(lines[-_TAIL_LINES:]) or "(empty)"


@dataclass(frozen=True)
class Identity:
    """Which process is meant: a pid alone is not enough, because pids are used again."""

    pid: int
    start: str
    boot: str


def _identity(text: str) -> Identity | None:
    """Read a line of /proc/PID/stat followed by the boot's id."""
    stat, _, boot = text.partition("\n")
    pid, _, rest = stat.partition(" ")
    fields = rest.rpartition(")")[2].split()
    if not pid.isdigit() or len(fields) < 20:
        return None
    return Identity(int(pid), fields[19], boot.strip())


def _lives(identity: Identity) -> bool:
    try:
        stat = Path(f"/proc/{identity.pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return False
    state = stat.rpartition(")")[2].split()[0]
    return state not in {"Z", "X"} and _identity(f"{stat.splitlines()[0]}\n{boot}") == identity


@dataclass(frozen=True)
class Daemon:
    """A process that outlives the program: where its identity is recorded and where it logs."""

    name: str
    record: Path
    log: Path

    def identity(self) -> Identity | None:
        """Give the recorded process if it is that very one that still runs."""
        try:
            identity = _identity(self.record.read_text())
        except OSError:
            return None
        return identity if identity and _lives(identity) else None

    def start(self, command: Sequence[str], extra: Mapping[str, str] | None = None) -> None:
        """Start it, detached from the terminal and from this program."""
        self.record.parent.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.record.unlink(missing_ok=True)
        with self.log.open("ab") as sink:
            subprocess.Popen(
                ["sh", "-c", _RECORD_THEN_BECOME, str(self.record), *command],
                env=environment(extra),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def refuse_if_dead(self) -> None:
        """Raise with the end of the log if it has started and is gone again."""
        if self.record.exists() and self.identity() is None:
            raise RefusedError(f"{self.name} ended by itself; the end of {self.log}:\n{tail(self.log)}")


def end(daemons: Sequence[Daemon], patience: float) -> None:
    """End daemons: ask all, wait, then insist. A pid that now belongs to another process is left alone."""
    handles = {daemon: handle for daemon in daemons if (handle := _handle(daemon)) is not None}
    for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 10.0)):
        for handle in handles.values():
            _send(handle, number)
        handles = _remaining(handles, seconds)
        if not handles:
            break
    if handles:
        raise RefusedError(f"{', '.join(daemon.name for daemon in handles)} did not end after SIGKILL; try again")
    for daemon in daemons:
        daemon.record.unlink(missing_ok=True)


def _handle(daemon: Daemon) -> int | None:
    """Open the process by a handle, and only then check that it is the recorded one: so it cannot change in between."""
    identity = daemon.identity()
    if identity is None:
        return None
    try:
        handle = os.pidfd_open(identity.pid)
    except ProcessLookupError:
        return None
    if not _lives(identity):
        os.close(handle)
        return None
    return handle


def _send(handle: int, number: signal.Signals) -> None:
    try:
        signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return


def _remaining(handles: dict[Daemon, int], seconds: float) -> dict[Daemon, int]:
    """Wait until the processes have ended and give those that have not."""
    deadline = time.monotonic() + seconds
    left = dict(handles)
    while left and (pause := deadline - time.monotonic()) > 0:
        readable, _, _ = select.select(list(left.values()), [], [], pause)
        for daemon, handle in list(left.items()):
            if handle in readable:
                os.close(handle)
                del left[daemon]
    return left


def wait_until(
    what: str, check: Callable[[], bool], seconds: float, needs: Sequence[Daemon] = (), pause: float = 0.1
) -> None:
    """Ask again and again until the check holds; refuse at once if a daemon that it needs has died."""
    begun = time.monotonic()
    reported = begun
    while not check():
        for daemon in needs:
            daemon.refuse_if_dead()
        now = time.monotonic()
        if now - begun > seconds:
            logs = ", ".join(str(daemon.log) for daemon in needs)
            raise RefusedError(f"{what} did not come true within {seconds:.0f} s{'; see ' + logs if logs else ''}")
        if now - reported > _HEARTBEAT_SECONDS:
            reported = now
            say(f"still waiting: {what}")
        time.sleep(pause)
