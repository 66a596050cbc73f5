import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from examples.models.shadow_models.policy import ModelPolicy, PolicyDocument, Role
from examples.models.shadow_models.policy_file import PolicyFile


def document(version: int = 1, *, trading: bool = True, **models: Any) -> dict[str, Any]:
    return {
        "version": version,
        "digest": "sha256:0",
        "rollout": "trading/momentum",
        "tradingEnabled": trading,
        "models": models,
    }


def test_acted_on_exactly_if_trading_role_and_confidence_allow_it() -> None:
    for role in Role:
        for trading in (True, False):
            policy = PolicyDocument.model_validate(document(trading=trading, m={"role": role, "minConfidence": 0.6}))
            for confidence in (0.59, 0.6, 0.61):
                expected = trading and role in ("champion", "canary") and confidence >= 0.6
                assert policy.ruling("m", confidence).acted is expected


def test_a_model_that_the_policy_does_not_know_acts_on_nothing() -> None:
    policy = PolicyDocument.model_validate(document(other={"role": "champion"}))
    assert not policy.ruling("m", 1.0).acted
    assert policy.role_of("m") is None


def test_confidence_is_read_off_the_calibration_curve_before_it_is_compared() -> None:
    curve = [[0.5, 0.5], [0.7, 0.6], [0.9, 0.65]]
    model = ModelPolicy.model_validate({"role": "champion", "calibration": curve})
    read = [model.calibrated(x) for x in (0.4, 0.5, 0.6, 0.7, 0.8, 0.95)]
    assert read == pytest.approx([0.5, 0.5, 0.55, 0.6, 0.625, 0.65])
    policy = PolicyDocument.model_validate(document(m={"role": "champion", "calibration": curve, "minConfidence": 0.6}))
    ruling = policy.ruling("m", 0.65)
    assert not ruling.acted
    assert ruling.confidence == pytest.approx(0.575)


@pytest.mark.parametrize("curve", [[[0.7, 0.5], [0.6, 0.6]], [[0.5, 0.5], [0.5, 0.6]], [[0.5, 1.2]]])
def test_a_curve_that_is_no_curve_is_refused(curve: list[list[float]]) -> None:
    with pytest.raises(ValidationError, match="calibration has"):
        ModelPolicy.model_validate({"role": "champion", "calibration": curve})


def mount(volume: Path, generation: str, content: str) -> Path:
    """Write a new directory and swap the symlink to it, as the kubelet does with a mounted ConfigMap."""
    (volume / generation).mkdir()
    (volume / generation / "policy.json").write_text(content)
    (volume / "..data_tmp").symlink_to(generation)
    (volume / "..data_tmp").rename(volume / "..data")
    path = volume / "policy.json"
    if not path.is_symlink():
        path.symlink_to("..data/policy.json")
    return path


def test_a_mounted_policy_is_followed_through_the_swap_of_its_symlink(tmp_path: Path) -> None:
    path = mount(tmp_path, "..1", json.dumps(document(1, m={"role": "shadow"})))
    policy = PolicyFile(path)
    assert not policy.ruling("m", 0.9).acted
    assert not policy.refresh()
    mount(tmp_path, "..2", json.dumps(document(2, m={"role": "canary"})))
    assert policy.refresh()
    assert policy.ruling("m", 0.9).acted
    mount(tmp_path, "..3", json.dumps(document(3, m={"role": "shadow"})))
    policy.refresh()
    assert not policy.ruling("m", 0.9).acted


@pytest.mark.parametrize("content", ["", "{", '{"version": 2}'])
def test_a_policy_that_cannot_be_read_lets_nobody_act(tmp_path: Path, content: str) -> None:
    path = mount(tmp_path, "..1", json.dumps(document(1, m={"role": "champion"})))
    policy = PolicyFile(path)
    assert policy.ruling("m", 0.9).acted
    mount(tmp_path, "..2", content)
    policy.refresh()
    assert not policy.ruling("m", 0.9).acted


def test_a_missing_policy_lets_nobody_act_until_it_is_there(tmp_path: Path) -> None:
    policy = PolicyFile(tmp_path / "policy.json")
    assert policy.document is None
    assert not policy.ruling("m", 0.9).acted
    mount(tmp_path, "..1", json.dumps(document(1, m={"role": "champion"})))
    policy.refresh()
    assert policy.ruling("m", 0.9).acted


def test_the_operators_own_document_is_understood() -> None:
    core = pytest.importorskip("shadow_operator.core.policy")
    roles = pytest.importorskip("shadow_operator.core.roles")
    written = core.Policy(
        "trading/momentum",
        (
            ("v7", core.ModelPolicy(role=roles.Role.CHAMPION, vote_weight=1.0, min_confidence=0.0)),
            ("v8", core.ModelPolicy(role=roles.Role.CANARY, vote_weight=0.0, min_confidence=0.6)),
        ),
    ).text(4)
    read = PolicyDocument.model_validate_json(written)
    assert (read.version, read.rollout, read.role_of("v8")) == (4, "trading/momentum", Role.CANARY)
    assert read.ruling("v7", 0.5).acted
    assert not read.ruling("v8", 0.5).acted
