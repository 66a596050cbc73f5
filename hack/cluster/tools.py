"""The programs: built once by the Go toolchain from pinned modules, and cached for every clone of the repository."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import packages
import pins
from process import found, output, work
from report import RefusedError, say
from state import CACHE, HERE, TOOLS, held, remove, write


def build(commands: Sequence[pins.Command]) -> Path:
    """Build those that are not there yet and give the directory that has them."""
    if all((TOOLS / command.name).exists() for command in commands):
        return TOOLS
    with held(TOOLS):
        for command in commands:
            if not (TOOLS / command.name).exists():
                _build(command)
    return TOOLS


def prometheus() -> Path:
    """Give the directory that has prometheus and promtool: the machine's own, or Debian's, which is not installed."""
    if found("prometheus") and (promtool := found("promtool")):
        return Path(promtool).parent
    target = CACHE / "prometheus"
    programs = target / "bin"
    if not programs.exists():
        if found("apt-get") is None:
            raise RefusedError(
                "there is no prometheus with promtool on PATH, and no apt-get to fetch it with: install both"
            )
        with held(target):
            if not programs.exists():
                _fetch_prometheus(target / f".draft.{os.getpid()}", programs)
    return programs


def _fetch_prometheus(draft: Path, programs: Path) -> None:
    say("fetches Prometheus from Debian (once; it is cached)")
    packages.extracted(pins.PROMETHEUS_PACKAGE, draft)
    (draft / "usr" / "bin").replace(programs)
    remove(draft)


def _go() -> str:
    go = found("go")
    if go is None:
        raise RefusedError(
            "no `go` is on PATH, and the cluster's programs are built with it: "
            "install Go 1.26 or later, or Docker, kind, kubectl and helm"
        )
    return go


def _build(command: pins.Command) -> None:
    begun = time.monotonic()
    draft = TOOLS / f".{command.name}.{os.getpid()}"
    flags = " ".join(["-s", "-w", *(f"-X {variable}" for variable in command.variables)])
    go = _go()
    say(f"builds {command.name} (once; it is cached)")
    work(
        f"building {command.name}",
        [
            go,
            "build",
            "-mod=readonly",
            "-buildvcs=false",
            "-trimpath",
            "-ldflags",
            flags,
            "-o",
            str(draft),
            command.package,
        ],
        CACHE / "log" / f"build-{command.name}.log",
        extra={"CGO_ENABLED": "0", "GOWORK": "off"},
        cwd=HERE / "go" / command.module,
    )
    draft.replace(TOOLS / command.name)
    say(f"built {command.name} in {time.monotonic() - begun:.0f} s")


def module_directory(module: str) -> Path:
    """Give the directory that holds a pinned module's files, downloaded and checked against go.sum."""
    listed = output(
        [_go(), "mod", "download", "-json", module],
        extra={"GOWORK": "off"},
        cwd=HERE / "go" / pins.FILE_MODULES,
        seconds=600,
    )
    for line in listed.splitlines():
        key, _, value = line.strip().partition(": ")
        if key == '"Dir"':
            return Path(value.strip('",'))
    raise RefusedError(f"`go mod download -json {module}` named no directory: {listed}")


def gateway_api_crds() -> Path:
    """Give a directory with the Gateway API's standard custom resource definitions."""
    target = CACHE / "gateway-api"
    if not target.exists():
        source = module_directory(pins.GATEWAY_API_MODULE) / "config" / "crd" / "standard"
        # The upgrade policy beside them refuses other versions; it is of no use in a cluster that lives for a test.
        _copy({path: path.name for path in source.glob("*.yaml") if "_vap_" not in path.name}, target)
    return target


def envoy_gateway_chart() -> Path:
    """Give Envoy Gateway's Helm chart, completed as its own release does."""
    target = CACHE / "gateway-helm"
    if not target.exists():
        source = module_directory(pins.ENVOY_GATEWAY_MODULE) / "charts" / "gateway-helm"
        names = {path: str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()}
        names[source / "values.tmpl.yaml"] = "values.yaml"
        _copy(
            names,
            target,
            {
                "${GatewayImage}": pins.ENVOY_GATEWAY_IMAGE,
                "${GatewayImagePullPolicy}": "IfNotPresent",
                "v0.0.0-latest": f"v{pins.ENVOY_GATEWAY}",
                'appVersion: "latest"': f'appVersion: "v{pins.ENVOY_GATEWAY}"',
            },
        )
    return target


def envoy_gateway_crds() -> Path:
    """Give a directory with Envoy Gateway's own custom resource definitions."""
    return envoy_gateway_chart() / "charts" / "crds" / "crds" / "generated"


def _copy(names: Mapping[Path, str], target: Path, values: Mapping[str, str] | None = None) -> None:
    """Copy files under new names into a new directory, whole or not at all, and fill in the values."""
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    for path, name in names.items():
        text = path.read_text()
        for placeholder, value in (values or {}).items():
            text = text.replace(placeholder, value)
        write(draft / name, text)
    try:
        draft.rename(target)
    except OSError:
        # Another run has made it in the meantime, from the same pins.
        remove(draft)
