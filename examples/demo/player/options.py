"""What the demo is started with."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
# As the manifests name them; each may be replaced by --images.
IMAGES = {
    "operator": "shadow/operator:dev",
    "models": "shadow/models:dev",
    "prometheus": "shadow/prometheus:2.42",
}
ANY_CHALLENGER = "any"


@dataclass(frozen=True)
class Options:
    """The command line, checked."""

    tools: Path
    kubeconfig: Path
    images: dict[str, str]
    chart: Path
    report: Path
    seconds: float
    cluster_seconds: float | None
    kill_operator_in_canary: str | None


def read_options(arguments: Sequence[str]) -> Options:
    """Read the command line; ends the program with a sentence where it is wrong."""
    parser = argparse.ArgumentParser(prog="play.py", description="Plays the demo on a running cluster.")
    parser.add_argument("--tools", type=Path, required=True, help="directory that has kubectl and helm")
    parser.add_argument("--kubeconfig", type=Path, required=True, help="kubeconfig of an administrator")
    parser.add_argument("--images", nargs="*", default=[], metavar="NAME=IMAGE", help=f"instead of {IMAGES}")
    parser.add_argument("--chart", type=Path, default=ROOT / "charts" / "shadow-operator", help="the operator's chart")
    parser.add_argument("--report", type=Path, default=ROOT / "build" / "demo" / "report.json", help="where it goes")
    parser.add_argument("--seconds", type=float, default=300.0, help="time that the rollout has to complete")
    parser.add_argument("--cluster-seconds", type=float, help="how long the cluster took to come up, for the report")
    parser.add_argument(
        "--kill-operator-in-canary",
        nargs="?",
        const=ANY_CHALLENGER,
        metavar="CHALLENGER",
        help="delete the operator's leading pod at the second step of this challenger's canary, or of the first one",
    )
    found = parser.parse_args(arguments)
    return Options(
        tools=found.tools,
        kubeconfig=found.kubeconfig,
        images=_images(parser, found.images),
        chart=found.chart,
        report=found.report,
        seconds=found.seconds,
        cluster_seconds=found.cluster_seconds,
        kill_operator_in_canary=found.kill_operator_in_canary,
    )


def _images(parser: argparse.ArgumentParser, pairs: Sequence[str]) -> dict[str, str]:
    images = dict(IMAGES)
    for pair in pairs:
        name, equals, image = pair.partition("=")
        if name not in IMAGES or not equals or ":" not in image.rpartition("/")[2]:
            parser.error(f"--images has {pair!r}: write NAME=IMAGE:TAG with NAME one of {', '.join(IMAGES)}")
        images[name] = image
    return images
