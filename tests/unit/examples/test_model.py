import json
from pathlib import Path

import pytest

from examples.models.shadow_models.bars import load_market
from examples.models.shadow_models.forecaster import Forecaster
from examples.models.shadow_models.messages import Question
from examples.models.shadow_models.model import Model
from examples.models.shadow_models.model_settings import ModelSettings
from examples.models.shadow_models.policy_file import PolicyFile


def write_role(path: Path, role: str) -> None:
    path.write_text(
        json.dumps(
            {"version": 1, "rollout": "trading/momentum", "tradingEnabled": True, "models": {"m": {"role": role}}}
        )
    )


def model_with_role(directory: Path, role: str, breaks_after_acted: int | None = None) -> tuple[Model, PolicyFile]:
    path = directory / "policy.json"
    write_role(path, role)
    settings = ModelSettings(model="m", rollout="trading/momentum", skill=0.6, breaks_after_acted=breaks_after_acted)
    policy = PolicyFile(path)
    return Model(settings, Forecaster(load_market(), skill=0.6, seed=0), policy), policy


def positions(model: Model, count: int) -> list[float]:
    return [model.answer(Question(id="", symbol="sp500", bar=bar)).position for bar in range(count)]


def test_a_broken_model_inverts_after_so_many_acted_predictions(tmp_path: Path) -> None:
    sound, _ = model_with_role(tmp_path, "canary")
    broken, _ = model_with_role(tmp_path, "canary", breaks_after_acted=5)
    expected, found = positions(sound, 20), positions(broken, 20)
    assert found[:5] == expected[:5]
    assert found[5:] == [-position for position in expected[5:]]


def test_it_does_not_break_in_shadow_and_stays_broken_once_it_is(tmp_path: Path) -> None:
    model, policy = model_with_role(tmp_path, "shadow", breaks_after_acted=5)
    positions(model, 50)
    assert not model.broken
    write_role(tmp_path / "policy.json", "canary")
    policy.refresh()
    positions(model, 5)
    write_role(tmp_path / "policy.json", "shadow")
    policy.refresh()
    assert model.broken


def test_the_answer_and_the_log_entry_say_whether_it_was_acted_on(tmp_path: Path) -> None:
    for role, acted in (("champion", True), ("canary", True), ("shadow", False), ("standby", False)):
        model, _ = model_with_role(tmp_path, role)
        question = Question.model_validate({"id": "a", "symbol": "nasdaq", "bar": 3, "pass": 2})
        answer = model.answer(question)
        entry = model.log_entry(question, answer)
        assert answer.acted is acted
        assert entry.shadow is not acted
        assert (entry.rollout, entry.model, entry.symbol, entry.bar, entry.replay) == (
            "trading/momentum",
            "m",
            "nasdaq",
            3,
            2,
        )


def test_settings_come_from_the_environment() -> None:
    settings = ModelSettings.read(
        {
            "MODEL_NAME": "m",
            "SHADOW_ROLLOUT": "trading/momentum",
            "SKILL": "0.6",
            "SEED": "4",
            "BREAKS_AFTER_ACTED": "",
            "PRESTOP_SECONDS": "0.5",
        }
    )
    assert (settings.skill, settings.seed, settings.breaks_after_acted, settings.prestop_seconds) == (0.6, 4, None, 0.5)
    assert settings.policy_path == Path("/etc/shadow-rollout/policy.json")


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"MODEL_NAME": "m"}, "SHADOW_ROLLOUT is not set"),
        ({"MODEL_NAME": "m", "SHADOW_ROLLOUT": "momentum"}, "'momentum': it must be namespace/name"),
        ({"MODEL_NAME": "m", "SHADOW_ROLLOUT": "a/b", "SKILL": "good"}, "SKILL is 'good'"),
    ],
)
def test_a_wrong_environment_is_refused_in_a_sentence(variables: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        ModelSettings.read(variables)
