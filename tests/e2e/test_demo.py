"""The whole of it on a real cluster: real pods, a real gateway, a real Prometheus, real market data."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import ROOT, Kubectl

# The rollout has five minutes; installing and starting the pieces takes another one.
pytestmark = pytest.mark.timeout(720)

Report = dict[str, Any]


@pytest.fixture(scope="module")
def report(kubeconfig: Path, tools: Path, kubectl: Kubectl, images: list[str]) -> Report:
    """Play the demo once, with the leading operator killed at the second step of the better challenger's canary."""
    assert kubectl("get", "nodes", "-o", "name")
    path = ROOT / "build" / "test" / "report.json"
    path.unlink(missing_ok=True)
    played = subprocess.run(
        [
            *(sys.executable, str(ROOT / "examples" / "demo" / "play.py")),
            *("--tools", str(tools), "--kubeconfig", str(kubeconfig), "--report", str(path)),
            *("--kill-operator-in-canary", "momentum-v8", "--images", *images),
        ],
        check=False,
        timeout=600,
    )
    assert path.exists(), f"the demo ended with {played.returncode} and wrote no report"
    found: Report = json.loads(path.read_text())
    return found


@pytest.mark.parametrize(
    ("truth", "outcome"), [("better", "Promoted"), ("equal", "NotPromoted"), ("broken", "RolledBack")]
)
def test_each_challenger_ends_as_its_true_skill_deserves_although_the_operator_was_killed(
    report: Report, truth: str, outcome: str
) -> None:
    ended = {each["truth"]: each["outcome"] for each in report["challengers"].values()}
    assert ended[truth] == outcome


def test_no_request_fails_through_rollback_promotion_and_a_killed_operator(report: Report) -> None:
    assert report["requests"]["sent"] > 1000
    assert report["requests"]["failed"] == 0


def test_the_broken_one_answers_nobody_within_seconds_of_the_breach(report: Report) -> None:
    broken = next(each for each in report["challengers"].values() if each["truth"] == "broken")
    # The guard looks once a second at figures that are scraped once a second; ten is for a busy machine.
    assert 0 <= broken["breachToZeroSeconds"] < 10


def test_people_see_where_the_rollout_stands(report: Report, kubectl: Kubectl) -> None:
    assert report["requests"]["sent"]
    header, line = kubectl("-n", "trading", "get", "sr").splitlines()
    assert header.split() == ["NAME", "PHASE", "STEP", "CHAMPION", "LEADER", "EVIDENCE", "CANARY%", "AGE"]
    assert line.split()[:3] == ["momentum", "Completed", "momentum-v8"]


def test_the_operator_leaves_the_spec_to_git(report: Report, kubectl: Kubectl) -> None:
    assert report["requests"]["sent"]
    rollout = json.loads(kubectl("-n", "trading", "get", "sr", "momentum", "-o", "json", "--show-managed-fields"))
    assert rollout["spec"]["champion"]["name"] == "momentum-v7"
    ours = [each for each in rollout["metadata"]["managedFields"] if each["manager"].startswith("shadow-operator")]
    assert ours
    assert not any("f:spec" in each["fieldsV1"] for each in ours)


def test_the_former_champion_stands_by(report: Report, kubectl: Kubectl) -> None:
    assert report["requests"]["sent"]
    standby = json.loads(kubectl("-n", "trading", "get", "deployment", "momentum-momentum-v7", "-o", "json"))
    assert standby["status"]["readyReplicas"] == standby["spec"]["replicas"]
