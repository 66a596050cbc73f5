"""What a node changes on the machine, noted before it is changed, so that `down` gives the machine back as it was."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from process import found, output, succeeds, wait_until
from report import RefusedError
from state import BARE, remove, write_json

# The node's own address, on an interface of its own: the API server and the kubelet cannot be reached from outside.
ADDRESS = "10.245.0.1"
POD_RANGE = "10.244.0.0/16"
_INTERFACE = "shadow0"
_CGROUP = "shadow-cluster"
CGROUP_ROOT = f"/{_CGROUP}"
_NOTES = BARE.lib / "machine-before.json"
_SETTINGS = (
    *("kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_maxbytes", "kernel/keys/root_maxkeys"),
    *("vm/overcommit_memory", "vm/panic_on_oom"),
    *("net/ipv4/ip_forward", "net/ipv4/conf/all/route_localnet", "net/netfilter/nf_conntrack_max"),
    *("net/bridge/bridge-nf-call-iptables", "net/bridge/bridge-nf-call-ip6tables"),
)
# What a kubelet makes wherever it is told to keep its state, and what containerd and the network plug-ins make so.
_KUBELETS = ("/var/lib/kubelet", "/var/log/containers", "/var/log/pods", "/usr/libexec/kubernetes")
_SHARED = ("/etc/cni", "/opt/cni", "/opt/containerd", "/run/containerd", "/run/runc", "/var/lib/cni")


def note(service_range: str) -> None:
    """Note the machine as it is, then give it the node's interface and cgroups."""
    if not _NOTES.exists():
        settings = {name: text for name in _SETTINGS if (text := _setting(name)) is not None}
        absent = [path for path in (*_KUBELETS, *_SHARED) if not Path(path).exists()]
        write_json(_NOTES, {"settings": settings, "absent": absent})
    output(["ip", "link", "add", _INTERFACE, "type", "bridge"])
    output(["ip", "address", "add", f"{ADDRESS}/32", "dev", _INTERFACE])
    output(["ip", "link", "set", _INTERFACE, "up"])
    # Services are reached from the machine itself with the node's address, whether or not it has a default route.
    output(["ip", "route", "add", service_range, "dev", _INTERFACE, "src", ADDRESS])
    for hierarchy in _hierarchies():
        (hierarchy / _CGROUP / "runtime").mkdir(parents=True, exist_ok=True)


def enter_cgroup() -> list[str]:
    """Give the command prefix that puts a process, and so all that it starts, where `down` finds it."""
    joined = next((path for path in _hierarchies() if path.name == "pids"), _hierarchies()[0])
    procs = joined / _CGROUP / "runtime" / "cgroup.procs"
    return ["sh", "-c", 'echo "$$" > "$0" && exec "$@"', str(procs)]


def restore() -> None:
    """End what still runs in the node's cgroups, then remove its interfaces, rules, directories and settings."""
    _end_cgroup()
    _remove_strays()
    for directory in (BARE.run, BARE.lib / "kubelet", BARE.lib / "containerd"):
        remove(directory)
    _remove_interfaces()
    _remove_rules()
    notes = _notes()
    for path in notes.get("absent", ()):
        if path in _KUBELETS:
            remove(Path(path))
        else:
            _prune(Path(path))
    for name, text in notes.get("settings", {}).items():
        if _setting(name) != text:
            with suppress(OSError):
                (Path("/proc/sys") / name).write_text(text)
    remove(BARE.lib)


def _remove_strays() -> None:
    """Remove the files of ours that the shims and the network plug-ins keep beside other programs' files."""
    for address in (BARE.run / "containerd").glob("io.containerd.runtime.v2.task/*/*/address"):
        Path(address.read_text().strip().removeprefix("unix://")).unlink(missing_ok=True)
    for pod in (BARE.lib / "containerd" / "io.containerd.grpc.v1.cri" / "sandboxes").glob("*"):
        for result in Path("/var/lib/cni/results").glob(f"*-{pod.name}-*"):
            result.unlink(missing_ok=True)


