"""The rules of the house that no linter knows. `lint-imports` checks who may import whom (pyproject.toml)."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from shadow_operator.api import crd
from shadow_operator.core import kinds

ROOT = Path(__file__).resolve().parents[2]
OPERATOR = ROOT / "operator" / "shadow_operator"


def modules(*below: Path) -> list[Path]:
    return sorted(path for directory in below for path in directory.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Each module that a file imports, wherever in the file it does."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield str(node.module)


def importers(library: str, paths: list[Path]) -> set[str]:
    return {path.name for path in paths if any(name.split(".")[0] == library for name in imported(path))}


def calls(path: Path) -> Iterator[str]:
    """Each call as it is written, without its arguments."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


@pytest.mark.parametrize("name", ["__init__.py", "operator.py"])
def test_the_folder_never_hides_the_standard_librarys_module(name: str) -> None:
    assert not (ROOT / "operator" / name).exists()


def test_python_still_finds_its_own_operator_module() -> None:
    for directory in (ROOT, ROOT / "operator"):
        found = subprocess.run(
            [sys.executable, "-c", "import operator; print(operator.__file__)"],
            cwd=directory,
            env={"PYTHONPATH": f"{ROOT / 'operator'}:{ROOT}"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert not Path(found.stdout.strip()).is_relative_to(ROOT / "operator")


def test_only_the_handlers_and_the_entry_point_know_kopf() -> None:
    assert importers("kopf", modules(OPERATOR)) == {"handlers.py", "__main__.py"}


def test_only_the_port_knows_the_kubernetes_client() -> None:
    assert importers("kubernetes", modules(OPERATOR)) == {"cluster.py"}


@pytest.mark.parametrize("library", ["asyncio", "kubernetes", "kopf", "requests", "aiohttp", "threading", "random"])
def test_the_core_and_the_statistics_are_pure(library: str) -> None:
    assert importers(library, modules(OPERATOR / "core", ROOT / "shadow_stats")) == set()


def test_the_core_is_told_the_time() -> None:
    asking = re.compile(r"(^|\.)(now|utcnow|today|time|monotonic|perf_counter)$")
    found = [
        f"{path.name}: {call}"
        for path in modules(OPERATOR / "core", ROOT / "shadow_stats")
        for call in calls(path)
        if asking.search(call)
    ]
    assert found == []


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    names = {path.stem for path in modules(OPERATOR, ROOT / "shadow_stats", ROOT / "hack")}
    assert not names & {"utils", "util", "helpers", "helper", "common", "misc"}


@pytest.mark.parametrize(("target", "text"), crd.targets().items(), ids=str)
def test_the_definitions_are_those_that_the_models_give(target: str, text: str) -> None:
    assert (ROOT / target).read_text() == text, "run `make generate`"


def test_the_chart_renders_the_definitions_that_are_generated_into_it() -> None:
    template = (ROOT / "charts" / "shadow-operator" / "templates" / "crds.yaml").read_text()
    for defined in crd.DEFINITIONS:
        assert f'"{defined.plural}"' in template
    # Helm installs what is in this folder once and never upgrades it.
    assert not (ROOT / "charts" / "shadow-operator" / "crds").exists()


def test_the_chart_grants_each_kind_that_the_operator_knows() -> None:
    text = (ROOT / "charts" / "shadow-operator" / "templates" / "_rules.tpl").read_text()
    rules = yaml.safe_load(re.sub(r"\{\{.*?\}\}", "", text, flags=re.DOTALL))
    granted = {(group, resource) for rule in rules for group in rule["apiGroups"] for resource in rule["resources"]}
    known = {kind for kind in vars(kinds).values() if isinstance(kind, kinds.Kind)}
    # What Kubernetes' own role system:auth-delegator grants, which the chart binds where alerts are heard.
    reviews = {kinds.TOKEN_REVIEW, kinds.SUBJECT_ACCESS_REVIEW}
    assert "system:auth-delegator" in (ROOT / "charts" / "shadow-operator" / "templates" / "reviews.yaml").read_text()
    # Each Secret is granted by its name, to whoever the chart's values name.
    by_name = {kinds.SECRET}
    for kind in known - reviews - by_name:
        group, slash, _ = kind.api_version.partition("/")
        assert (group if slash else "", kind.plural) in granted, f"the role in _rules.tpl leaves out {kind.plural}"


def test_the_versions_agree() -> None:
    chart = yaml.safe_load((ROOT / "charts" / "shadow-operator" / "Chart.yaml").read_text())
    (version,) = re.findall(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), flags=re.MULTILINE)
    assert chart["appVersion"] == version


def test_the_workflow_runs_nothing_but_the_two_commands_and_pins_what_it_uses() -> None:
    text = (ROOT / ".github" / "workflows" / "ci.yaml").read_text()
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    commands = {step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step}
    assert {".ci/run", "make demo"} <= commands
    used = re.findall(r"uses: (\S+)", text)
    assert used
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action) for action in used)


def test_the_gate_calls_the_same_command_as_people_do() -> None:
    gate = ROOT / ".ci" / "run"
    assert gate.stat().st_mode & 0o111
    assert "make test" in gate.read_text()


def test_every_target_that_people_call_is_explained() -> None:
    text = (ROOT / "Makefile").read_text()
    called = set(re.findall(r"^\.PHONY: (\S+)$", text, flags=re.MULTILINE))
    explained = set(re.findall(r"^([a-z-]+):.* ## .+$", text, flags=re.MULTILINE))
    assert called == explained
    listed = subprocess.run(["make", "-C", str(ROOT), "help"], capture_output=True, text=True, check=True).stdout
    assert all(f"make {name} " in listed for name in called)
