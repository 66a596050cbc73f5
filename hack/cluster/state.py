"""Where things are kept: the cache that stays, and what a running cluster makes and `down` removes."""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pins
from process import Daemon, succeeds
from report import RefusedError, say

HERE = Path(__file__).resolve().parent
CLONE = HERE.parents[1]
POINTER = CLONE / "build" / "cluster"


@dataclass(frozen=True)
class Place:
    """Where one cluster keeps its state, and what its context is called."""

    lib: Path
    run: Path
    context: str

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, as the cluster keeps it."""
        return self.lib / "kubeconfig"

    @property
    def complete(self) -> Path:
        """Written last by `up`: a cluster without it is half made."""
        return self.lib / "complete"

    def daemon(self, name: str) -> Daemon:
        """Name one of the cluster's processes."""
        return Daemon(name, self.run / "pids" / name, self.lib / "log" / f"{name}.log")

    def recorded(self) -> list[Daemon]:
        """Give every process that was ever started here and not ended by `down`."""
        records = sorted((self.run / "pids").glob("*")) if (self.run / "pids").is_dir() else []
        return [self.daemon(record.name) for record in records if record.suffix != ".new"]


# Short paths: a unix socket's may have 107 characters, and a clone can lie anywhere.
BARE = Place(Path("/var/lib/shadow-cluster"), Path("/run/shadow-cluster"), "shadow-demo")
CONTROL_PLANE = Place(POINTER / "control-plane", POINTER / "control-plane" / "run", "shadow-control-plane")
KIND_KUBECONFIG = POINTER / "kind.kubeconfig"


def _pins_digest() -> str:
    """Digest what is pinned, so that a changed pin is built anew and another clone finds what is already there."""
    digest = hashlib.sha256(pins.everything().encode())
    for path in sorted((HERE / "go").rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(HERE)}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


PINS_DIGEST = _pins_digest()
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "shadow-rollouts" / PINS_DIGEST
TOOLS = CACHE / "bin"


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Let one run of the program at a time do something; the lock is on a directory, so that it leaves no file."""
    path.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waits for another run of this program that holds {path}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def write(path: Path, text: str, mode: int = 0o644) -> Path:
    """Write a whole file or none of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=mode)
    draft.write_text(text)
    draft.replace(path)
    return path


def write_json(path: Path, content: object, mode: int = 0o644) -> Path:
    """Write JSON, which every reader of YAML takes too."""
    return write(path, json.dumps(content, indent=1), mode)


def mounts_under(path: Path) -> list[str]:
    """Give the mount points at or below a path, the deepest first."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    # The kernel writes a space in a path as \040.
    points = [line.split()[4].encode().decode("unicode_escape") for line in lines]
    prefix = f"{path}/"
    return sorted((point for point in points if point == str(path) or point.startswith(prefix)), reverse=True)


def remove(path: Path) -> None:
    """Remove a tree after everything mounted in it: deleting through a mount would delete what is behind it."""
    for point in mounts_under(path):
        succeeds(["umount", point]) or succeeds(["umount", "--lazy", point])
    if left := mounts_under(path):
        raise RefusedError(
            f"{path} cannot be removed: {', '.join(left)} could not be unmounted; unmount it and try again"
        )
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def remove_empty_pointer() -> None:
    """Remove the clone's own directories once nothing is in them."""
    for directory in (POINTER, POINTER.parent):
        with suppress(OSError):
            directory.rmdir()
