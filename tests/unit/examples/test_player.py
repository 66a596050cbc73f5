"""The demo's player from its first line to its exit code, on a cluster that is only pretended."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.demo.player import follow, split
from examples.demo.player.__main__ import main
from examples.demo.player.failure import DemoError, UnreachableError
from examples.demo.player.options import read_options
from examples.demo.player.waiting import Look, wait_until
from tests.unit.examples.fake_cluster import SCENE_SECONDS, STORY, FakeCluster, fake_cluster


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCluster]:
    monkeypatch.setattr(follow, "LOOK_EVERY", 0.03)
    monkeypatch.setattr(split, "SETTLING_SECONDS", 0.0)
    with fake_cluster(tmp_path) as pretended:
        yield pretended


def arguments(cluster: FakeCluster, *more: str) -> list[str]:
    report = cluster.directory / "out" / "report.json"
    kubeconfig = cluster.directory / "kubeconfig"
    return ["--tools", str(cluster.tools), "--kubeconfig", str(kubeconfig), "--report", str(report), *more]


def test_the_whole_story(cluster: FakeCluster, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(cluster, "--cluster-seconds", "90", "--images", "models=my/models:3")) == 0
    report = json.loads((cluster.directory / "out" / "report.json").read_text())
    assert {name: (each["truth"], each["outcome"]) for name, each in report["challengers"].items()} == {
        "momentum-v8": ("better", "Promoted"),
        "momentum-twin": ("equal", "NotPromoted"),
        "patchtst-v2": ("broken", "RolledBack"),
    }
    assert report["requests"]["sent"] == 400
    assert report["seconds"]["cluster"] == 90.0
    assert report["champion"] == "momentum-v8"
    broken = report["challengers"]["patchtst-v2"]
    # 600 of 10,000 at the second scrape is over 5 %: the last answer came 1.1 scenes and 10 ms later.
    assert broken["breachToZeroSeconds"] == pytest.approx(1.1 * SCENE_SECONDS + 0.01, abs=0.005)
    assert broken["breach"]["breachSeen"] < broken["breach"]["breachedAt"] < broken["breach"]["lastAnswer"]
    assert [entry["stage"] for entry in broken["timeline"]] == ["Shadow", "Canary", "RolledBack"]
    assert [entry["decision"] for entry in broken["evidence"]] == ["Canary", "RolledBack"]
    assert broken["evidence"][0]["effect"] == "5.1"
    first = broken["split"][0]
    assert (first["askedPercent"], first["envoy"]["within"]) == (10, True)
    assert report["challengers"]["momentum-v8"]["breachToZeroSeconds"] is None
    printed = capsys.readouterr().out
    assert "momentum-v7 -> momentum-v8" in printed
    assert "guardrail max-drawdown read 5.31%, at most 5% is allowed" in printed
    assert "make down" in printed


def test_what_it_asks_of_the_cluster(cluster: FakeCluster) -> None:
    main(arguments(cluster, "--images", "operator=my/operator:7", "models=my/models:3"))
    helm = next(line for line in cluster.commands if line.startswith("helm"))
    assert "--namespace=shadow-system --create-namespace" in helm
    assert "image.repository=my/operator,image.tag=7,image.pullPolicy=IfNotPresent" in helm
    assert cluster.applied("image: my/models:3")
    assert not cluster.applied("shadow/models:dev")
    assert cluster.applied('"GATEWAY_URL": "http://envoy-trading-models-1.envoy-gateway-system:80"')
    assert cluster.posts == ["/api/v1/namespaces/trading/services/feed:8080/proxy/stop"]
    assert not any("delete pods" in line for line in cluster.commands)


@pytest.mark.parametrize("chosen", [[], ["momentum-v8"]])
def test_the_leading_pod_is_killed_once_in_the_middle_of_a_canary(cluster: FakeCluster, chosen: list[str]) -> None:
    assert main(arguments(cluster, "--kill-operator-in-canary", *chosen)) == 0
    kills = [line for line in cluster.commands if "delete pod shadow-operator-leads --namespace=shadow-system" in line]
    assert len(kills) == 1
    assert "--grace-period=0" in kills[0]
    report = json.loads((cluster.directory / "out" / "report.json").read_text())
    assert report["operatorKilledAt"] is not None


def test_an_outcome_that_is_not_the_truth_ends_with_1(cluster: FakeCluster, capsys: pytest.CaptureFixture[str]) -> None:
    cluster.story = (*STORY[:-1], ("Completed", None, "Promoted", "Promoted", "RolledBack"))
    assert main(arguments(cluster)) == 1
    assert "momentum-twin is equal: NotPromoted was expected, found Promoted." in capsys.readouterr().out


def test_a_failed_request_ends_with_1(cluster: FakeCluster, capsys: pytest.CaptureFixture[str]) -> None:
    cluster.failed = 3
    assert main(arguments(cluster)) == 1
    assert "3 of 400 requests failed" in capsys.readouterr().out


def test_a_rollout_that_does_not_complete_ends_with_1_and_a_report(
    cluster: FakeCluster, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.story = STORY[:3]
    assert main(arguments(cluster, "--seconds", "1.2")) == 1
    assert "did not complete within 1 s; it is Canary" in capsys.readouterr().out
    assert (cluster.directory / "out" / "report.json").exists()


def test_a_command_that_fails_ends_it_with_a_sentence(cluster: FakeCluster, capsys: pytest.CaptureFixture[str]) -> None:
    (cluster.tools / "helm").write_text("#!/bin/sh\necho 'Error: chart not found' >&2\nexit 1\n")
    assert main(arguments(cluster)) == 1
    assert "The demo ended early. `helm upgrade" in capsys.readouterr().out


def test_waiting_ends_with_what_was_waited_for_and_what_was_found() -> None:
    with pytest.raises(DemoError, match=r"Waited 0 s for the moon; found: a lamp\."):
        wait_until("the moon", lambda: Look(done=False, found="a lamp"), seconds=0.0)


def test_waiting_goes_on_while_nothing_answers() -> None:
    looks: Iterator[UnreachableError | Look] = iter([UnreachableError("not yet"), Look(done=True, found="")])

    def look() -> Look:
        found = next(looks)
        if isinstance(found, UnreachableError):
            raise found
        return found

    wait_until("an answer", look, seconds=5.0, every=0.0)


@pytest.mark.parametrize("pair", ["models", "nothing=a/b:c", "models=untagged"])
def test_an_image_that_is_none_is_refused(pair: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        read_options(["--tools", "t", "--kubeconfig", "k", "--images", pair])
    assert "write NAME=IMAGE:TAG" in capsys.readouterr().err
