"""Argo CD's health and actions, in a real Lua, over statuses that the code writes."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from lupa.lua51 import LuaError

from shadow_operator.core.command import command_of
from tests.gitops import argo, argo_files
from tests.gitops.argo import ActionCase, ActionCases, DiscoveryCase, HealthCase, HealthCases, act, discovered, health
from tests.gitops.argo_files import ACTIONS, ARGO, ARGO_USER, CONFIG_MAP, SCRIPTS
from tests.world.manifests import Manifest
from tests.world.standings import BY_NAME, STANDINGS

ROOT = Path(__file__).resolve().parents[2]
KIND = ROOT / SCRIPTS
HEALTH = (KIND / "health.lua").read_text()
DISCOVERY = (KIND / "actions" / "discovery.lua").read_text()
HEALTH_CASES = HealthCases.model_validate(argo.read(KIND / "health_test.yaml")).tests
ACTION_CASES = ActionCases.model_validate(argo.read(KIND / "actions" / "action_test.yaml"))


def action_script(name: str) -> str:
    return (KIND / "actions" / name / "action.lua").read_text()


def action_input(path: str) -> Manifest:
    return dict(argo.read(KIND / "actions" / path))


@pytest.mark.parametrize("case", HEALTH_CASES, ids=lambda case: case.inputPath)
def test_health(case: HealthCase) -> None:
    assert health(HEALTH, argo.read(KIND / case.inputPath)) == case.healthStatus


@pytest.mark.parametrize("case", ACTION_CASES.discoveryTests, ids=lambda case: case.inputPath)
def test_actions_are_offered_where_they_can_be_taken(case: DiscoveryCase) -> None:
    expected = sorted(case.result, key=lambda action: action.name)
    assert discovered(DISCOVERY, action_input(case.inputPath)) == expected


@pytest.mark.parametrize("case", ACTION_CASES.actionTests, ids=lambda case: case.expectedOutputPath)
def test_actions(case: ActionCase) -> None:
    done = act(action_script(case.action), action_input(case.inputPath), case.parameters)
    assert done == action_input(case.expectedOutputPath)


@pytest.mark.parametrize("case", ACTION_CASES.actionTests, ids=lambda case: case.expectedOutputPath)
def test_an_action_writes_nothing_but_annotations(case: ActionCase) -> None:
    before = action_input(case.inputPath)
    after = act(action_script(case.action), before, case.parameters)
    del after["metadata"]["annotations"]
    before["metadata"].pop("annotations", None)
    assert after == before


@pytest.mark.parametrize("case", ACTION_CASES.actionTests, ids=lambda case: case.expectedOutputPath)
def test_the_operator_reads_what_an_action_writes(case: ActionCase) -> None:
    done = act(action_script(case.action), action_input(case.inputPath), case.parameters)
    command = command_of(done["metadata"]["annotations"])
    assert command is not None
    assert command.text.split("/")[:2] == [case.action, "argocd-48213"]
    assert command.by == ARGO_USER
    assert command.challenger == (case.parameters.get("challenger") or None)
    assert command.verb == case.action


@pytest.mark.parametrize("name", ACTIONS)
def test_two_clicks_at_once_are_one_command_and_a_later_one_is_another(name: str) -> None:
    stored = BY_NAME["canary"].stored()
    first, again = (act(action_script(name), stored) for _ in range(2))
    assert first == again
    stored["metadata"]["resourceVersion"] = "48214"
    later = act(action_script(name), stored)
    assert command_of(later["metadata"]["annotations"]) != command_of(first["metadata"]["annotations"])


def test_every_action_has_its_script_and_its_cases() -> None:
    assert {path.parent.name for path in KIND.glob("actions/*/action.lua")} == set(ACTIONS)
    assert {case.action for case in ACTION_CASES.actionTests} == set(ACTIONS)


def test_every_standing_that_argo_cd_judges_has_a_case() -> None:
    names = {Path(case.inputPath).stem for case in HEALTH_CASES}
    assert names == {standing.name for standing in STANDINGS if standing.health is not None}


@pytest.mark.parametrize(
    "script", ["string.len('x')", "math.floor(1)", "('x'):upper()", "os.execute('true')", "io.open('x')", "python.eval"]
)
def test_the_sandbox_has_no_more_than_argo_cds(script: str) -> None:
    with pytest.raises(LuaError):
        argo.run(f"return {script}", {})


def test_a_table_that_is_returned_twice_is_refused_as_argo_cd_refuses_it() -> None:
    with pytest.raises(AssertionError, match="a table is returned twice"):
        argo.run("local one = {} return {first = one, second = one}", {})
    assert argo.run("return {first = {}, second = {}}", {}) == {"first": [], "second": []}


def test_the_files_are_those_that_follow_from_the_code() -> None:
    written = argo_files.targets(ROOT)
    for path, text in written.items():
        assert (ROOT / path).read_text() == text, f"{path}: run `make generate`"
    cases = {path.relative_to(ROOT) for path in KIND.rglob("*.yaml")}
    assert cases <= set(written), "a case that nothing writes any more"


def test_the_config_map_has_the_scripts() -> None:
    data: dict[str, Any] = argo.read(ROOT / CONFIG_MAP)["data"]
    assert data["resource.customizations.health.shadowrollouts.io_ShadowRollout"] == HEALTH
    actions = yaml.safe_load(data["resource.customizations.actions.shadowrollouts.io_ShadowRollout"])
    assert actions["discovery.lua"] == DISCOVERY
    assert {each["name"]: each["action.lua"] for each in actions["definitions"]} == {
        name: action_script(name) for name in ACTIONS
    }


def test_the_role_lets_argo_cd_give_these_commands_and_no_others() -> None:
    role, binding = yaml.safe_load_all((ROOT / ARGO / "commands-role.yaml").read_text())
    (rule,) = role["rules"]
    assert rule["apiGroups"] == ["shadowrollouts.io"]
    assert set(rule["resources"]) == {f"shadowrollouts/{name}" for name in ACTIONS}
    assert rule["verbs"] == ["update"]
    (subject,) = binding["subjects"]
    assert f"system:serviceaccount:{subject['namespace']}:{subject['name']}" == ARGO_USER
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
