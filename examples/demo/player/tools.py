"""Runs kubectl and helm."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .failure import DemoError


@dataclass(frozen=True)
class Tools:
    """The two programs, and the cluster that they are for."""

    directory: Path
    kubeconfig: Path

    def kubectl(self, *arguments: str, stdin: str | None = None, seconds: float = 60.0) -> str:
        """Run kubectl and return what it says."""
        return self._run("kubectl", arguments, stdin, seconds)

    def helm(self, *arguments: str, seconds: float = 180.0) -> str:
        """Run helm and return what it says."""
        return self._run("helm", arguments, None, seconds)

    def start_kubectl(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a kubectl that stays; whoever starts it ends it."""
        command = [str(self._program("kubectl")), *arguments]
        return subprocess.Popen(command, env=self._environment(), stdout=subprocess.PIPE, text=True)  # noqa: S603

    def _run(self, name: str, arguments: tuple[str, ...], stdin: str | None, seconds: float) -> str:
        spoken = f"{name} {' '.join(arguments)}"
        try:
            ended = subprocess.run(  # noqa: S603 - the program is the one that was asked for
                [str(self._program(name)), *arguments],
                env=self._environment(),
                input=stdin,
                capture_output=True,
                text=True,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise DemoError(f"`{spoken}` did not end within {seconds:.0f} s.") from error
        if ended.returncode != 0:
            raise DemoError(f"`{spoken}` failed: {ended.stderr.strip() or ended.stdout.strip()}")
        return ended.stdout

    def _program(self, name: str) -> Path:
        program = self.directory / name
        if not program.exists():
            raise DemoError(f"There is no {name} in {self.directory}: name a directory that has it with --tools.")
        return program

    def _environment(self) -> dict[str, str]:
        if not self.kubeconfig.exists():
            raise DemoError(f"There is no kubeconfig {self.kubeconfig}: bring the cluster up first.")
        # A cluster's own addresses are never behind a proxy.
        proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "")
        return os.environ | proxies | {"KUBECONFIG": str(self.kubeconfig)}
