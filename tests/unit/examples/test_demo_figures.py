"""What the player computes from what it saw."""

import json
from pathlib import Path

import pytest
import yaml

from examples.demo.player.breach import Result, drawdowns, first_breach
from examples.demo.player.envoy_log import read_log
from examples.demo.player.split import Seen, Window, seen_by_client, seen_by_envoy, window_of
from examples.demo.player.story import Step
from examples.demo.player.view import declared_in

EXAMPLES = Path(__file__).parents[3] / "examples"
MANIFESTS = EXAMPLES / "demo" / "manifests"


def step(begun: float | None, last_seen: float, percent: int = 25) -> Step:
    return Step("v8", 1, percent, begun, last_seen)


def test_a_window_keeps_off_both_ends_of_its_step() -> None:
    assert window_of(step(100.0, 110.0)) == Window(100.5, 109.5)
    assert window_of(step(None, 110.0)) is None
    assert window_of(step(100.0, 100.2)) is None


def test_the_client_counts_whole_seconds_within_the_window() -> None:
    seconds = [{"t": 100 + offset, "answers": {"v7": 30, "v8": 10 + offset}} for offset in range(5)]
    assert seen_by_client(seconds, Window(100.5, 103.2), "v8") == Seen(challenger=11 + 12, requests=41 + 42)


def test_envoy_counts_what_it_logged_within_the_window() -> None:
    requests = [(1.0, "v8"), (2.0, "v7"), (2.5, "v8"), (4.0, "v8")]
    assert seen_by_envoy(requests, Window(1.5, 3.0), "v8") == Seen(challenger=1, requests=2)


@pytest.mark.parametrize(("challenger", "within"), [(100, True), (72, True), (71, False), (131, False)])
def test_a_share_is_within_three_standard_deviations_or_not(challenger: int, within: bool) -> None:  # noqa: FBT001
    found = Seen(challenger, 1000).against(10)
    assert found["within"] is within
    assert found["band"] == [7.15, 12.85]


def test_a_share_of_nothing_is_unknown() -> None:
    assert Seen(0, 0).against(10)["within"] is None


def test_the_access_log_names_the_model_by_the_address_of_its_pod() -> None:
    entry = {
        "start_time": "2026-01-02T03:04:05.678Z",
        ":authority": "momentum.models.internal:80",
        "x-envoy-origin-path": "/predict",
        "upstream_host": "10.0.0.8:8080",
    }
    others = [
        entry | {":authority": "other"},
        entry | {"x-envoy-origin-path": "/healthz"},
        entry | {"upstream_host": None},
    ]
    text = "\n".join(["[info] starting", *(json.dumps(line) for line in [entry, *others])])
    (found,) = read_log(text, "momentum.models.internal", {"10.0.0.8": "v8"})
    assert found[0] == pytest.approx(1767323045.678)
    assert found[1] == "v8"


def test_a_drawdown_counts_each_result_as_a_share_of_the_capital_it_was_made_with() -> None:
    results = [
        Result(100.0, 9e4),
        Result(200.0, 0.0),
        Result(201.0, 100.0),
        Result(202.0, -400.0),
        Result(211.0, -900.0),
    ]
    steps = [step(200.5, 210.0, 10), step(210.0, 220.0, 50)]
    points = list(drawdowns(results, steps, capital=100_000.0))
    # What was lost before the canary is not counted; +1 % of 10,000, then -5 % of 10,000, then -1 % of 50,000.
    assert [round(drawdown, 5) for _, drawdown in points] == [0.0, round(0.05 / 1.01, 5), round(0.06 / 1.01, 5)]
    assert first_breach(iter(points), 0.05) == 211.0
    assert first_breach(iter(points), 0.10) is None


def test_the_manifest_declares_what_the_demo_checks() -> None:
    declared = declared_in(yaml.safe_load((MANIFESTS / "rollout.yaml").read_text()))
    assert declared.truths == {"momentum-v8": "better", "momentum-twin": "equal", "patchtst-v2": "broken"}
    assert (declared.percents, declared.drawdown_limit, declared.metrics.capital) == ([10, 25, 50], 0.05, 100_000.0)


def test_the_twin_has_the_skill_of_the_champion_and_another_seed() -> None:
    spec = yaml.safe_load((MANIFESTS / "rollout.yaml").read_text())["spec"]
    environment = {
        model["name"]: {each["name"]: each["value"] for each in model["env"]}
        for model in (spec["champion"], *spec["challengers"])
    }
    champion, twin = environment["momentum-v7"], environment["momentum-twin"]
    assert champion["SKILL"] == twin["SKILL"]
    assert len({each["SEED"] for each in environment.values()}) == len(environment)


@pytest.mark.parametrize("path", [EXAMPLES / "quickstart.yaml", MANIFESTS / "rollout.yaml"])
def test_the_manifests_are_valid(path: Path) -> None:
    rollout = pytest.importorskip("shadow_operator.api.rollout")
    spec = rollout.Spec.model_validate(yaml.safe_load(path.read_text())["spec"])
    assert spec.model(spec.champion.name) is not None


def test_every_pod_of_the_demo_passes_the_restricted_standard() -> None:
    templates = [
        document["spec"]["template"]["spec"]
        for path in MANIFESTS.glob("*.yaml")
        for document in yaml.safe_load_all(path.read_text())
        if document["kind"] == "Deployment"
    ]
    templates.append(yaml.safe_load((MANIFESTS / "rollout.yaml").read_text())["spec"]["workload"]["template"]["spec"])
    assert len(templates) == 4
    for template in templates:
        assert template["securityContext"]["runAsNonRoot"] is True
        assert template["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in template["containers"]:
            assert container["imagePullPolicy"] == "IfNotPresent"
            assert container["resources"]["requests"]
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
