"""A certificate authority and the few certificates that a cluster needs, made with openssl."""

from pathlib import Path

from process import found, output
from report import RefusedError
from state import write

_DAYS = "3650"


def _openssl() -> str:
    openssl = found("openssl")
    if openssl is None:
        raise RefusedError(
            "no `openssl` is on PATH, and the cluster's certificates are made with it: install openssl 3"
        )
    return openssl


def _issue(directory: Path, name: str, subject: str, extensions: str, signer: str | None) -> None:
    request = write(
        directory / f"{name}.cnf",
        f"[req]\nprompt=no\ndistinguished_name=subject\n[subject]\n{subject}\n"
        f"[extensions]\nsubjectKeyIdentifier=hash\n{extensions}\n",
    )
    signed_by = ["-CA", str(directory / f"{signer}.crt"), "-CAkey", str(directory / f"{signer}.key")] if signer else []
    output(
        [
            _openssl(),
            "req",
            "-x509",
            "-config",
            str(request),
            "-extensions",
            "extensions",
            "-days",
            _DAYS,
            "-nodes",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            *signed_by,
            "-keyout",
            str(directory / f"{name}.key"),
            "-out",
            str(directory / f"{name}.crt"),
        ]
    )


def issue_authority(directory: Path) -> None:
    """Make `ca.crt` and `ca.key`."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    constraints = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature,keyCertSign,cRLSign"
    _issue(directory, "ca", "CN=shadow-cluster", constraints, None)


def issue_server(directory: Path, name: str, names: list[str]) -> None:
    """Make a certificate for a server that is reached by these names, given as `DNS:...` and `IP:...`."""
    _issue(
        directory,
        name,
        f"CN={name}",
        "authorityKeyIdentifier=keyid\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
        f"extendedKeyUsage=serverAuth\nsubjectAltName={','.join(names)}",
        "ca",
    )


def issue_client(directory: Path, name: str, group: str) -> None:
    """Make a certificate for a client that belongs to a group."""
    _issue(
        directory,
        name,
        f"O={group}\nCN={name}",
        "authorityKeyIdentifier=keyid\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
        "extendedKeyUsage=clientAuth",
        "ca",
    )


def issue_signing_key(directory: Path, name: str) -> None:
    """Make the key pair that signs service accounts' tokens: `NAME.key` and `NAME.pub`."""
    key, public = directory / f"{name}.key", directory / f"{name}.pub"
    output([_openssl(), "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", str(key)])
    output([_openssl(), "ec", "-in", str(key), "-pubout", "-out", str(public)])
