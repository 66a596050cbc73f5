"""The cluster that `hack/with_cluster.py` names in the environment."""

import json
import os
import subprocess
import sys
from pathlib import Path

from examples.demo.player.failure import DemoError
from examples.demo.player.options import Options, read_options

_REPOSITORY = Path(__file__).parents[2]


def options() -> Options:
    """What the demo's pieces are told. Raises DemoError where the environment names no cluster."""
    missing = [
        each for each in ("SHADOW_CLUSTER_KUBECONFIG", "SHADOW_TOOLS", "SHADOW_IMAGES") if each not in os.environ
    ]
    if missing:
        raise DemoError(f"the environment has no {', '.join(missing)}: run `make bench-rollback`")
    cluster = ["--tools", os.environ["SHADOW_TOOLS"], "--kubeconfig", os.environ["SHADOW_CLUSTER_KUBECONFIG"]]
    return read_options([*cluster, "--images", *images()])


def images() -> list[str]:
    """NAME=IMAGE of everything that the demo and the bench need."""
    return [*os.environ["SHADOW_IMAGES"].split(), f"prometheus={_prometheus()}"]


def _prometheus() -> str:
    command = [sys.executable, str(_REPOSITORY / "hack" / "cluster"), "status", "--json"]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)  # noqa: S603 - our own program
    return str(json.loads(said.stdout)["images"]["prometheus"])
