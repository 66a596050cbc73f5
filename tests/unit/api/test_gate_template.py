"""What a rollout takes over from a template, and what it says itself."""

from typing import Any

import pytest
from pydantic import ValidationError

from shadow_operator.api.gate_template import GateTemplate, template_named, with_template
from shadow_operator.api.rollout import ShadowRollout, Spec
from tests.world.gate_templates import gate_template
from tests.world.manifests import REMOVED, changed, shortest_manifest
from tests.world.rollouts import as_stored

_BARE = {"spec.gates": REMOVED, "spec.canary": REMOVED, "spec.gatesFrom": {"name": "house"}}


def whole(edits: dict[str, Any], **template: Any) -> Spec:
    given = GateTemplate.model_validate(as_stored(gate_template(**template)))
    rollout = as_stored(changed(shortest_manifest(), _BARE | edits))
    return ShadowRollout.model_validate(with_template(rollout, given)).spec


def test_what_the_rollout_does_not_say_is_the_templates() -> None:
    spec = whole({}, shadow={"minDuration": "3d", "minTrades": 10}, promotion={"mode": "Manual"})
    assert [gate.name for gate in spec.gates] == ["mean-pnl", "drawdown"]
    assert [step.percent for step in spec.canary.steps] == [5, 25]
    assert (str(spec.shadow.min_duration), spec.shadow.min_trades) == ("3d", 10)
    assert spec.promotion.mode == "Manual"


def test_gates_and_guardrails_are_merged_by_name_and_the_rollouts_own_stands() -> None:
    own = [{"name": "drawdown", "test": "MaxDrawdown", "atMost": "2%"}, {"name": "restarts", "test": "Restarts"}]
    spec = whole({"spec.gates": own}, guardrails=[{"name": "max-drawdown", "metric": "drawdown", "above": "5%"}])
    assert {gate.name: gate.most for gate in spec.gates} == {"mean-pnl": None, "drawdown": 0.02, "restarts": 2.0}
    assert [guardrail.name for guardrail in spec.guardrails] == ["max-drawdown"]


def test_a_section_of_the_rollouts_own_stands_as_a_whole() -> None:
    own = {"steps": [{"percent": 50}]}
    spec = whole({"spec.canary": own, "spec.shadow": {"minTrades": 7}}, shadow={"minDuration": "3d", "minTrades": 10})
    assert [step.percent for step in spec.canary.steps] == [50]
    assert (str(spec.shadow.min_duration), spec.shadow.min_trades) == ("14d", 7)


def test_a_rollout_that_names_none_is_left_as_it_is() -> None:
    assert template_named(as_stored(shortest_manifest())) is None
    assert template_named(as_stored(changed(shortest_manifest(), _BARE))) == "house"


def test_what_does_not_fit_together_is_refused_with_the_field() -> None:
    member = [{"name": "diverse", "test": "ActionDiversity", "role": "Member", "group": "behaviour"}]
    with pytest.raises(ValidationError, match="a gate counts in a group that is not in groups"):
        whole({"spec.gates": member})
    with pytest.raises(ValidationError, match=r"spec\.canary"):
        whole({}, canary=None)


def test_the_template_itself_is_left_as_it_is() -> None:
    given = GateTemplate.model_validate(as_stored(gate_template()))
    before = given.model_dump()
    with_template(as_stored(changed(shortest_manifest(), _BARE)), given)
    assert given.model_dump() == before