def _prune(path: Path) -> None:
    """Remove the empty directories of a tree: another program may keep its files there by now."""
    for directory, _, _ in os.walk(path, topdown=False):
        with suppress(OSError):
            Path(directory).rmdir()


def _notes() -> dict[str, Any]:
    try:
        notes: dict[str, Any] = json.loads(_NOTES.read_text())
    except (OSError, ValueError):
        return {}
    return notes


def _setting(name: str) -> str | None:
    try:
        return (Path("/proc/sys") / name).read_text().strip()
    except OSError:
        return None


def _hierarchies() -> list[Path]:
    """Give the roots of the trees that the kubelet uses: version 1's, one a controller, or else version 2's."""
    found_roots = _mounted("cgroup") or _mounted("cgroup2")
    if not found_roots:
        raise RefusedError("no control groups are mounted (looked in /proc/self/mounts), and a node needs them")
    return found_roots


def _mounted(kind: str) -> list[Path]:
    lines = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    return [Path(fields[1]) for fields in lines if fields[2] == kind]


def _cgroups() -> Iterator[Path]:
    """Give the node's control groups, the deepest first."""
    # With version 1, runc makes a group in a version 2 tree beside it as well.
    for hierarchy in (*_mounted("cgroup"), *_mounted("cgroup2")):
        for directory, _, _ in os.walk(hierarchy / _CGROUP, topdown=False):
            yield Path(directory)


def _end_cgroup() -> None:
    """Kill what is in the node's cgroups (the containers and their shims) and remove them."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        for cgroup in _cgroups():
            with suppress(OSError):
                for pid in (cgroup / "cgroup.procs").read_text().split():
                    _kill_member(int(pid))
            with suppress(OSError):
                cgroup.rmdir()
        if not any(True for _ in _cgroups()):
            return
        time.sleep(0.05)
    left = ", ".join(str(cgroup) for cgroup in _cgroups())
    raise RefusedError(f"these control groups still have processes: {left}; try again")


def _kill_member(pid: int) -> None:
    """Kill a process only if, held by a handle, it is still a member."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return
    try:
        memberships = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
        if any(line.partition("/")[2].split("/")[0] == _CGROUP for line in memberships):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    except OSError:
        return
    finally:
        os.close(handle)


def _pod_interfaces() -> list[str]:
    """Give the machine's ends of the pods' cables: the interfaces that have a route to a pod's address."""
    routes = json.loads(output(["ip", "-json", "-4", "route", "show", "root", POD_RANGE]) or "[]")
    return sorted({route["dev"] for route in routes if route["dev"].startswith("veth")})


def _remove_interfaces() -> None:
    if found("ip") is None:
        return
    # A pod's cable goes with the network namespace at its other end; what does not go by itself is removed.
    with suppress(RefusedError):
        wait_until("the pods' interfaces are gone", lambda: not _pod_interfaces(), 5, pause=0.05)
    for interface in (*_pod_interfaces(), _INTERFACE):
        if Path("/sys/class/net", interface).exists():
            output(["ip", "link", "delete", interface])


def _remove_rules() -> None:
    """Remove kube-proxy's chains and the jumps to them, and nothing else, in one transaction for each family."""
    for family in ("iptables", "ip6tables"):
        if found(family) is None or not succeeds([f"{family}-save"]):
            continue
        if removal := _removal(output([f"{family}-save"])):
            output([f"{family}-restore", "--noflush"], stdin=removal)


def _removal(saved: str) -> str:
    """Turn what iptables-save printed into the commands that remove what is Kubernetes' own."""
    lines: list[str] = []
    for table in saved.split("COMMIT"):
        rows = [row for row in table.splitlines() if row and not row.startswith("#")]
        chains = [row[1:].split()[0] for row in rows if row.startswith(":KUBE-")]
        jumps = [row for row in rows if row.startswith("-A ") and not row.startswith("-A KUBE-") and "KUBE-" in row]
        if chains:
            lines.append(next(row for row in rows if row.startswith("*")))
            lines += [f"-D {row[3:]}" for row in jumps]
            lines += [f"-F {chain}" for chain in chains] + [f"-X {chain}" for chain in chains]
            lines.append("COMMIT")
    return "".join(f"{line}\n" for line in lines)
