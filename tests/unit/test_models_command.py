"""`shadow-operator models`: what it registers, what it shows, and what it refuses."""

import argparse
import json
from pathlib import Path

import pytest

from shadow_operator.__main__ import main
from shadow_operator.api.model_version import ModelStage, ModelVersion
from shadow_operator.cli import models
from shadow_operator.cli.models import RefusedError, deactivate, listed, register, summary
from shadow_operator.cluster import Object
from shadow_operator.dataset import Format, fingerprint
from tests.world.memory_cluster import MemoryCluster
from tests.world.model_versions import registered

_PATH = "/apis/shadowrollouts.io/v1alpha1/namespaces/default/modelversions"
_NEW = ("register", "momentum-8", "--strategy=momentum", "--type=lstm", "--version=8")


def asked(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    models.add_to(parser.add_subparsers())
    return parser.parse_args(["models", *words])


def stocked() -> MemoryCluster:
    cluster = MemoryCluster()
    for each in (
        registered("momentum-7", ModelStage.PRODUCTION, "momentum"),
        registered("momentum-8", ModelStage.SHADOW, "momentum", type="patchtst"),
        registered("momentum-9", active=False),
        registered("carry-1", ModelStage.RETIRED, strategy="carry"),
    ):
        cluster.objects[f"{_PATH}/{each.metadata.name}"] = each.model_dump(
            mode="json", by_alias=True, exclude_none=True
        )
    return cluster


async def made(*words: str) -> Object:
    cluster = MemoryCluster()
    assert await register(cluster, asked(*_NEW, *words)) == "momentum-8 is registered\n"
    stored = cluster.objects[f"{_PATH}/momentum-8"]
    ModelVersion.model_validate(stored | {"metadata": stored["metadata"] | {"uid": "1"}})
    return dict(stored["spec"])


async def test_a_model_is_registered_with_what_is_said_of_it() -> None:
    spec = await made("--image=models/momentum:8", "--commit=abc", "--training-run=17", "--benchmark=sharpe=1.32")
    assert spec == {
        "strategy": "momentum",
        "type": "lstm",
        "version": "8",
        "image": "models/momentum:8",
        "training": {"commit": "abc", "run": "17"},
        "benchmark": [{"name": "sharpe", "value": "1.32"}],
    }


@pytest.mark.parametrize(("option", "form"), [((), Format.V1), (("--without-times",), Format.V1_TIMELESS)])
async def test_its_dataset_is_fingerprinted_where_it_lies(
    tmp_path: Path, option: tuple[str, ...], form: Format
) -> None:
    (tmp_path / "prices").write_text("1,2,3", encoding="utf-8")
    spec = await made("--image=m:8", f"--data={tmp_path}", "--mounted-at=/data", *option)
    assert spec["dataset"] == {"fingerprint": fingerprint(tmp_path, form), "path": "/data"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "a model is an image or an artifact: name at least one of them"),
        (("--image=m 8",), 'image: Value error, "m 8" is not an image'),
        (("--image=m:8", "--mounted-at=/data"), "give --data or --fingerprint, and --mounted-at"),
        (("--image=m:8", "--fingerprint=sha256:1", "--mounted-at=/data"), '"sha256:1" is not a fingerprint'),
        (("--image=m:8", "--benchmark=sharpe"), '--benchmark is "sharpe": write NAME=FIGURE'),
        (("--image=m:8", "--benchmark=sharpe=high"), '"high" is not a figure'),
    ],
)
async def test_what_is_not_whole_is_refused_with_a_sentence(words: tuple[str, ...], says: str) -> None:
    cluster = MemoryCluster()
    with pytest.raises(RefusedError) as refusal:
        await register(cluster, asked(*_NEW, *words))
    assert says in str(refusal.value)
    assert cluster.objects == {}


async def test_a_registered_model_stays_what_it_is() -> None:
    with pytest.raises(RefusedError, match="it stays what it is: register this one under another name"):
        await register(stocked(), asked(*_NEW, "--image=other:8"))


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ((), ["carry-1", "momentum-7", "momentum-8", "momentum-9"]),
        (("--strategy=momentum",), ["momentum-7", "momentum-8", "momentum-9"]),
        (("--type=patchtst",), ["momentum-8"]),
        (("--stage=Retired",), ["carry-1"]),
        (("--strategy=momentum", "--stage=Retired"), []),
    ],
)
async def test_models_are_found_by_strategy_type_and_stage(words: tuple[str, ...], names: list[str]) -> None:
    head, *lines = (await listed(stocked(), asked("list", *words))).splitlines()
    assert head.split() == ["NAME", "STRATEGY", "TYPE", "VERSION", "STAGE", "ACTIVE", "ROLLOUT", "IMAGE"]
    assert [line.split()[0] for line in lines] == names
    objects = (await listed(stocked(), asked("list", "--json", *words))).splitlines()
    assert [json.loads(each)["metadata"]["name"] for each in objects] == names


async def test_a_line_says_where_a_model_stands() -> None:
    lines = (await listed(stocked(), asked("list", "--strategy=momentum"))).splitlines()
    assert [line.split() for line in (lines[1], lines[3])] == [
        ["momentum-7", "momentum", "lstm", "2", "Production", "yes", "momentum", "models/better:2"],
        ["momentum-9", "momentum", "lstm", "2", "Registered", "no", "-", "models/better:2"],
    ]


async def test_the_summary_has_a_line_a_strategy() -> None:
    head, carry, momentum = (await summary(stocked(), asked("summary"))).splitlines()
    stages = [stage.value.upper() for stage in ModelStage]
    assert head.split() == ["STRATEGY", "PRODUCTION", *stages, "INACTIVE"]
    assert carry.split() == ["carry", "-", "0", "0", "0", "0", "1", "0", "0"]
    assert momentum.split() == ["momentum", "momentum-7", "1", "1", "0", "1", "0", "0", "1"]


async def test_who_is_in_a_race_is_deactivated_by_force_only() -> None:
    with pytest.raises(RefusedError, match="momentum-7 is Production in rollout momentum, which would stall"):
        await deactivate(stocked(), asked("deactivate", "momentum-7"))
    for words in (("momentum-7", "--force"), ("carry-1",)):
        assert (await deactivate(stocked(), asked("deactivate", *words))).startswith(f"{words[0]} is deactivated")
    with pytest.raises(RefusedError, match="there is no ModelVersion momentum-1 in default"):
        await deactivate(stocked(), asked("deactivate", "momentum-1"))


def test_without_a_cluster_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "kubeconfig"
    monkeypatch.setattr("sys.argv", ["shadow-operator", "models", "list", f"--kubeconfig={missing}"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == models.EXIT_REFUSED
    assert f"kubeconfig {missing}" in capsys.readouterr().err
