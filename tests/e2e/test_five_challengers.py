"""Five challengers on a real cluster: a person promotes one, Git catches up, and every decision can be taken again."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from examples.demo.player.api_server import api_server
from examples.demo.player.feed_control import FeedControl
from examples.demo.player.installation import Installation
from examples.demo.player.names import MANIFESTS
from examples.demo.player.options import read_options
from examples.demo.player.tools import Tools
from tests.e2e.conftest import Kubectl
from tests.world.manifests import Manifest, changed

pytestmark = pytest.mark.timeout(900)

BETTER, FORMER = "momentum-v8", "momentum-v7"
# Share of hits; the champion has .52. Their seeds differ, so that none is a copy of another.
SKILLS = {BETTER: "0.66", "twin-a": "0.52", "twin-b": "0.52", "lagging": "0.51", "guessing": "0.50"}
OPERATOR = ("-n", "shadow-system", "exec", "deploy/shadow-operator", "--", "shadow-operator")


@dataclass
class Course:
    """What was seen on the way.

    Attributes:
        waiting: the rollout while it waited for a person.
        done: the rollout after the watch.
        route_before: the route before Git named the new champion.
        adopted: the rollout after it did.
        route_after: the route then.
        feed: what the client saw.
        decisions: the ledger.

    """

    waiting: Manifest = field(default_factory=dict)
    done: Manifest = field(default_factory=dict)
    route_before: Manifest = field(default_factory=dict)
    adopted: Manifest = field(default_factory=dict)
    route_after: Manifest = field(default_factory=dict)
    feed: dict[str, Any] = field(default_factory=dict)
    decisions: list[Manifest] = field(default_factory=list)


def manifest() -> Manifest:
    """The demo's rollout with five challengers and a person who has the last word."""
    demo: Manifest = yaml.safe_load((MANIFESTS / "rollout.yaml").read_text())
    image = demo["spec"]["champion"]["image"]
    challengers = [
        {"name": name, "image": image, "env": [{"name": "SKILL", "value": skill}, {"name": "SEED", "value": str(seed)}]}
        for seed, (name, skill) in enumerate(SKILLS.items(), 100)
    ]
    return changed(
        demo,
        {
            "metadata.annotations": {},
            "spec.challengers": challengers,
            # Six models answer on two cores.
            "spec.traffic.mirrorPercent": 50,
            "spec.shadow": {"minDuration": "20s", "minTrades": 400},
            "spec.gates": [
                {"name": "mean-pnl", "test": "PairedMean", "role": "Primary"},
                {"name": "drawdown", "test": "MaxDrawdown", "role": "Secondary", "ratio": "100%"},
            ],
            "spec.canary.steps": [{"percent": 10, "minDuration": "5s"}, {"percent": 50, "minDuration": "5s"}],
            "spec.promotion": {"mode": "Manual", "watch": "10s"},
        },
    )


def caught_up(before: Manifest) -> Manifest:
    """What Git says once somebody has merged the promotion: champion and former champion change places."""
    models = {each["name"]: each for each in (before["spec"]["champion"], *before["spec"]["challengers"])}
    others = [model for name, model in models.items() if name != BETTER]
    return changed(before, {"spec.champion": models[BETTER], "spec.challengers": others})


@pytest.fixture(scope="module")
def course(kubeconfig: Path, tools: Path, kubectl: Kubectl, images: list[str]) -> Iterator[Course]:
    """Play it once."""
    options = read_options(["--tools", str(tools), "--kubeconfig", str(kubeconfig), "--images", *images])
    bin_ = Tools(options.tools, options.kubeconfig)

    def apply(said: Manifest) -> None:
        text = json.dumps(said).replace("shadow/models:dev", options.images["models"])
        bin_.kubectl("apply", "--filename=-", stdin=text)

    with api_server(bin_) as api:
        installation = Installation(bin_, api, options)
        installation.install_operator()
        installation.remove_former_run()
        installation.apply_pieces()
        apply(manifest())
        until(kubectl, "every challenger is in shadow", lambda it: stages(it) == dict.fromkeys(SKILLS, "Shadow"), 120)
        feed = FeedControl(bin_, api, installation)
        feed.start()
        found = Course()
        found.waiting = until(
            kubectl, "a person is asked", lambda it: it["status"].get("phase") == "AwaitingApproval", 300
        )
        user = json.loads(kubectl("auth", "whoami", "-o", "json"))["status"]["userInfo"]["username"]
        command = (f"shadowrollouts.io/command=promote/1/{BETTER}", f"shadowrollouts.io/command-by={user}")
        kubectl("-n", "trading", "annotate", "sr", "momentum", "--overwrite", *command)
        found.done = until(kubectl, "the watch is over", lambda it: it["status"].get("phase") == "Completed", 120)
        found.route_before = route(kubectl)
        apply(caught_up(manifest()))
        found.adopted = until(kubectl, "Git's word is adopted", is_adopted, 60)
        time.sleep(5.0)
        found.adopted, found.route_after = rollout(kubectl), route(kubectl)
        feed.stop()
        found.feed = feed.report()
        listed = json.loads(kubectl("-n", "trading", "get", "rolloutdecisions", "-o", "json"))["items"]
        uid = found.done["metadata"]["uid"]
        found.decisions = [each for each in listed if each["spec"]["rollout"]["uid"] == uid]
        yield found


