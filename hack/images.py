"""Builds the project's images: `.venv/bin/python hack/images.py` prints NAME=IMAGE, as the demo takes them.

Whatever an image is made of is gathered in a directory of its own, and the image's tag is a digest of that: a changed
line of code is a new tag, so that `helm upgrade` replaces the pod, and an unchanged image is not built again.
"""

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_BUILD = ROOT / "build"
_CLUSTER = ROOT / "hack" / "cluster"

# The image's Python and C library, whatever the machine's are; pip takes each tag literally.
_PYTHON = (3, 11)
_GLIBC = ("2_28", "2_27", "2_26", "2_24", "2_17", "2_12", "2_5")
_MACHINES = {"arm64": "aarch64", "AMD64": "x86_64"}


class FailedError(Exception):
    """An image can't be built; the message is the sentence that the user reads."""


@dataclass(frozen=True)
class Image:
    """What one image is made of.

    Attributes:
        name: what the demo calls it.
        repository: its name without the tag.
        dockerfile: how it is built.
        locks: the requirements whose wheels it gets.
        packages: directories that are copied into the context as they are.
        installs_us: whether it gets this project's own wheel.

    """

    name: str
    repository: str
    dockerfile: Path
    locks: tuple[Path, ...]
    packages: tuple[Path, ...] = ()
    installs_us: bool = False


_REQUIREMENTS = ROOT / "requirements"
IMAGES = (
    Image(
        "operator",
        "shadow/operator",
        ROOT / "operator" / "Dockerfile",
        (_REQUIREMENTS / "operator.lock",),
        installs_us=True,
    ),
    Image(
        "models",
        "shadow/models",
        ROOT / "examples" / "models" / "Dockerfile",
        (_REQUIREMENTS / "examples.lock", _REQUIREMENTS / "examples-nodeps.lock"),
        packages=(ROOT / "examples" / "models" / "shadow_models",),
    ),
)


def build(image: Image) -> str:
    """Build an image unless it is there already, and give its full name."""
    context = _gather(image)
    built = f"{image.repository}:dev-{_digest(image, context)[:12]}"
    _run([sys.executable, str(_CLUSTER), "build-image", built, f"--file={image.dockerfile}", f"--context={context}"])
    return built


def _gather(image: Image) -> Path:
    """Give a directory that has what the image is made of and nothing else."""
    wheels = _wheels(image)
    context = _BUILD / "context" / image.name
    shutil.rmtree(context, ignore_errors=True)
    (context / "wheels").mkdir(parents=True)
    for wheel in wheels.iterdir():
        # Linked, since the wheels of one image are a hundred megabytes.
        os.link(wheel, context / "wheels" / wheel.name)
    if image.installs_us:
        _run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(context / "wheels")], quiet=True)
    for package in image.packages:
        shutil.copytree(package, context / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    return context


def _wheels(image: Image) -> Path:
    """Give a directory with the wheels of the image's lock files, downloaded once and checked against their hashes."""
    key = hashlib.sha256(_tags_text().encode())
    for lock in image.locks:
        key.update(lock.read_bytes())
    wheels = _BUILD / "wheels" / f"{image.name}-{key.hexdigest()[:12]}"
    if wheels.is_dir():
        return wheels
    _say(f"downloads the wheels of {image.repository}")
    for former in wheels.parent.glob(f"{image.name}-*"):
        shutil.rmtree(former)
    draft = wheels.with_name(f"{image.name}-draft")
    shutil.rmtree(draft, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--dest", str(draft)]
    command += ["--only-binary=:all:", "--no-deps", "--require-hashes", "--implementation=cp"]
    command += [f"--python-version={_PYTHON[0]}.{_PYTHON[1]}", *(f"--platform={tag}" for tag in _tags())]
    for lock in image.locks:
        command += ["--requirement", str(lock)]
    _run(command)
    draft.rename(wheels)
    return wheels


def _tags() -> list[str]:
    machine = platform.machine()
    machine = _MACHINES.get(machine, machine)
    older = ["manylinux2014"] + (["manylinux2010", "manylinux1"] if machine == "x86_64" else [])
    return [f"{name}_{machine}" for name in (*(f"manylinux_{version}" for version in _GLIBC), *older)]


def _tags_text() -> str:
    return " ".join(_tags())


def _digest(image: Image, context: Path) -> str:
    digest = hashlib.sha256(image.dockerfile.read_bytes())
    for path in sorted(context.rglob("*")):
        if path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(context)} {content}\n".encode())
    return digest.hexdigest()


def _run(command: Sequence[str], *, quiet: bool = False) -> None:
    # What a tool says goes to standard error: standard output is for the names of the images.
    target = subprocess.PIPE if quiet else sys.stderr.fileno()
    ended = subprocess.run(command, cwd=ROOT, stdout=target, stderr=subprocess.STDOUT, text=True, check=False)
    if ended.returncode != 0:
        if ended.stdout:
            _say(ended.stdout)
        raise FailedError(f"`{' '.join(command[:4])} ...` ended with {ended.returncode}; what it said is above")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Build the images that are named, or all."""
    known = {image.name: image for image in IMAGES}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones: {', '.join(known)}; all without any")
    chosen = parser.parse_args().names or list(known)
    if unknown := [name for name in chosen if name not in known]:
        parser.error(f"there is no image {unknown[0]}: take one of {', '.join(known)}")
    if sys.version_info[:2] != _PYTHON:
        found = ".".join(str(part) for part in sys.version_info[:2])
        raise FailedError(f"the images have Python 3.11 and this is {found}: make the virtual environment with 3.11")
    for name in chosen:
        print(f"{name}={build(known[name])}", flush=True)


if __name__ == "__main__":
    try:
        main()
    except FailedError as failure:
        sys.exit(str(failure))
    except KeyboardInterrupt:
        sys.exit(130)
