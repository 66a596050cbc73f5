"""The whole cluster without Docker: a control plane, a node and the add-ons, as this machine's processes, run by root.

There is one on a machine. A second clone's `up` adopts the running one; its `down` ends it for all.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import addons
import api
import host
import images
import node
import packages
import pins
import tools
from process import end
from report import RefusedError, say
from state import BARE, PINS_DIGEST, POINTER, held, remove_empty_pointer, write

_LOCK = Path("/run")
_DAEMONS = (
    *("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"),
    *("containerd", "kubelet", "kube-proxy"),
)
_POINTERS = BARE.lib / "pointers"
KUBECONFIG = POINTER / "kubeconfig"


def components() -> dict[str, bool]:
    """Say of each process whether it runs, and of the API server and the node whether they are ready."""
    alive = {name: BARE.daemon(name).identity() is not None for name in _DAEMONS}
    answers = alive["kube-apiserver"] and api.ready(BARE)
    return alive | {"ready": answers, "node": answers and node.ready()}


def running() -> bool:
    """Say whether all of it is up."""
    return BARE.complete.exists() and all(components().values())


def up() -> None:
    """Bring it up; what is half made or partly dead is removed and made again."""
    _refuse_without_root()
    with held(_LOCK):
        if running():
            _adopt()
            say("the cluster is already running")
            return
        _make_ready()
        if BARE.lib.exists() or BARE.run.exists():
            say("removes what an earlier cluster left")
            _remove()
        _bring_up()
        write(BARE.complete, PINS_DIGEST)
        point()
    say("the cluster is up")


def down() -> None:
    """End it and remove all that it made, except the cache."""
    if not (BARE.lib.exists() or BARE.run.exists()):
        say("there is no cluster on this machine")
        return
    _refuse_without_root()
    with held(_LOCK):
        _remove()
    say("the cluster is down")


def point() -> Path:
    """Give this clone a kubeconfig for the machine's cluster, and note that `down` is to remove it."""
    write(KUBECONFIG, BARE.kubeconfig.read_text(), 0o600)
    known = set(_pointed())
    if POINTER not in known:
        write(_POINTERS, "".join(f"{path}\n" for path in sorted({*known, POINTER})))
    return KUBECONFIG


def _adopt() -> None:
    made_from = BARE.complete.read_text()
    if made_from != PINS_DIGEST:
        raise RefusedError(
            f"a cluster made from other pins ({made_from}, here {PINS_DIGEST}) runs on this machine; "
            "end it with `python3 hack/cluster down` and try again"
        )
    point()


def _pointed() -> Iterator[Path]:
    if _POINTERS.exists():
        yield from (Path(line) for line in _POINTERS.read_text().splitlines())


def _refuse_without_root() -> None:
    if os.geteuid() != 0:
        raise RefusedError(
            "a cluster is made with Docker and kind, or without them by root, and here is neither "
            f"(user id {os.geteuid()}); `up --control-plane` needs none of them"
        )


def _make_ready() -> None:
    """Have every program, package and image, before anything is started."""
    tools.build((*pins.CONTROL_PLANE_COMMANDS, *pins.USER_COMMANDS, *pins.NODE_COMMANDS))
    packages.install_missing()
    images.make_system()
    tools.envoy_gateway_chart()
    tools.gateway_api_crds()


def _bring_up() -> None:
    host.note(api.SERVICE_RANGE)
    node.start_containerd()
    say("containerd answers")
    with ThreadPoolExecutor(max_workers=1) as beside:
        loaded = beside.submit(node.load, images.SYSTEM_ARCHIVE, "the system's images")
        server = api.start_server(BARE, host.ADDRESS, node=node.NAME)
        say("the API server is ready")
        api.start_scheduler(server)
        node.start(server)
        addons.install_definitions()
        say("the Gateway API's resources are there")
        loaded.result()
    say("the system's images are loaded")
    api.wait_for_service_accounts(server)
    addons.wait_until_ready()
    say("the node is Ready")
    addons.install_dns()
    addons.install_gateway()
    say("Envoy Gateway is installed from its chart")
    addons.wait_until_available()


def _remove() -> None:
    BARE.complete.unlink(missing_ok=True)
    packages.remove_policy()
    pointers = list(_pointed())
    end(BARE.recorded(), patience=1.5)
    host.restore()
    for pointer in {*pointers, POINTER}:
        (pointer / KUBECONFIG.name).unlink(missing_ok=True)
    remove_empty_pointer()
