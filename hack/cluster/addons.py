"""What a whole cluster has beside Kubernetes itself: DNS, the Gateway API, Envoy Gateway and a class of gateways."""

import string
from pathlib import Path

import api
import node
import pins
import tools
from process import wait_until, work
from report import say
from state import BARE, HERE, TOOLS, write_json

_GATEWAY_NAMESPACE = "envoy-gateway-system"
GATEWAY_CLASS = "envoy"
VALUES_FILE = "envoy-gateway-values.json"
# Small, for a machine of two cores; and asked every second whether it is ready, not every tenth.
_GATEWAY_VALUES = {
    "topologyInjector": {"enabled": False},
    "deployment": {
        "envoyGateway": {
            "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
            "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8081}, "periodSeconds": 1},
        }
    },
}


def install_definitions() -> None:
    """Install the custom resource definitions of the Gateway API (its standard ones) and of Envoy Gateway."""
    directories = [tools.gateway_api_crds(), tools.envoy_gateway_crds()]
    files = [argument for directory in directories for argument in ("--filename", str(directory))]
    api.kubectl(BARE, ["apply", "--server-side", *files])
    api.kubectl(BARE, ["wait", "--for=condition=Established", "--timeout=60s", *files])


def install_dns() -> None:
    """Start CoreDNS."""
    values = {"COREDNS_IMAGE": pins.COREDNS_IMAGE, "DNS_ADDRESS": node.DNS_ADDRESS}
    api.kubectl(BARE, ["apply", "--filename", "-"], stdin=_manifest("coredns.yaml", values))


def install_gateway() -> None:
    """Install Envoy Gateway from its chart, and the class of gateways that it serves."""
    work(
        "installing Envoy Gateway",
        [
            str(TOOLS / "helm"),
            f"--kubeconfig={BARE.kubeconfig}",
            "upgrade",
            "--install",
            "envoy-gateway",
            str(tools.envoy_gateway_chart()),
            f"--namespace={_GATEWAY_NAMESPACE}",
            "--create-namespace",
            f"--values={write_values(BARE.lib / 'config', definitions=False)}",
        ],
        BARE.lib / "log" / "helm.log",
    )
    api.kubectl(BARE, ["apply", "--filename", "-"], stdin=gateway_class(f"image: {pins.ENVOY_IMAGE}"))


def write_values(directory: Path, *, definitions: bool) -> Path:
    """Write the values that the chart is installed with; it can bring the custom resource definitions itself."""
    return write_json(directory / VALUES_FILE, _GATEWAY_VALUES | {"crds": {"enabled": definitions}})


def gateway_class(image_line: str) -> str:
    """Give the GatewayClass; the image line is empty where Envoy Gateway's own choice of image can be pulled."""
    return _manifest("gateway-class.yaml", {"ENVOY_IMAGE_LINE": image_line})


def wait_until_available() -> None:
    """Wait until DNS answers, Envoy Gateway serves and the class is accepted."""
    _wait("CoreDNS", "Available", "--namespace=kube-system", "deployment/coredns")
    say("CoreDNS is available")
    _wait("Envoy Gateway", "Available", f"--namespace={_GATEWAY_NAMESPACE}", "deployment/envoy-gateway")
    _wait(f"the GatewayClass {GATEWAY_CLASS}", "Accepted", f"gatewayclass/{GATEWAY_CLASS}")
    say(f"Envoy Gateway is available and the GatewayClass {GATEWAY_CLASS} is accepted")


def _wait(what: str, condition: str, *arguments: str) -> None:
    command = [str(TOOLS / "kubectl"), f"--kubeconfig={BARE.kubeconfig}", "wait", "--timeout=180s"]
    log = BARE.lib / "log" / "kubectl-wait.log"
    work(f"waiting for {what}", [*command, f"--for=condition={condition}", *arguments], log)


def _manifest(name: str, values: dict[str, str]) -> str:
    """Read a manifest and fill in its values."""
    return string.Template((HERE / "manifests" / name).read_text()).substitute(values)


def wait_until_ready() -> None:
    """Wait until the node takes pods."""
    wait_until("the node is Ready", node.ready, 90, [BARE.daemon("kubelet"), BARE.daemon("containerd")])
