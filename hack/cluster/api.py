"""The control plane's processes, for both kinds of cluster: etcd, the API server, the controllers, the scheduler."""

import base64
import http.client
import json
import secrets
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import certificates
from process import Daemon, output, wait_until
from state import TOOLS, Place, write, write_json

SERVICE_RANGE = "10.96.0.0/16"
_SERVICE_ADDRESS = "10.96.0.1"
_ADMIN = "admin"
_USERS = {
    _ADMIN: ("admin", ("system:masters",)),
    "controllers": ("system:kube-controller-manager", ()),
    "scheduler": ("system:kube-scheduler", ()),
    "proxy": ("system:kube-proxy", ()),
}


def free_ports(address: str, count: int) -> list[int]:
    """Find ports that nothing listens on; all are held until the last is found, so that they differ."""
    listeners = [socket.socket() for _ in range(count)]
    try:
        for listener in listeners:
            listener.bind((address, 0))
        return [int(listener.getsockname()[1]) for listener in listeners]
    finally:
        for listener in listeners:
            listener.close()


@dataclass(frozen=True)
class Api:
    """One API server: where it answers and what it keeps."""

    place: Place
    address: str
    port: int

    @property
    def etcd(self) -> Daemon:
        """The store."""
        return self.place.daemon("etcd")

    @property
    def server(self) -> Daemon:
        """The API server."""
        return self.place.daemon("kube-apiserver")

    @property
    def controllers(self) -> Daemon:
        """The controller manager."""
        return self.place.daemon("kube-controller-manager")

    @property
    def scheduler(self) -> Daemon:
        """The scheduler, which only a cluster with a node has."""
        return self.place.daemon("kube-scheduler")

    def user_kubeconfig(self, user: str) -> str:
        """Give the path of one component's kubeconfig."""
        return str(self.place.lib / "config" / f"{user}.kubeconfig")


def start_server(place: Place, address: str, *, node: str | None = None) -> Api:
    """Start etcd and the API server, and wait until it is ready. With a node, the API server can reach its kubelet."""
    api = Api(place, address, free_ports(address, 1)[0])
    users = dict(_USERS)
    if node:
        users["kubelet"] = (f"system:node:{node}", ("system:nodes",))
    _issue_certificates(api)
    _write_credentials(api, users)
    client, peer = (f"http://127.0.0.1:{number}" for number in free_ports("127.0.0.1", 2))
    api.etcd.start(
        [
            str(TOOLS / "etcd"),
            "--name=shadow",
            f"--data-dir={place.lib / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=shadow={peer}",
            # The data lives for a test and is thrown away: nothing is gained by waiting for the disk.
            "--unsafe-no-fsync",
            "--quota-backend-bytes=2147483648",
            "--log-level=warn",
        ]
    )
    api.server.start(_server_command(api, client, with_node=node is not None))
    # It waits for the API server by itself, so its own start costs no time.
    _start_controllers(api)
    wait_until("the API server is ready", lambda: ready(place), 90, [api.etcd, api.server])
    return api


def _start_controllers(api: Api) -> None:
    """Start the controller manager, which also collects garbage and gives namespaces their service accounts."""
    pki = api.place.lib / "pki"
    api.controllers.start(
        [
            str(TOOLS / "kube-controller-manager"),
            f"--kubeconfig={api.user_kubeconfig('controllers')}",
            "--leader-elect=false",
            "--secure-port=0",
            "--use-service-account-credentials=true",
            "--v=0",
            f"--service-account-private-key-file={pki / 'service-accounts.key'}",
            f"--root-ca-file={pki / 'ca.crt'}",
            f"--cluster-signing-cert-file={pki / 'ca.crt'}",
            f"--cluster-signing-key-file={pki / 'ca.key'}",
            "--allocate-node-cidrs=false",
            "--profiling=false",
            "--kube-api-qps=200",
            "--kube-api-burst=400",
        ]
    )


def start_scheduler(api: Api) -> None:
    """Start the scheduler."""
    api.scheduler.start(
        [
            str(TOOLS / "kube-scheduler"),
            f"--kubeconfig={api.user_kubeconfig('scheduler')}",
            "--leader-elect=false",
            "--secure-port=0",
            "--v=0",
            "--profiling=false",
        ]
    )


def wait_for_service_accounts(api: Api) -> None:
    """Wait until pods can be made in the default namespace."""
    path = "/api/v1/namespaces/default/serviceaccounts/default"
    wait_until(
        "the default service account is there",
        lambda: get(api.place, path)[0] == 200,
        60,
        [api.server, api.controllers],
    )