def rollout(kubectl: Kubectl) -> Manifest:
    return dict(json.loads(kubectl("-n", "trading", "get", "sr", "momentum", "-o", "json")))


def route(kubectl: Kubectl) -> Manifest:
    return dict(json.loads(kubectl("-n", "trading", "get", "httproute", "momentum", "-o", "json")))


def until(kubectl: Kubectl, what: str, holds: Callable[[Manifest], bool], seconds: float) -> Manifest:
    deadline = time.monotonic() + seconds
    while True:
        found = rollout(kubectl)
        if found.get("status") and holds(found):
            return found
        if time.monotonic() > deadline:
            pytest.fail(f"{what}: not within {seconds:.0f} s; the status is {json.dumps(found.get('status'))}")
        time.sleep(1.0)


def stages(found: Manifest) -> dict[str, str]:
    return {each["name"]: each["stage"] for each in found["status"].get("challengers", [])}


def is_adopted(found: Manifest) -> bool:
    return bool(found["status"]["observedGeneration"] == found["metadata"]["generation"])


def shares(found: Manifest) -> dict[str, int]:
    return {each["name"]: each["weight"] for each in found["spec"]["rules"][0]["backendRefs"]}


def test_the_better_one_of_five_waits_for_a_person_with_all_the_others_ranked_behind_it(course: Course) -> None:
    status = course.waiting["status"]
    assert status["canary"]["challenger"] == BETTER
    ranks = {each["name"]: each.get("rank") for each in status["challengers"]}
    assert ranks[BETTER] == 1
    racing = [each["name"] for each in status["challengers"] if each["stage"] in {"Shadow", "Canary"}]
    assert sorted(ranks[name] for name in racing) == list(range(1, len(racing) + 1))
    conditions = {each["type"]: each["status"] for each in status["conditions"]}
    assert (conditions["Ready"], conditions["Stalled"]) == ("True", "False")


def test_a_person_promotes_it_and_the_status_says_who(course: Course) -> None:
    status = course.done["status"]
    assert status["champion"]["name"] == BETTER
    assert status["command"]["answer"] == f"{BETTER} is promoted"
    assert course.done["spec"]["champion"]["name"] == FORMER, "the spec is Git's"
    others = {name: stage for name, stage in stages(course.done).items() if name != BETTER}
    assert set(others.values()) <= {"NotPromoted", "Rejected"}
    assert set(others) == set(SKILLS) - {BETTER}


def test_git_catches_up_and_no_traffic_moves(course: Course) -> None:
    assert course.adopted["spec"]["champion"]["name"] == BETTER
    assert course.adopted["status"]["champion"] == course.done["status"]["champion"]
    assert shares(course.route_after) == shares(course.route_before)
    assert sum(shares(course.route_after).values()) == 100
    conditions = {each["type"]: each["status"] for each in course.adopted["status"]["conditions"]}
    assert conditions["Stalled"] == "False"


def test_no_request_failed(course: Course) -> None:
    assert course.feed["sent"] > 1000
    assert course.feed["failed"] == 0


def test_every_decision_is_in_the_ledger_in_order_and_done(course: Course) -> None:
    reasons = [each["spec"]["reason"] for each in course.decisions]
    assert {"ShadowStarted", "CanaryStarted", "CanaryStepped", "ApprovalNeeded", "Promoted", "Completed"} <= set(
        reasons
    )
    assert {each["status"]["outcome"]["result"] for each in course.decisions} == {"Done"}
    promoted = next(each for each in course.decisions if each["spec"]["reason"] == "Promoted")
    assert promoted["spec"]["actor"].endswith(f": promote/1/{BETTER}")


def test_every_decision_comes_out_the_same_when_it_is_taken_again(course: Course, kubectl: Kubectl) -> None:
    for each in course.decisions:
        said = kubectl(*OPERATOR, "replay", f"trading/{each['metadata']['name']}")
        assert said.strip().endswith("agrees, decided on the recorded inputs")


def test_the_promotion_comes_out_the_same_from_samples_that_are_read_again(course: Course, kubectl: Kubectl) -> None:
    started = next(each for each in course.decisions if each["spec"]["reason"] == "CanaryStarted")
    said = kubectl(*OPERATOR, "replay", "--refetch", f"trading/{started['metadata']['name']}")
    assert said.strip().endswith("agrees, decided on the recorded inputs and read again from Prometheus")
