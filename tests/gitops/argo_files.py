"""The files of gitops/argocd that follow from others: Argo CD's cases, and the ConfigMap with the scripts.

`python -m tests.gitops.argo_files DIRECTORY` writes them; a test fails while they differ.
"""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from shadow_operator.api.rollout import GROUP, KIND
from shadow_operator.core.command import COMMAND_ANNOTATION, COMMAND_BY_ANNOTATION
from tests.world.manifests import Manifest
from tests.world.standings import BY_NAME, STANDINGS, Health, Standing

ARGO = Path("gitops") / "argocd"
SCRIPTS = ARGO / "resource_customizations" / GROUP / KIND
CONFIG_MAP = ARGO / "argocd-cm.yaml"
ARGO_USER = "system:serviceaccount:argocd:argocd-server"
CHALLENGER = "challenger"

# An action, its icon, and whether a challenger may be named.
ACTIONS = {
    "promote": ("fa fa-fw fa-check-circle", True),
    "reject": ("fa fa-fw fa-times-circle", True),
    "pause": ("fa fa-fw fa-pause-circle", False),
    "resume": ("fa fa-fw fa-play-circle", False),
    "rollback": ("fa fa-fw fa-undo", False),
}

_PAUSED = "shadowing-paused"
_COMMANDED = "canary-commanded"
_EARLIER = {
    COMMAND_ANNOTATION: "pause/1",
    COMMAND_BY_ANNOTATION: "ann",
    f"{GROUP}/command-reason": "earnings season",
    "team": "desk",
}

# Which actions can be taken where.
_OFFERED = {
    "unseen": {"pause"},
    "pending": {"reject", "pause"},
    "shadowing": {"reject", "pause"},
    _PAUSED: {"reject", "resume"},
    "canary": {"reject", "pause", "rollback"},
    "awaiting-approval": {"promote", "reject", "pause", "rollback"},
    "in-review": {"promote", "reject", "pause"},
    "watching": {"pause", "rollback"},
    "completed": {"pause", "rollback"},
    "rejected": {"pause"},
    "rolled-back": {"pause"},
}

# An action, what it is taken on, and the challenger that is named; an empty one is a field that was left empty.
_TAKEN = (
    ("promote", "awaiting-approval", None),
    ("promote", "awaiting-approval", ""),
    ("promote", "in-review", "momentum-v8"),
    ("reject", "canary", None),
    ("reject", "shadowing", "patchtst-v2"),
    ("pause", "shadowing", None),
    ("resume", _PAUSED, None),
    ("rollback", "watching", None),
    ("rollback", _COMMANDED, None),
)


def targets(root: Path) -> Mapping[Path, str]:
    """Each file that follows from others, and its text; `root` has the scripts."""
    files = {SCRIPTS / "health_test.yaml": _dump({"tests": list(_health_cases())})}
    for standing in _with_health():
        files[SCRIPTS / "testdata" / f"{standing.name}.yaml"] = _dump(standing.stored())
    files[SCRIPTS / "actions" / "action_test.yaml"] = _dump(
        {"discoveryTests": list(_discovery_cases()), "actionTests": [_action_case(*taken) for taken in _TAKEN]}
    )
    data = SCRIPTS / "actions" / "testdata"
    for name in (*_OFFERED, _COMMANDED):
        files[data / f"{name}.yaml"] = _dump(_stored(name))
    for action, name, challenger in _TAKEN:
        files[data / _output(action, name, challenger)] = _dump(_commanded(_stored(name), action, challenger))
    return files | {CONFIG_MAP: _config_map(root / SCRIPTS)}


def _with_health() -> list[Standing]:
    return [standing for standing in STANDINGS if standing.health is not None]


def _health_cases() -> Iterable[Mapping[str, Any]]:
    for standing in _with_health():
        said = {"status": str(standing.health), "message": _message(standing)}
        yield {"healthStatus": said, "inputPath": f"testdata/{standing.name}.yaml"}


def _message(standing: Standing) -> str:
    stored = standing.stored()
    status = stored["status"]
    if status["observedGeneration"] != stored["metadata"]["generation"]:
        return "the operator has not seen this manifest yet"
    metrics = next(each for each in status["conditions"] if each["type"] == "MetricsAvailable")
    is_blind = standing.health is Health.HEALTHY and metrics["status"] == "False"
    return f"{status['message']}; blind: {metrics['message']}" if is_blind else str(status["message"])


def _discovery_cases() -> Iterable[Mapping[str, Any]]:
    for name, offered in _OFFERED.items():
        result = []
        for action, (icon, names_challenger) in ACTIONS.items():
            params = {"params": [{"name": CHALLENGER}]} if names_challenger else {}
            result.append({"name": action, "disabled": action not in offered, "iconClass": icon, **params})
        yield {"inputPath": f"testdata/{name}.yaml", "result": result}


def _action_case(action: str, name: str, challenger: str | None) -> Mapping[str, Any]:
    case = {
        "action": action,
        "inputPath": f"testdata/{name}.yaml",
        "expectedOutputPath": f"testdata/{_output(action, name, challenger)}",
    }
    return case if challenger is None else case | {"parameters": {CHALLENGER: challenger}}


def _output(action: str, name: str, challenger: str | None) -> str:
    return "-".join(part for part in (name, action, challenger) if part) + ".yaml"


def _stored(name: str) -> Manifest:
    if name == _PAUSED:
        stored = BY_NAME["shadowing"].stored()
        stored["status"]["paused"] = {"by": "ann", "since": "2026-03-02T09:00:00.000000Z"}
        return stored
    if name == _COMMANDED:
        stored = BY_NAME["canary"].stored()
        stored["metadata"]["annotations"] = dict(_EARLIER)
        return stored
    return BY_NAME[name].stored()


def _commanded(stored: Manifest, action: str, challenger: str | None) -> Manifest:
    parts = (action, f"argocd-{stored['metadata']['resourceVersion']}", challenger)
    given = {COMMAND_ANNOTATION: "/".join(part for part in parts if part), COMMAND_BY_ANNOTATION: ARGO_USER}
    annotations = stored["metadata"].setdefault("annotations", {})
    annotations.pop(f"{GROUP}/command-reason", None)
    annotations |= given
    return stored


def _config_map(scripts: Path) -> str:
    actions = scripts / "actions"
    definitions = [{"name": name, "action.lua": (actions / name / "action.lua").read_text()} for name in ACTIONS]
    given = {"discovery.lua": (actions / "discovery.lua").read_text(), "definitions": definitions}
    name = f"{GROUP}_{KIND}"
    data = {
        f"resource.customizations.health.{name}": (scripts / "health.lua").read_text(),
        f"resource.customizations.actions.{name}": _dump(given),
    }
    return _dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-cm"}, "data": data})


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such."""

    def ignore_aliases(self, data: Any) -> bool:
        """Argo CD's own files have none either."""
        del data
        return True


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _dump(content: Mapping[str, Any]) -> str:
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=1000)


def main(root: Path) -> None:
    """Write every file anew."""
    for path, text in targets(root).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
