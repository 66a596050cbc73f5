"""What the API server makes of a GateTemplate, and of a rollout that names one."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.control_plane.api_server import ApiServer, RefusedError
from tests.world.gate_templates import gate_template
from tests.world.manifests import REMOVED, changed, shortest_manifest

pytestmark = pytest.mark.control_plane

_PRESETS = sorted((Path(__file__).parents[2] / "examples" / "gate-templates").glob("*.yaml"))
_BY_TEMPLATE = {"spec.gatesFrom": {"name": "shared"}, "spec.gates": REMOVED, "spec.canary": REMOVED}


def test_what_a_template_leaves_out_stays_left_out(api: ApiServer) -> None:
    returned = api.share(gate_template())
    assert set(returned["spec"]) == {"gates", "canary"}
    assert "status" not in returned


@pytest.mark.parametrize("path", _PRESETS, ids=lambda path: str(path.stem))
def test_the_presets_are_accepted(api: ApiServer, path: Path) -> None:
    preset = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert api.share(preset)["metadata"]["name"] == path.stem


@pytest.mark.parametrize(
    ("edits", "says"),
    [
        ({"spec.gates[0].atLeast": "1"}, "atLeast belongs to a gate with test"),
        ({"spec.canary.steps": [{"percent": 9}, {"percent": 5}]}, "each canary step has to be larger"),
        ({"spec.errorBudget": {"alpha": "70%"}}, "at most 50%"),
        ({"spec.champion": {"name": "mine", "image": "a:1"}}, 'unknown field "spec.champion"'),
    ],
)
def test_a_wrong_one_is_refused_with_a_sentence(api: ApiServer, edits: dict[str, Any], says: str) -> None:
    with pytest.raises(RefusedError) as refusal:
        api.share(changed(gate_template(), edits))
    assert says in str(refusal.value)


def test_a_rollout_that_names_one_may_leave_out_what_a_template_presets(api: ApiServer) -> None:
    returned = api.apply(changed(shortest_manifest(), _BY_TEMPLATE))
    sections = {"shadow", "errorBudget", "gates", "groups", "guardrails", "canary", "promotion"}
    assert not sections & set(returned["spec"])
