"""Images built from a Dockerfile: by Docker where its engine answers, else by buildah on the base image made here."""

import hashlib
import json
import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import bare
import docker
import images
import kind
import node
import packages
import pins
from process import output, work
from report import RefusedError, say
from state import BARE, CACHE, held, remove, write

_IMAGES = CACHE / "images"
_BUILDAH_STRAYS = (Path("/var/lib/containers"), Path("/etc/cni"))
_KEPT = 4
_BUILDAH = {"BUILDAH_ISOLATION": "chroot"}


@dataclass(frozen=True)
class Build:
    """What an image is made of."""

    name: str
    dockerfile: Path
    context: Path
    arguments: tuple[str, ...] = ()

    @property
    def ignored(self) -> Path | None:
        """The file that says what of the context is left out: the Dockerfile's own one, or the context's."""
        own = self.dockerfile.with_name(f"{self.dockerfile.name}.dockerignore")
        return next((path for path in (own, self.context / ".dockerignore") if path.exists()), None)


def build(wanted: Build) -> None:
    """Build the image unless nothing that it is made of has changed."""
    for path, kind_of in ((wanted.dockerfile, "file"), (wanted.context, "directory")):
        if not (path.is_file() if kind_of == "file" else path.is_dir()):
            raise RefusedError(f"{path} is no {kind_of}; `build-image` takes --file DOCKERFILE and --context DIRECTORY")
    if docker.answers():
        _docker(wanted)
    else:
        _buildah(wanted)


def load(name: str) -> None:
    """Load an image that was built into the cluster."""
    if kind.exists():
        kind.load(name)
        say(f"loaded {name}")
        return
    if not bare.running():
        raise RefusedError("no cluster runs here to load an image into; bring one up with `python3 hack/cluster up`")
    archive = _archive(name)
    if not archive.exists():
        raise RefusedError(f"no image {name} was built; build it with `python3 hack/cluster build-image {name} ...`")
    stamp = BARE.lib / "loaded" / archive.name
    content = _stamp(name).read_text()
    if stamp.exists() and stamp.read_text() == content:
        say(f"{name} is loaded already")
        return
    node.load(archive, name)
    write(stamp, content)
    say(f"loaded {name}")


def full_name(name: str) -> str:
    """Give the name as a container runtime completes it."""
    first, slash, _ = name.partition("/")
    named = name if slash and (first == "localhost" or "." in first or ":" in first) else f"docker.io/{name}"
    if named.count("/") == 1:
        named = named.replace("/", "/library/")
    return named if ":" in named.rpartition("/")[2] else f"{named}:latest"


def _docker(wanted: Build) -> None:
    arguments = [
        part for argument in (f"BASE={pins.DOCKER_BASE_IMAGE}", *wanted.arguments) for part in ("--build-arg", argument)
    ]
    # Docker has a cache of its own that finds what is unchanged.
    work(
        f"building {wanted.name}",
        ["docker", "build", "--tag", wanted.name, "--file", str(wanted.dockerfile), *arguments, str(wanted.context)],
        CACHE / "log" / "build-image.log",
    )
    say(f"built {wanted.name}")


def _buildah(wanted: Build) -> None:
    # One at a time: two would race for what buildah keeps outside its storage, and on two cores nothing is gained.
    with held(_IMAGES):
        digest = _digest(wanted)
        stamp = _stamp(wanted.name)
        if _archive(wanted.name).exists() and stamp.exists() and stamp.read_text() == digest:
            say(f"{wanted.name} is built already, and nothing that it is made of has changed")
            return
        _build_archive(wanted)
        write(stamp, digest)
        _forget_old(wanted.name)


