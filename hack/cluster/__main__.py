"""The one program that knows clusters: `python3 hack/cluster VERB`.

`up` makes a whole cluster: with kind where Docker answers, else as processes of this machine; `--control-plane` makes
an API server without a node, as an ordinary user, in seconds. Progress goes to standard error, answers to standard
output.
"""

import argparse
import json
import os
import sys
from pathlib import Path

import bare
import build_image
import control_plane
import failures
import kind
import pins
import tools
from report import RefusedError, answer
from state import BARE, CONTROL_PLANE, KIND_KUBECONFIG, TOOLS


def _up(chosen: argparse.Namespace) -> int:
    if chosen.control_plane:
        control_plane.up()
    elif kind.usable() and not BARE.lib.exists():
        kind.up()
    else:
        bare.up()
    return 0


def _down(chosen: argparse.Namespace) -> int:
    if chosen.control_plane:
        control_plane.down()
        return 0
    if kind.exists():
        kind.down()
    bare.down()
    return 0


def _state(*, alone: bool) -> dict[str, object]:
    """Describe the cluster for programs."""
    if alone:
        mode, components, kubeconfig = "control-plane", control_plane.components(), CONTROL_PLANE.kubeconfig
        running, made = control_plane.running(), CONTROL_PLANE.lib.exists()
    elif BARE.lib.exists():
        mode, components, kubeconfig = "bare", bare.components(), bare.KUBECONFIG
        running, made = bare.running(), True
    else:
        mode, components, kubeconfig = "kind", kind.components(), KIND_KUBECONFIG
        running, made = all(components.values()), kind.exists()
    prometheus = pins.DOCKER_PROMETHEUS_IMAGE if mode == "kind" and made else pins.short(pins.PROMETHEUS_IMAGE)
    return {
        "mode": mode if made else "none",
        "running": running,
        "kubeconfig": str(kubeconfig) if running else None,
        "components": components if made else {},
        "tools": str(kind.TOOLS if mode == "kind" and made else TOOLS),
        "images": {"prometheus": prometheus},
    }


def _status(chosen: argparse.Namespace) -> int:
    state = _state(alone=chosen.control_plane)
    if chosen.json:
        answer(json.dumps(state, indent=1))
    else:
        answer(f"{state['mode']}: {'running' if state['running'] else 'not running'}")
        components = state["components"]
        if isinstance(components, dict):
            for name, healthy in components.items():
                answer(f"  {name}: {'ok' if healthy else 'NOT OK'}")
    return 0 if state["running"] else 1


def _kubeconfig(chosen: argparse.Namespace) -> int:
    state = _state(alone=chosen.control_plane)
    if not state["running"]:
        option = " --control-plane" if chosen.control_plane else ""
        raise RefusedError(f"no such cluster runs here; bring it up with `python3 hack/cluster up{option}`")
    answer(str(bare.point() if state["mode"] == "bare" else state["kubeconfig"]))
    return 0


def _tools(_: argparse.Namespace) -> int:
    answer(str(kind.link_tools() if kind.usable() else tools.build(pins.USER_COMMANDS)))
    return 0


def _prometheus(_: argparse.Namespace) -> int:
    answer(str(tools.prometheus()))
    return 0


def _build_image(chosen: argparse.Namespace) -> int:
    build_image.build(
        build_image.Build(chosen.name, chosen.file.resolve(), chosen.context.resolve(), tuple(chosen.build_arg))
    )
    return 0


def _load_image(chosen: argparse.Namespace) -> int:
    build_image.load(chosen.name)
    return 0


def _pause(chosen: argparse.Namespace) -> int:
    failures.pause(CONTROL_PLANE if chosen.control_plane else BARE, chosen.name, chosen.seconds)
    return 0


def _restart(chosen: argparse.Namespace) -> int:
    failures.restart(CONTROL_PLANE if chosen.control_plane else BARE, chosen.name, chosen.seconds)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 hack/cluster", description=__doc__)
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for name, run, text in (
        ("up", _up, "bring the cluster up; safe to run again whenever"),
        ("down", _down, "end it and remove all that it made, except the cache of programs and images"),
        ("status", _status, "say whether it runs; exits with 0 if so"),
        ("kubeconfig", _kubeconfig, "print the path of the administrator's kubeconfig"),
    ):
        verb = verbs.add_parser(name, help=text, description=text)
        verb.add_argument(
            "--control-plane", action="store_true", help="the API server alone instead of a whole cluster"
        )
        verb.set_defaults(run=run)
        if name == "status":
            verb.add_argument("--json", action="store_true", help="for programs")
    text = "print the directory that has kubectl and helm"
    verbs.add_parser("tools", help=text, description=text).set_defaults(run=_tools)
    text = "print the directory that has prometheus and promtool"
    verbs.add_parser("prometheus", help=text, description=text).set_defaults(run=_prometheus)
    text = "build an image from a Dockerfile, unless nothing that it is made of has changed"
    build = verbs.add_parser("build-image", help=text, description=f"{text}; the build argument BASE names the base")
    build.add_argument("name")
    build.add_argument("--file", type=Path, required=True, metavar="DOCKERFILE")
    build.add_argument("--context", type=Path, required=True, metavar="DIRECTORY")
    build.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE")
    build.set_defaults(run=_build_image)
    text = "load an image that was built into the running cluster"
    load = verbs.add_parser("load-image", help=text, description=text)
    load.add_argument("name")
    load.set_defaults(run=_load_image)
    for name, run, text in (
        ("pause", _pause, "let one process of the cluster stand still, as in `pause etcd 5`; for tests, not with kind"),
        ("restart", _restart, "kill one process of the cluster, and start it again so many seconds later; likewise"),
    ):
        verb = verbs.add_parser(name, help=text, description=text)
        verb.add_argument("name")
        verb.add_argument("seconds", type=float)
        verb.add_argument("--control-plane", action="store_true", help="one of the API server alone")
        verb.set_defaults(run=run)
    return parser.parse_args()


def main() -> int:
    """Do what the verb says; a refusal is one sentence on standard error."""
    # A stricter one would end up in the base image, where other users read.
    os.umask(0o022)
    chosen = _arguments()
    code: int = chosen.run(chosen)
    return code


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RefusedError as refusal:
        sys.exit(str(refusal))
    except BrokenPipeError:
        # Who read the answer has read enough.
        sys.exit(141)
    except OSError as failure:
        sys.exit(f"the machine refused: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
