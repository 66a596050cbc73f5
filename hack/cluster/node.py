"""The node of a bare cluster: containerd, the kubelet, kube-proxy and the pods' network. It needs root."""

import json
from pathlib import Path

import api
import certificates
import host
import pins
from process import Daemon, found, succeeds, wait_until, work
from report import RefusedError
from state import BARE, TOOLS, write, write_json

NAME = "shadow-node"
DNS_ADDRESS = "10.96.0.10"
_SOCKET = BARE.run / "containerd.sock"
_CONFIG = BARE.lib / "config"
_CNI = BARE.lib / "cni"
_KUBELET_PORT = 10250
_CONTAINERD = f"""\
version = 2
root = "{BARE.lib}/containerd"
state = "{BARE.run}/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
address = "{_SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{pins.PAUSE_IMAGE}"
netns_mounts_under_state_dir = true
# Without CAP_SYS_RESOURCE, which a machine inside a machine lacks, runc cannot lower a process's score and fails.
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
default_runtime_name = "runc"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
Root = "{BARE.run}/runc"
SystemdCgroup = false
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{_CNI}"
"""


def start_containerd() -> Daemon:
    """Start a containerd of the cluster's own, beside the machine's, and wait until it answers."""
    config = write(_CONFIG / "containerd.toml", _CONTAINERD)
    network = {
        "cniVersion": "0.4.0",
        "name": "shadow-cluster",
        "plugins": [
            {
                "type": "ptp",
                "ipam": {
                    "type": "host-local",
                    "dataDir": str(BARE.run / "cni"),
                    "ranges": [[{"subnet": host.POD_RANGE}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            }
        ],
    }
    write_json(_CNI / "10-shadow.conflist", network)
    daemon = BARE.daemon("containerd")
    program = found("containerd")
    if program is None:
        raise RefusedError("containerd is not on PATH although its package was installed; reinstall `containerd`")
    daemon.start([*host.enter_cgroup(), program, "--config", str(config), "--log-level", "warn"])
    wait_until("containerd answers", lambda: succeeds([*_ctr(), "version"]), 30, [daemon])
    return daemon


def _ctr() -> list[str]:
    return ["ctr", "--address", str(_SOCKET), "--namespace", "k8s.io"]


def load(archive: Path, what: str) -> None:
    """Load the images of a docker-archive; a layer that is there already is not unpacked again."""
    work(f"loading {what}", [*_ctr(), "images", "import", str(archive)], BARE.lib / "log" / "load-image.log")


def start(server: api.Api) -> None:
    """Start the kubelet and kube-proxy."""
    pki = BARE.lib / "pki"
    certificates.issue_server(pki, "kubelet", [f"DNS:{NAME}", f"IP:{host.ADDRESS}"])
    write_json(_CONFIG / "kubelet.json", _kubelet(pki))
    write_json(_CONFIG / "kube-proxy.json", _proxy(server))
    BARE.daemon("kubelet").start(
        [
            *host.enter_cgroup(),
            str(TOOLS / "kubelet"),
            f"--config={_CONFIG / 'kubelet.json'}",
            f"--kubeconfig={server.user_kubeconfig('kubelet')}",
            f"--root-dir={BARE.lib / 'kubelet'}",
            f"--cert-dir={pki}",
            f"--hostname-override={NAME}",
            f"--node-ip={host.ADDRESS}",
        ]
    )
    BARE.daemon("kube-proxy").start(
        [*host.enter_cgroup(), str(TOOLS / "kube-proxy"), f"--config={_CONFIG / 'kube-proxy.json'}"]
    )


def ready() -> bool:
    """Say whether the node is Ready and takes pods."""
    status, text = api.get(BARE, f"/api/v1/nodes/{NAME}")
    if status != 200:
        return False
    node = json.loads(text)
    conditions = {item["type"]: item["status"] for item in node["status"].get("conditions", ())}
    return conditions.get("Ready") == "True" and not node["spec"].get("taints")


def _kubelet(pki: Path) -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": host.ADDRESS,
        "port": _KUBELET_PORT,
        "readOnlyPort": 0,
        "healthzPort": 0,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(pki / "kubelet.crt"),
        "tlsPrivateKeyFile": str(pki / "kubelet.key"),
        "containerRuntimeEndpoint": f"unix://{_SOCKET}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": host.CGROUP_ROOT,
        "failCgroupV1": False,
        "failSwapOn": False,
        "clusterDomain": "cluster.local",
        "clusterDNS": [DNS_ADDRESS],
        # Pods ask the cluster's DNS server and no other.
        "resolvConf": "",
        "podLogsDir": str(BARE.lib / "pod-logs"),
        "volumePluginDir": str(BARE.lib / "volume-plugins"),
        "makeIPTablesUtilChains": False,
        "serializeImagePulls": False,
        # No registry has the images: what the kubelet removed to free the disk would never come back.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "0%",
            "nodefs.inodesFree": "0%",
            "imagefs.available": "0%",
            "imagefs.inodesFree": "0%",
        },
        "logging": {"verbosity": 0},
    }


def _proxy(server: api.Api) -> dict[str, object]:
    health, metrics = api.free_ports("127.0.0.1", 2)
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        # nftables mode wants a newer nft than Debian 12 has.
        "mode": "iptables",
        "clientConnection": {"kubeconfig": server.user_kubeconfig("proxy")},
        "clusterCIDR": host.POD_RANGE,
        "hostnameOverride": NAME,
        "healthzBindAddress": f"127.0.0.1:{health}",
        "metricsBindAddress": f"127.0.0.1:{metrics}",
        "nodePortAddresses": ["primary"],
        "iptables": {"localhostNodePorts": False, "minSyncPeriod": "100ms"},
        "conntrack": {"maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }
