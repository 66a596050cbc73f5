"""The check of a model's data: the container that makes it, what its ends say together, and what follows from them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shadow_operator.__main__ import main
from shadow_operator.api.dataset import found_in, report
from shadow_operator.api.status import Condition, ConditionStatus, DatasetFinding, Phase, Stage
from shadow_operator.cli.fingerprint import EXIT_MISMATCHED
from shadow_operator.cluster import ForbiddenError, Object
from shadow_operator.core.adopt import Refusal
from shadow_operator.core.dataset_check import (
    Checkers,
    DatasetCheck,
    PodReport,
    PresentCheck,
    checked,
    present_check,
    refusal_of,
)
from shadow_operator.core.events import Reason
from shadow_operator.core.kinds import Kind
from shadow_operator.core.ledger import Inputs, is_worth_an_entry
from shadow_operator.core.plan import plan
from shadow_operator.core.registry import resolve
from shadow_operator.pods import datasets
from tests.unit.core.test_ledger import recorded, taken
from tests.unit.core.test_registry import BY_REFERENCE, model_version
from tests.world.datasets import (
    CHECKER,
    DATASET,
    EXPECTED,
    OTHER,
    PATH,
    check_of,
    in_spec,
    model_with_data,
    naming,
    reported,
)
from tests.world.evidence import better
from tests.world.journeys import CHAMPION, FIRST, SECOND, Journey, in_canary, in_shadow, watched
from tests.world.manifests import REMOVED
from tests.world.memory_cluster import MemoryCluster
from tests.world.rollouts import rollout_of, spec_of

_CHALLENGER = "challengers[0]"
_OWN = Checkers(CHECKER)


def pod_of(edits: dict[str, Any], checkers: Checkers = _OWN, model: str = FIRST) -> Any:
    rollout = rollout_of(in_spec(edits))
    made = plan(rollout, in_shadow().status, in_shadow().now, checkers)
    (body,) = [
        each.body for each in made.workloads if (each.kind.name, each.name) == ("Deployment", f"momentum-{model}")
    ]
    return body["spec"]["template"]["spec"]


def check_in(pod: Any) -> Any:
    return pod["initContainers"][-1]


def test_the_data_is_checked_before_the_model_starts_by_the_operators_own_image() -> None:
    check = check_in(pod_of(naming(_CHALLENGER)))
    assert (check["name"], check["image"]) == ("dataset", CHECKER)
    assert check["args"] == [
        *("fingerprint", PATH, "--expect", EXPECTED, "--message-to", "/dev/termination-log"),
    ]
    assert check["terminationMessagePath"] == "/dev/termination-log"
    assert check["volumeMounts"] == [{"name": "data", "mountPath": "/data", "readOnly": True}]
    assert set(check["resources"]) == {"requests", "limits"}


@pytest.mark.parametrize("allowed", [False, True])
def test_its_arguments_are_those_of_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, allowed: bool
) -> None:
    (tmp_path / "prices").write_text("1", encoding="utf-8")
    message = tmp_path / "message"
    words = check_in(pod_of(naming(_CHALLENGER, allowDatasetMismatch=allowed)))["args"]
    here = {PATH: str(tmp_path / "prices"), "/dev/termination-log": str(message)}
    monkeypatch.setattr("sys.argv", ["shadow-operator", *(here.get(word, word) for word in words)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == (0 if allowed else EXIT_MISMATCHED)
    assert found_in(message.read_text(encoding="utf-8")) not in {None, EXPECTED}


def test_only_who_names_a_dataset_is_checked() -> None:
    assert "initContainers" not in pod_of(naming(_CHALLENGER), model=CHAMPION)


def test_it_sees_what_the_pods_own_init_containers_bring_along() -> None:
    edits = naming(_CHALLENGER)
    edits["workload.template.spec"] = edits["workload.template.spec"] | {"initContainers": [{"name": "download"}]}
    assert [each["name"] for each in pod_of(edits)["initContainers"]] == ["download", "dataset"]


def test_a_mismatch_that_is_allowed_is_said_and_lets_it_start() -> None:
    assert check_in(pod_of(naming(_CHALLENGER, allowDatasetMismatch=True)))["args"][-1] == "--allow-mismatch"


def test_it_needs_no_more_than_the_restricted_pod_security_standard_allows() -> None:
    context = check_in(pod_of(naming(_CHALLENGER)))["securityContext"]
    assert context == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


@pytest.mark.parametrize(
    ("pod", "model", "user"),
    [
        ({"runAsUser": 1000, "runAsGroup": 7}, {}, {"runAsUser": 1000, "runAsGroup": 7}),
        ({"runAsUser": 1000}, {"runAsUser": 2000}, {"runAsUser": 2000}),
        ({"runAsUser": 0}, {}, {"runAsUser": 65532}),
    ],
)
def test_it_reads_as_the_models_user_and_never_as_root(
    pod: dict[str, int], model: dict[str, int], user: dict[str, int]
) -> None:
    edits = naming(_CHALLENGER)
    template = edits["workload.template.spec"]
    (container,) = template["containers"]
    edits["workload.template.spec"] = template | {
        "securityContext": pod,
        "containers": [container | {"securityContext": model}],
    }
    context = check_in(pod_of(edits))["securityContext"]
    assert {key: context[key] for key in user} == user


def test_what_is_mounted_within_the_data_belongs_to_it_and_nothing_else_does() -> None:
    edits = naming(_CHALLENGER)
    mounts = [
        {"name": "data", "mountPath": "/data", "mountPropagation": "Bidirectional"},
        {"name": "today", "mountPath": "/data/prices/today", "subPathExpr": "$(REGION)"},
        {"name": "cache", "mountPath": "/cache"},
    ]
    container = {"name": "model", "volumeMounts": mounts, "env": [{"name": "REGION", "value": "eu"}]}
    edits["workload.template.spec"] = {"containers": [container]}
    check = check_in(pod_of(edits))
    assert check["volumeMounts"] == [
        {"name": "data", "mountPath": "/data", "readOnly": True},
        {"name": "today", "mountPath": "/data/prices/today", "subPathExpr": "$(REGION)", "readOnly": True},
    ]
    assert {"name": "REGION", "value": "eu"} in check["env"]


def test_an_upgrade_of_the_operator_replaces_no_pod_of_a_model_that_stays_the_same() -> None:
    before = present_check(pod_of(naming(_CHALLENGER)))
    assert before == PresentCheck(EXPECTED, "models/momentum:8", CHECKER)
    upgraded = Checkers("shadow/operator:2", {FIRST: before})
    assert check_in(pod_of(naming(_CHALLENGER), upgraded))["image"] == CHECKER
    for changed in ({"image": "models/momentum:9"}, {"dataset": DATASET | {"fingerprint": OTHER}}):
        assert check_in(pod_of(naming(_CHALLENGER, **changed), upgraded))["image"] == "shadow/operator:2"


@pytest.mark.parametrize(
    ("edits", "checker", "reason", "says"),
    [
        (naming(_CHALLENGER), None, "DatasetUncheckable", "set OPERATOR_IMAGE in its environment"),
        (
            naming(_CHALLENGER) | {"workload.template": REMOVED},
            CHECKER,
            "DatasetNotMounted",
            f"model {FIRST} names a dataset at {PATH}, and no volume is mounted there",
        ),
        (
            naming(_CHALLENGER, dataset=DATASET | {"path": "/database"}),
            CHECKER,
            "DatasetNotMounted",
            "no volume is mounted there: add it to the volumeMounts of the container model",
        ),
    ],
)
def test_what_could_never_be_checked_is_refused(
    edits: dict[str, Any], checker: str | None, reason: str, says: str
) -> None:
    refusal = refusal_of(spec_of(edits), checker)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == reason
    assert says in refusal.message


def test_a_rollout_without_datasets_needs_no_image_to_check_them_with() -> None:
    assert refusal_of(spec_of(), None) is None
    assert refusal_of(spec_of(naming(_CHALLENGER)), CHECKER) is None


@pytest.mark.parametrize("found", [EXPECTED, OTHER])
def test_what_the_check_says_can_be_read_again(found: str) -> None:
    assert found_in(report(PATH, found, EXPECTED)) == found


def test_another_sentence_holds_no_fingerprint() -> None:
    assert found_in(f"{PATH} can't be read: it was said of {OTHER}") is None


UNREADABLE = PodReport("pod", EXPECTED, 2, f"{PATH} can't be read: Permission denied: make it readable, or mount it")


@pytest.mark.parametrize(
    ("reports", "finding", "allowing", "message"),
    [
        ([], DatasetFinding.PENDING, DatasetFinding.PENDING, "no pod has reported yet"),
        ([reported("a", EXPECTED)], DatasetFinding.MATCHED, DatasetFinding.MATCHED, ""),
        (
            [reported("a", EXPECTED), reported("b", OTHER)],
            DatasetFinding.MISMATCHED,
            DatasetFinding.ALLOWED,
            f"pod b: the data at {PATH} is {OTHER}, and {EXPECTED} was expected",
        ),
        (
            [reported("a", EXPECTED), reported("b", None)],
            DatasetFinding.PENDING,
            DatasetFinding.PENDING,
            "pod b has not reported yet",
        ),
        ([UNREADABLE], DatasetFinding.UNREADABLE, DatasetFinding.UNREADABLE, f"pod pod: {UNREADABLE.message}"),
        (
            [PodReport("a", EXPECTED, 137)],
            DatasetFinding.UNREADABLE,
            DatasetFinding.UNREADABLE,
            "pod a: its check ended with exit code 137",
        ),
        # Of a template before this one.
        ([PodReport("a", OTHER, 0, report(PATH, OTHER, OTHER))], DatasetFinding.PENDING, DatasetFinding.PENDING, None),
        ([PodReport("a", None)], DatasetFinding.PENDING, DatasetFinding.PENDING, None),
        # The kubelet has cleared it away.
        ([PodReport("a", EXPECTED, 0, "treated as ended")], DatasetFinding.MATCHED, DatasetFinding.PENDING, None),
    ],
)
def test_one_pod_with_other_data_counts_for_all(
    reports: list[PodReport], finding: DatasetFinding, allowing: DatasetFinding, message: str | None
) -> None:
    strict, lenient = model_with_data(), model_with_data(allowDatasetMismatch=True)
    assert strict.dataset is not None
    found = checked(strict, strict.dataset, reports)
    assert found.finding is finding
    assert checked(lenient, strict.dataset, reports).finding is allowing
    assert message is None or found.message == message


class Blindfolded(MemoryCluster):
    """An API server that shows no pods."""

    async def list(self, kind: Kind, namespace: str | None, selector: str) -> list[Object]:
        raise ForbiddenError(f"{kind.plural} of {namespace} with {selector}: not allowed")


def stored_pod(state: dict[str, Any], last: dict[str, Any] | None = None, **metadata: Any) -> Object:
    check = {"name": "dataset", "image": CHECKER, "args": ["fingerprint", PATH, "--expect", EXPECTED]}
    labels = {"shadowrollouts.io/rollout": "momentum", "shadowrollouts.io/model": FIRST}
    return {
        "metadata": {"name": "a", "labels": labels, **metadata},
        "spec": {"initContainers": [check], "containers": [{"name": "model", "image": "models/momentum:8"}]},
        "status": {"initContainerStatuses": [{"name": "dataset", "state": state, "lastState": last or {}}]},
    }


def terminated(found: str) -> dict[str, Any]:
    return {"terminated": {"exitCode": int(found != EXPECTED), "message": report(PATH, found, EXPECTED)}}


@pytest.mark.parametrize(
    ("pod", "finding"),
    [
        (stored_pod(terminated(EXPECTED)), DatasetFinding.MATCHED),
        (stored_pod(terminated(OTHER)), DatasetFinding.MISMATCHED),
        (stored_pod({"waiting": {"reason": "CrashLoopBackOff"}}, terminated(OTHER)), DatasetFinding.MISMATCHED),
        (stored_pod({"running": {}}, terminated(OTHER)), DatasetFinding.MISMATCHED),
        (stored_pod({"waiting": {"reason": "PodInitializing"}}), DatasetFinding.PENDING),
        (stored_pod(terminated(OTHER), deletionTimestamp="2026-03-02T09:00:00Z"), DatasetFinding.PENDING),
    ],
)
async def test_how_the_check_ended_is_read_from_the_pods_that_stay(pod: Object, finding: DatasetFinding) -> None:
    cluster = MemoryCluster()
    cluster.objects["/api/v1/namespaces/default/pods/a"] = pod
    rollout = rollout_of(in_spec(naming(_CHALLENGER)), in_shadow().status)
    found = await datasets(cluster, rollout)
    assert {name: check.finding for name, check in found.items()} == {FIRST: finding}


async def test_pods_that_can_not_be_read_are_unknown_and_none_is_read_without_a_dataset() -> None:
    rollout = rollout_of(in_spec(naming(_CHALLENGER)), in_shadow().status)
    found = await datasets(Blindfolded(), rollout)
    assert found[FIRST].finding is DatasetFinding.UNKNOWN
    assert "not allowed" in found[FIRST].message
    assert await datasets(Blindfolded(), rollout_of()) == {}
    rejected = in_shadow()
    lines = [each.model_copy(update={"stage": Stage.REJECTED}) for each in rejected.status.challengers]
    out = rollout.model_copy(update={"status": rejected.status.model_copy(update={"challengers": lines})})
    assert await datasets(Blindfolded(), out) == {}, "whoever is out of the race has no pods to ask"


def with_data(journey: Journey, check: DatasetCheck, model: str = FIRST) -> Journey:
    journey.datasets[model] = check
    return journey


def condition(journey: Journey) -> Condition | None:
    return next((each for each in journey.status.conditions if each.type == "DatasetsMatch"), None)


@pytest.mark.parametrize(
    ("check", "phase"),
    [
        (check_of(EXPECTED), Phase.CANARY),
        (check_of(OTHER, allowDatasetMismatch=True), Phase.CANARY),
        (check_of(OTHER), Phase.SHADOWING),
        (check_of(None), Phase.SHADOWING),
        (replace(check_of(EXPECTED), finding=DatasetFinding.UNKNOWN), Phase.SHADOWING),
        (replace(check_of(EXPECTED), finding=DatasetFinding.UNREADABLE), Phase.SHADOWING),
    ],
)
def test_a_challenger_enters_canary_on_the_data_that_it_names_only(check: DatasetCheck, phase: Phase) -> None:
    journey = with_data(in_shadow(), check)
    journey.evidence[FIRST] = better()
    journey.wait("14d").look()
    assert journey.phase() is phase


def test_a_canary_on_other_data_takes_no_further_step() -> None:
    journey = with_data(in_canary(), check_of(OTHER))
    journey.wait("30d").look()
    assert journey.share == 5
    with_data(journey, check_of(EXPECTED)).look()
    assert journey.share == 10


def test_a_mismatch_is_told_once_in_the_status_a_condition_and_an_event() -> None:
    journey = with_data(in_shadow(), check_of(None))
    for check in (check_of(OTHER), check_of(OTHER), check_of(None), check_of(OTHER)):
        with_data(journey, check).look()
        told = journey.status.dataset(FIRST)
        assert told is not None
        assert told.finding is DatasetFinding.MISMATCHED, "until a pod reports something else"
    assert journey.reasons.count(Reason.DATASET_MISMATCHED) == 1
    line, found = journey.status.challenger(FIRST), condition(journey)
    assert line is not None
    assert found is not None
    assert OTHER in (line.waiting_for or "")
    assert (found.status, found.reason) == (ConditionStatus.FALSE, "Mismatched")
    assert FIRST in found.message
    with_data(journey, check_of(EXPECTED)).look()
    healed = condition(journey)
    assert healed is not None
    assert healed.status is ConditionStatus.TRUE


def test_who_waits_for_its_pods_is_told_that_it_is_the_data() -> None:
    journey = with_data(Journey(unready={FIRST}), check_of(OTHER))
    journey.look()
    assert f"{FIRST} waits for the data that it names: pod pod-0" in (journey.status.message or "")


def test_without_a_dataset_there_is_nothing_to_tell() -> None:
    journey = in_shadow()
    assert condition(journey) is None
    assert journey.status.datasets == []


def test_other_challengers_go_on() -> None:
    journey = with_data(in_shadow(), check_of(OTHER))
    journey.evidence |= {FIRST: better(), SECOND: better()}
    journey.wait("14d").look()
    assert journey.stage(SECOND) is Stage.CANARY


@pytest.mark.parametrize("finding", list(DatasetFinding))
def test_the_data_of_nobody_stops_a_rollback(finding: DatasetFinding) -> None:
    for journey, guarded in ((in_canary(), FIRST), (watched(), FIRST)):
        for model in (CHAMPION, FIRST):
            with_data(journey, replace(check_of(OTHER), finding=finding), model)
        journey.mark = journey.breach(guarded)
        journey.look()
        assert journey.champion == CHAMPION
        assert journey.share == 0


def test_a_mismatch_that_was_allowed_is_in_the_ledger() -> None:
    journey = with_data(in_shadow(), check_of(OTHER, allowDatasetMismatch=True))
    entry = recorded(journey)
    assert entry.reason == "DatasetMismatched"
    assert "as allowDatasetMismatch says" in entry.message
    assert Inputs.unpacked(entry.inputs or "").observed.datasets[FIRST].finding is DatasetFinding.ALLOWED


def test_an_exception_that_is_no_longer_needed_is_no_decision() -> None:
    journey = with_data(in_shadow(), check_of(OTHER, allowDatasetMismatch=True))
    journey.look()
    decided = taken(with_data(journey, check_of(EXPECTED)))
    assert not is_worth_an_entry(decided.rollout.status, decided.decision)


def test_an_entry_of_a_rollout_by_reference_can_be_decided_again() -> None:
    registered = {"momentum-7": model_version(dataset=DATASET)}
    spec = resolve(spec_of(BY_REFERENCE), registered)
    assert not isinstance(spec, Refusal)
    assert spec.champion.dataset is not None
    assert spec.champion.dataset.fingerprint == EXPECTED
    inputs = Inputs.unpacked(recorded(Journey(spec=spec)).inputs or "")
    assert inputs.spec == spec