def _build_archive(wanted: Build) -> None:
    if os.geteuid() != 0:
        raise RefusedError("no Docker engine answers, and buildah needs root to build an image here: run this as root")
    packages.install_missing()
    base = images.make_base()
    begun = time.monotonic()
    log = CACHE / "log" / "build-image.log"
    with images.workplace() as directory, _without_trace():
        # The driver is an option here because buildah ignores STORAGE_DRIVER once it is given a root of its own.
        storage = ["--storage-driver", "vfs", "--root", str(directory / "root"), "--runroot", str(directory / "run")]
        buildah = ["buildah", *storage]
        arguments = [
            part for argument in (f"BASE={pins.BASE_IMAGE}", *wanted.arguments) for part in ("--build-arg", argument)
        ]
        ignored = ["--ignorefile", str(wanted.ignored)] if wanted.ignored else []
        work("taking the base image", [*buildah, "pull", f"docker-archive:{base}"], log, extra=_BUILDAH)
        work(
            f"building {wanted.name}",
            [
                *buildah,
                "bud",
                "--pull-never",
                "--tag",
                full_name(wanted.name),
                "--file",
                str(wanted.dockerfile),
                *arguments,
                *ignored,
                str(wanted.context),
            ],
            log,
            extra=_BUILDAH,
        )
        draft = directory / "image.tar"
        name = full_name(wanted.name)
        output([*buildah, "push", name, f"docker-archive:{draft}:{name}"], extra=_BUILDAH, seconds=300)
        _stamp(wanted.name).unlink(missing_ok=True)
        draft.replace(_archive(wanted.name))
    say(f"built {wanted.name} in {time.monotonic() - begun:.0f} s")


@contextmanager
def _without_trace() -> Iterator[None]:
    """Remove what buildah keeps outside the storage that it is given, unless it was there before."""
    absent = [path for path in _BUILDAH_STRAYS if not path.exists()]
    try:
        yield
    finally:
        for path in absent:
            remove(path)


def _forget_old(name: str) -> None:
    """Remove all but the newest few archives of the same image: a tag for every change would fill the disk."""
    repository = _archive(name).name.partition("@")[0]
    archives = sorted(_IMAGES.glob(f"{repository}@*.tar"), key=lambda path: path.stat().st_mtime)
    for archive in archives[:-_KEPT]:
        archive.with_suffix(".stamp").unlink(missing_ok=True)
        archive.unlink(missing_ok=True)


def _slug(name: str) -> str:
    return re.sub("[^A-Za-z0-9.]+", "-", name)


def _archive(name: str) -> Path:
    repository, _, tag = full_name(name).rpartition(":")
    return _IMAGES / f"{_slug(repository)}@{_slug(tag)}.tar"


def _stamp(name: str) -> Path:
    return _archive(name).with_suffix(".stamp")


def _digest(wanted: Build) -> str:
    digest = hashlib.sha256(json.dumps([full_name(wanted.name), wanted.arguments]).encode())
    digest.update(wanted.dockerfile.read_bytes())
    rules = _rules(wanted.ignored.read_text().splitlines()) if wanted.ignored else []
    for path in sorted(_files(wanted.context, rules)):
        mode = path.lstat().st_mode
        content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
        digest.update(f"{path.relative_to(wanted.context)} {mode:o} {len(content)}\n".encode() + content)
    return digest.hexdigest()


@dataclass(frozen=True)
class Rule:
    """One line of a .dockerignore: what it matches, and whether it takes back what an earlier line left out."""

    pattern: re.Pattern[str]
    takes_back: bool


def _rules(lines: Sequence[str]) -> list[Rule]:
    stripped = [line.strip() for line in lines]
    return [
        Rule(_pattern(line.removeprefix("!").strip().strip("/")), line.startswith("!"))
        for line in stripped
        if line and not line.startswith("#")
    ]


def _pattern(text: str) -> re.Pattern[str]:
    translated = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", text)
    return re.compile("".join(translated.get(part, re.escape(part)) for part in parts) + "(?:/.*)?")


def _left_out(name: str, rules: Sequence[Rule]) -> bool:
    """Say whether a path is left out; the last line that matches decides."""
    matching = [rule for rule in rules if rule.pattern.fullmatch(name)]
    return bool(matching) and not matching[-1].takes_back


def _files(context: Path, rules: Sequence[Rule]) -> Iterator[Path]:
    can_prune = not any(rule.takes_back for rule in rules)
    for directory, below, names in os.walk(context):
        here = Path(directory)
        if can_prune:
            below[:] = [name for name in below if not _left_out(str((here / name).relative_to(context)), rules)]
        links = [name for name in below if (here / name).is_symlink()]
        for name in (*names, *links):
            if not _left_out(str((here / name).relative_to(context)), rules):
                yield here / name
