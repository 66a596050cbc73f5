"""The certificate that the operator shows to who posts alerts: for this bench alone, signed by itself."""

import subprocess
import tempfile
from pathlib import Path

from examples.demo.player.names import OPERATOR_NAMESPACE
from examples.demo.player.tools import Tools

SECRET = "bench-alerts"  # noqa: S105 - a name
_SERVICE = f"shadow-operator-alerts.{OPERATOR_NAMESPACE}"


def bring_up(tools: Tools) -> str:
    """Make it and put it into a Secret beside the operator; returns it as PEM."""
    with tempfile.TemporaryDirectory() as directory:
        key, certificate = self_signed(Path(directory), _SERVICE)
        where = f"--namespace={OPERATOR_NAMESPACE}"
        namespace = f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {OPERATOR_NAMESPACE}}}\n"
        tools.kubectl("apply", "--filename=-", stdin=namespace)
        tools.kubectl("delete", "secret", SECRET, where, "--ignore-not-found")
        tools.kubectl("create", "secret", "tls", SECRET, where, f"--cert={certificate}", f"--key={key}")
        return certificate.read_text()


def self_signed(directory: Path, host: str) -> tuple[Path, Path]:
    """Make `tls.key` and `tls.crt` for a host, good for a day; returns where they are."""
    key, certificate = directory / "tls.key", directory / "tls.crt"
    command = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-days", "1", "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - all of it is written above
    return key, certificate
