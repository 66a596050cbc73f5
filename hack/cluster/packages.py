"""Debian's packages that a node needs: only missing ones are installed, and none of them leaves a daemon running."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pins
from process import found, output, succeeds, work
from report import RefusedError, say
from state import CACHE, write

_POLICY = Path("/usr/sbin/policy-rc.d")
_POLICY_TEXT = (
    "#!/bin/sh\n# Written by hack/cluster while it installs packages: their daemons are not to be started.\nexit 101\n"
)
_QUIET = {"DEBIAN_FRONTEND": "noninteractive"}


def install_missing() -> None:
    """Install what is missing, and say so."""
    missing = sorted({package for probe, package in pins.DEBIAN_PACKAGES.items() if not _there(probe)})
    if not missing:
        remove_policy()
        return
    if found("apt-get") is None:
        raise RefusedError(
            f"there is no apt-get to install {', '.join(missing)} with; install them, or Docker and kind"
        )
    say(f"installs from Debian: {', '.join(missing)}")
    log = CACHE / "log" / "apt-get.log"
    with _no_daemon_starts():
        work("refreshing Debian's package lists", ["apt-get", "update"], log, extra=_QUIET)
        command = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
        work("installing Debian's packages", command, log, extra=_QUIET)
    if "containerd" in missing and found("systemctl"):
        # The package enables its own daemon for the next boot; the cluster runs one of its own.
        succeeds(["systemctl", "disable", "containerd.service"])


def remove_policy() -> None:
    """Remove the policy file that an interrupted run left."""
    if _POLICY.exists() and _POLICY.read_text() == _POLICY_TEXT:
        _POLICY.unlink()


def extracted(package: str, target: Path) -> Path:
    """Unpack a package's files without installing it, so that it leaves no daemon and no user on the machine."""
    log = CACHE / "log" / f"package-{package}.log"
    with tempfile.TemporaryDirectory() as directory:
        work("refreshing Debian's package lists", ["apt-get", "update"], log, extra=_QUIET)
        download = ["apt-get", "--option", "APT::Sandbox::User=root", "download", package]
        work(f"downloading {package}", download, log, cwd=Path(directory))
        archives = list(Path(directory).glob("*.deb"))
        if len(archives) != 1:
            raise RefusedError(f"`apt-get download {package}` left {len(archives)} packages, and one is expected")
        output(["dpkg-deb", "--extract", str(archives[0]), str(target)])
    return target


def mirror() -> str:
    """Give the Debian mirror that this machine already uses."""
    targets = output(
        ["apt-get", "indextargets", "--format", "$(CODENAME) $(COMPONENT) $(REPO_URI)", "Created-By: Packages"]
    )
    for line in targets.splitlines():
        codename, component, address = line.split(maxsplit=2)
        if (codename, component) == (pins.DEBIAN, "main"):
            return address
    raise RefusedError(
        f"the base image is Debian {pins.DEBIAN}, and this machine's apt has no source for it: "
        f"add one to /etc/apt/sources.list.d, or install Docker and kind"
    )


def _there(probe: str) -> bool:
    return Path(probe).exists() if probe.startswith("/") else found(probe) is not None


@contextmanager
def _no_daemon_starts() -> Iterator[None]:
    """Forbid packages to start daemons, with Debian's own means; a policy that the machine already has stays."""
    if not _POLICY.exists():
        write(_POLICY, _POLICY_TEXT, 0o755)
    try:
        yield
    finally:
        remove_policy()
