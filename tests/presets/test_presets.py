"""The presets that ship, each replayed from recorded series in a real Prometheus to the decision that is expected."""

import pytest

from shadow_operator.api.status import Phase, Stage
from shadow_operator.core.events import Reason
from shadow_operator.core.gates import Outcome
from shadow_operator.metrics.prometheus import Prometheus
from tests.presets.cases import ACTS, ASKS, CASES, REJECTED, WAITS, Case
from tests.presets.replay import PRESETS, Replay, rollout_by, template


def decision_of(replay: Replay) -> str:
    if replay.stage is Stage.CANARY:
        return ACTS
    if replay.rollout.status.phase is Phase.AWAITING_APPROVAL:
        return ASKS
    return REJECTED if replay.stage is Stage.REJECTED else WAITS


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rollout)
async def test_a_preset_decides_as_the_model_deserves(prometheus: str, case: Case) -> None:
    source = Prometheus(prometheus, 30.0)
    replay = Replay(rollout_by(case.preset, case.rollout), source)
    await replay.run(case.hours)
    source.close()
    said = [result.sentence for result in replay.results.values() if result.outcome is not Outcome.PASS]
    assert decision_of(replay) == case.decision, (said, replay.rollout.status.challengers)
    assert case.by <= replay.open_gates, said
    # Whoever waits, waits for these and for no others.
    assert case.decision not in {WAITS, ASKS} or case.by == replay.open_gates, said
    # The limit under test decides, and not a figure that nobody recorded.
    assert not [each for each in replay.results.values() if each.outcome is Outcome.BLIND], said
    if case.decision == ACTS:
        assert replay.reasons.count(Reason.CANARY_STARTED) == 1


def test_every_preset_is_replayed_and_every_limit_of_it_has_another_side() -> None:
    shipped = {path.stem for path in PRESETS.glob("*.yaml")}
    assert {case.preset for case in CASES} == shipped
    for preset in shipped:
        cases = [case for case in CASES if case.preset == preset]
        assert any(case.decision == ACTS for case in cases)
        held = {gate for case in cases for gate in case.by}
        limits = {gate.name for gate in template(preset).spec.gates or () if gate.role != "Secondary"}
        assert limits <= held, f"no case of {preset} fails {limits - held}"