def _server_command(api: Api, etcd: str, *, with_node: bool) -> list[str]:
    pki = api.place.lib / "pki"
    command = [
        str(TOOLS / "kube-apiserver"),
        f"--etcd-servers={etcd}",
        f"--bind-address={api.address}",
        f"--secure-port={api.port}",
        f"--tls-cert-file={pki / 'kube-apiserver.crt'}",
        f"--tls-private-key-file={pki / 'kube-apiserver.key'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--token-auth-file={pki / 'tokens.csv'}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={pki / 'service-accounts.pub'}",
        f"--service-account-signing-key-file={pki / 'service-accounts.key'}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--allow-privileged=true",
        "--profiling=false",
        "--v=0",
    ]
    if with_node:
        return [
            *command,
            f"--advertise-address={api.address}",
            "--kubelet-preferred-address-types=InternalIP",
            f"--kubelet-certificate-authority={pki / 'ca.crt'}",
            f"--kubelet-client-certificate={pki / 'kube-apiserver-kubelet.crt'}",
            f"--kubelet-client-key={pki / 'kube-apiserver-kubelet.key'}",
        ]
    # Nothing runs here that could use the `kubernetes` Service, and a loopback address may not be its endpoint.
    return [*command, "--endpoint-reconciler-type=none"]


def _issue_certificates(api: Api) -> None:
    pki = api.place.lib / "pki"
    certificates.issue_authority(pki)
    names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"]
    addresses = sorted({"127.0.0.1", _SERVICE_ADDRESS, api.address})
    certificates.issue_server(
        pki,
        "kube-apiserver",
        ["DNS:localhost", *(f"DNS:{name}" for name in names), *(f"IP:{address}" for address in addresses)],
    )
    certificates.issue_client(pki, "kube-apiserver-kubelet", "system:masters")
    certificates.issue_signing_key(pki, "service-accounts")


def _write_credentials(api: Api, users: dict[str, tuple[str, tuple[str, ...]]]) -> None:
    tokens = {user: secrets.token_hex(16) for user in users}
    lines = [f'{tokens[user]},{name},{user},"{",".join(groups)}"' for user, (name, groups) in users.items()]
    write(api.place.lib / "pki" / "tokens.csv", "\n".join(lines) + "\n", 0o600)
    authority = (api.place.lib / "pki" / "ca.crt").read_text()
    for user, token in tokens.items():
        config = _kubeconfig(api, user, token, authority)
        write_json(api.place.lib / "config" / f"{user}.kubeconfig", config, 0o600)
    write_json(api.place.kubeconfig, _kubeconfig(api, _ADMIN, tokens[_ADMIN], authority), 0o600)


def _kubeconfig(api: Api, user: str, token: str, authority: str) -> dict[str, Any]:
    context = api.place.context
    encoded = base64.b64encode(authority.encode()).decode()
    server = f"https://{api.address}:{api.port}"
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "clusters": [{"name": context, "cluster": {"server": server, "certificate-authority-data": encoded}}],
        "users": [{"name": f"{context}-{user}", "user": {"token": token}}],
        "contexts": [{"name": context, "context": {"cluster": context, "user": f"{context}-{user}"}}],
    }


def get(place: Place, path: str, seconds: float = 3.0) -> tuple[int, str]:
    """Ask the API server as its administrator; 0 where it does not answer. No proxy is ever used."""
    try:
        config = json.loads(place.kubeconfig.read_text())
        authority = (place.lib / "pki" / "ca.crt").read_text()
        host = config["clusters"][0]["cluster"]["server"].removeprefix("https://")
        connection = http.client.HTTPSConnection(
            host, timeout=seconds, context=ssl.create_default_context(cadata=authority)
        )
        connection.request("GET", path, headers={"Authorization": f"Bearer {config['users'][0]['user']['token']}"})
        response = connection.getresponse()
        return response.status, response.read().decode()
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return 0, ""


def ready(place: Place) -> bool:
    """Say whether the API server answers that it is ready."""
    return get(place, "/readyz")[0] == 200


def kubectl(place: Place, arguments: Sequence[str], stdin: str | None = None, seconds: float = 120.0) -> str:
    """Run kubectl against this cluster and no other."""
    return output(
        [str(TOOLS / "kubectl"), f"--kubeconfig={place.kubeconfig}", *arguments], stdin=stdin, seconds=seconds
    )
