"""The Helm chart, rendered by Helm itself."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "shadow-operator"
NAMESPACE = "shadow-system"

Object = dict[str, Any]


def found_helm() -> Path:
    """Helm, which the first one who asks builds."""
    found = subprocess.run(
        [sys.executable, str(ROOT / "hack" / "cluster"), "tools"], capture_output=True, text=True, check=False
    )
    if found.returncode != 0:
        pytest.skip(f"there is no helm here: {found.stderr.strip()}")
    return Path(found.stdout.strip()) / "helm"


class Chart:
    def __init__(self, helm: Path, directory: Path) -> None:
        self._helm = helm
        self._directory = directory

    def run(self, values: Mapping[str, Any], release: str = "shadow-operator") -> subprocess.CompletedProcess[str]:
        given = self._directory / "values.json"
        given.write_text(json.dumps(values))
        command = [str(self._helm), "template", release, str(CHART), f"--namespace={NAMESPACE}", f"--values={given}"]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def rendered(self, values: Mapping[str, Any] | None = None, release: str = "shadow-operator") -> list[Object]:
        ended = self.run(values or {}, release)
        assert ended.returncode == 0, ended.stderr
        return [each for each in yaml.safe_load_all(ended.stdout) if each]

    def refusal(self, values: Mapping[str, Any]) -> str:
        ended = self.run(values)
        assert ended.returncode != 0, "the values were taken"
        return ended.stderr


def of_kind(objects: list[Object], kind: str) -> list[Object]:
    return [each for each in objects if each["kind"] == kind]
