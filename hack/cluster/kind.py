"""The whole cluster where a Docker engine answers and kind is installed.

Not exercised on machines without Docker, and so not on the ones that this project is developed on: it is kept short,
and calls kind, helm and kubectl as their own documentation does.
"""

from pathlib import Path

import addons
import docker
import pins
import tools
from process import found, output, succeeds, work
from report import say
from state import BARE, CLONE, KIND_KUBECONFIG, POINTER, remove, remove_empty_pointer

_NAME = BARE.context
_LOG = POINTER / "kind.log"
TOOLS = POINTER / "bin"


def usable() -> bool:
    """Say whether this is the way to make a cluster here."""
    return found("kind") is not None and docker.answers()


def exists() -> bool:
    """Say whether there is a cluster, whole or not."""
    return usable() and _NAME in output(["kind", "get", "clusters"]).split()


def components() -> dict[str, bool]:
    """Say of the API server, the node, DNS and Envoy Gateway whether they are ready."""
    if not exists():
        return {"ready": False}
    if not KIND_KUBECONFIG.exists():
        _point()
    answers = succeeds(_kubectl("get", "--raw=/readyz"))
    return {
        "ready": answers,
        "node": answers and _holds("Ready", "node", "--all"),
        "coredns": answers and _holds("Available", "--namespace=kube-system", "deployment/coredns"),
        "gateway-class": answers and _holds("Accepted", f"gatewayclass/{addons.GATEWAY_CLASS}"),
    }


def up() -> None:
    """Bring it up; a cluster whose API server does not answer is made again."""
    if exists() and not components()["ready"]:
        say("removes a kind cluster that does not answer")
        down()
    if not exists():
        command = ["kind", "create", "cluster", f"--name={_NAME}", f"--config={CLONE / 'kind-config.yaml'}"]
        work("creating the kind cluster", [*command, f"--kubeconfig={KIND_KUBECONFIG}", "--wait=180s"], _LOG)
    _point()
    say("the kind cluster is there")
    work(
        "installing Envoy Gateway",
        [
            _program("helm"),
            f"--kubeconfig={KIND_KUBECONFIG}",
            "upgrade",
            "--install",
            "envoy-gateway",
            pins.ENVOY_GATEWAY_CHART,
            f"--version=v{pins.ENVOY_GATEWAY}",
            "--namespace=envoy-gateway-system",
            "--create-namespace",
            "--wait",
            f"--values={addons.write_values(POINTER, definitions=True)}",
        ],
        _LOG,
    )
    output(_kubectl("apply", "--filename=-"), stdin=addons.gateway_class(""))
    for wait in (
        ("--for=condition=Available", "--namespace=kube-system", "deployment/coredns"),
        ("--for=condition=Accepted", f"gatewayclass/{addons.GATEWAY_CLASS}"),
    ):
        output(_kubectl("wait", "--timeout=180s", *wait), seconds=200)
    say("the cluster is up")


def down() -> None:
    """Remove it and what this clone knows of it."""
    output(["kind", "delete", "cluster", f"--name={_NAME}", f"--kubeconfig={KIND_KUBECONFIG}"])
    for path in (KIND_KUBECONFIG, _LOG, POINTER / addons.VALUES_FILE, TOOLS):
        remove(path)
    remove_empty_pointer()
    say("the cluster is down")


def load(image: str) -> None:
    """Load an image that the Docker engine has."""
    output(["kind", "load", "docker-image", image, f"--name={_NAME}"], seconds=600)


def link_tools() -> Path:
    """Give a directory that has kubectl and helm: the machine's own, or else those built from pinned modules."""
    for name in ("kubectl", "helm"):
        link = TOOLS / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(_program(name))
    return TOOLS


def _point() -> None:
    """Give this clone a kubeconfig with the context that the cluster's tests ask for."""
    KIND_KUBECONFIG.unlink(missing_ok=True)
    output(["kind", "export", "kubeconfig", f"--name={_NAME}", f"--kubeconfig={KIND_KUBECONFIG}"])
    output(_kubectl("config", "rename-context", f"kind-{_NAME}", _NAME))


def _kubectl(*arguments: str) -> list[str]:
    return [_program("kubectl"), f"--kubeconfig={KIND_KUBECONFIG}", *arguments]


def _program(name: str) -> str:
    return found(name) or str(tools.build(pins.USER_COMMANDS) / name)


def _holds(condition: str, *what: str) -> bool:
    return succeeds(_kubectl("wait", f"--for=condition={condition}", "--timeout=1s", *what))
