"""The guard takes a share back by itself: without an evaluation, past a pass that hangs, and across a crash.

In the first step of the canary the challenger acts with 5 percent of the capital, which is 5000.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

import pytest
from kubernetes.aio.client import ApiClient

from shadow_operator.act import Act
from shadow_operator.api.guardrails import Guardrail
from shadow_operator.api.rollout import ShadowRollout
from shadow_operator.api.status import Stage
from shadow_operator.cluster import Cluster, ClusterError, ConflictError, Object, RightToWrite
from shadow_operator.core.command import COMMAND_ANNOTATION, COMMAND_BY_ANNOTATION
from shadow_operator.core.guardrails import Motive
from shadow_operator.core.kinds import SHADOW_ROLLOUT, Kind
from shadow_operator.core.machine import Decision
from shadow_operator.core.moment import from_text
from shadow_operator.core.observed import Observed
from shadow_operator.fleet import Memory
from shadow_operator.freeze import Freeze
from shadow_operator.guard import Guard, Sight
from shadow_operator.metrics import MetricSource
from shadow_operator.observe import Ports
from shadow_operator.traffic.gateway_api import ROLLBACK_ANNOTATION
from tests.control_plane.api_server import RefusedError
from tests.control_plane.loop.field import CHALLENGER, CHAMPION, EQUAL, PASSED_SAMPLES, Field
from tests.control_plane.loop.stand_ins import Clock, ScriptedSource, routes

pytestmark = pytest.mark.control_plane

_IN_CANARY = {CHALLENGER: 5, CHAMPION: 95}
_TAKEN_BACK = {CHAMPION: 100}
_A_BREACH = 400.0
_MOST_SECONDS = 1.0


@pytest.mark.parametrize(
    ("guardrail", "loss"),
    [
        pytest.param("max-drawdown", _A_BREACH, id="drawdown"),
        pytest.param("behind", 225.0, id="performance"),
    ],
)
async def test_rollback_needs_no_evaluation_loop(
    field: Field, measured: list[str], guardrail: str, loss: float
) -> None:
    memory = await field.in_canary()
    await field.look()
    assert field.weights() == _IN_CANARY
    field.lose(CHALLENGER, loss)
    begun = time.monotonic()
    await field.look()
    seconds = time.monotonic() - begun
    measured.append(f"one look of the guard that breaks {guardrail} and sets the weight to 0: {seconds:.3f} s")
    assert field.weights() == _TAKEN_BACK
    assert field.mirrors() == {EQUAL: 50}
    assert seconds < _MOST_SECONDS
    assert memory.rollback is not None
    assert (memory.rollback.guardrail, memory.rollback.motive) == (guardrail, Motive.BREACH)
    assert field.status().canary is not None, "no pass has run, so nobody has told the status"


async def test_rollback_happens_while_an_evaluation_hangs(field: Field, measured: list[str]) -> None:
    await field.in_canary()
    operator = field.start_operator(every=timedelta(seconds=0.5))
    field.evaluations.hang()
    memory = operator.fleet.of(field.key())
    passing = asyncio.create_task(field.one_pass())
    guarding = asyncio.create_task(operator.guard.run())
    try:
        assert await _until(lambda: memory.judgement is not None)
        field.lose(CHALLENGER, _A_BREACH)
        begun = time.monotonic()
        assert await _until(lambda: memory.rollback is not None and memory.rollback.zero_at is not None)
        seconds = time.monotonic() - begun
        assert field.weights() == _TAKEN_BACK
        assert not passing.done(), "the evaluation was meant to hang"
    finally:
        await _end(passing, guarding)
    measured.append(f"from the loss to weight 0 past a hung evaluation, with a look each 0.5 s: {seconds:.3f} s")
    assert seconds < _MOST_SECONDS


async def test_a_slow_source_of_one_rollout_delays_no_other(field: Field) -> None:
    await field.in_canary("slow")
    quick = await field.in_canary("quick")
    silent = ScriptedSource(field.books, field.clock)
    silent.hang()

    def source_of(rollout: ShadowRollout) -> MetricSource:
        return silent if rollout.metadata.name == "slow" else field.looks

    sight = Sight(source_of, source_of, source_of)
    guard = Guard(field.operator.fleet, field.cluster, field.router, sight, field.clock, timedelta(seconds=0.2))
    guarding = asyncio.create_task(guard.run())
    try:
        assert await _until(lambda: quick.judgement is not None)
        field.lose(CHALLENGER, _A_BREACH)
        begun = time.monotonic()
        assert await _until(lambda: quick.rollback is not None and quick.rollback.zero_at is not None)
        assert time.monotonic() - begun < _MOST_SECONDS
    finally:
        await _end(guarding)
    assert field.weights("quick") == _TAKEN_BACK
    assert field.weights("slow") == _IN_CANARY


async def test_it_is_held_at_the_limit_of_freshness_although_the_answer_is_still_awaited(field: Field) -> None:
    await field.in_canary()
    guard = field.start_operator(every=timedelta(seconds=0.2)).guard
    memory = field.remember(await field.read())
    guarding = asyncio.create_task(guard.run())
    try:
        assert await _until(lambda: memory.judgement is not None)
        field.looks.hang()
        await asyncio.sleep(0.5)
        assert memory.judgement is not None
        assert memory.judgement.hold is None, "its figures are not old yet"
        field.clock.advance(seconds=61)
        assert await _until(lambda: memory.judgement is not None and memory.judgement.hold is not None)
    finally:
        await _end(guarding)
    assert memory.judgement.hold is not None
    assert memory.judgement.hold.sentence == "blind: freshness is 61s, at most 60s is allowed"
    assert field.weights() == _IN_CANARY


async def test_a_drawdown_waits_for_nothing_that_another_guardrail_measures(field: Field) -> None:
    memory = await field.in_canary()
    errors = {"name": "errors", "metric": "errorRate", "above": "1%"}
    rollout = memory.rollout
    assert rollout is not None
    rails = [*rollout.spec.guardrails, Guardrail.model_validate(errors)]
    memory.rollout = rollout.model_copy(update={"spec": rollout.spec.model_copy(update={"guardrails": rails})})
    await field.look()
    assert memory.judgement is not None
    assert memory.judgement.why_blind.startswith("errors: "), "the scripted source knows no such series"
    assert memory.judgement.hold is not None, "an error rate that is unknown lets nothing advance"
    field.lose(CHALLENGER, _A_BREACH)
    await field.look()
    assert field.weights() == _TAKEN_BACK


@pytest.mark.parametrize("text", ["rollback/1", f"rollback/1/{CHALLENGER}", "rollback-full/1"])
async def test_a_rollback_by_command_needs_no_evaluation(field: Field, measured: list[str], text: str) -> None:
    await field.in_canary()
    begun = time.monotonic()
    await field.operator.guard.hear(field.key(), await _command(field, text))
    measured.append(f"from the command {text} to weight 0: {time.monotonic() - begun:.3f} s")
    assert field.weights() == _TAKEN_BACK
    assert field.status().canary is not None, "no pass has run, so nobody has told the status"
    await field.one_pass()
    answered = field.status().command
    assert answered is not None
    assert (answered.text, answered.by) == (text, "ann")
    assert field.reasons() == ["RolledBack"]
    await field.operator.guard.hear(field.key(), {COMMAND_ANNOTATION: text})
    await field.one_pass()
    assert field.reasons() == ["RolledBack"]


async def test_trading_is_stopped_by_command_at_once_also_while_nobody_has_a_share(field: Field) -> None:
    await field.in_shadow()
    before = field.policy()
    assert before["tradingEnabled"] is True
    await field.operator.guard.hear(field.key(), await _command(field, "stop-trading/1"))
    stopped = field.policy()
    assert stopped["tradingEnabled"] is False
    assert stopped["digest"] != before["digest"]
    await field.one_pass()
    await field.one_pass()
    assert field.policy() == stopped
    assert field.reasons()[-1] == "TradingStopped"
    known = field.status().stopped
    assert known is not None
    assert known.by == "ann"
    await _command(field, "start-trading/2")
    await field.one_pass()
    assert field.policy()["tradingEnabled"] is True


async def test_trading_is_stopped_by_command_while_a_rollback_is_not_written_down_yet(field: Field) -> None:
    await field.in_canary()
    await _look_and_pass(field)
    field.lose(CHALLENGER, _A_BREACH)
    await field.look()
    assert field.weights() == _TAKEN_BACK
    await field.operator.guard.hear(field.key(), await _command(field, "stop-trading/1"))
    assert field.policy()["tradingEnabled"] is False
    await field.one_pass()
    assert field.reasons() == ["RolledBack", "TradingStopped"]
    line, stopped = field.status().challenger(CHALLENGER), field.status().stopped
    assert line is not None
    assert line.rollback is not None
    assert line.rollback.guardrail == "max-drawdown", "the command took nothing back any more"
    assert stopped is not None
    assert stopped.by == "ann"


async def test_a_guardrail_takes_the_share_back_and_stops_trading_in_one_look(field: Field) -> None:
    memory = await field.in_canary(edits={"spec.guardrails[0].action": "StopTrading"})
    await _look_and_pass(field)
    field.lose(CHALLENGER, _A_BREACH)
    await field.look()
    assert field.weights() == _TAKEN_BACK
    stopped = field.policy()
    assert stopped["tradingEnabled"] is False
    assert "canary" not in field.policy_roles().values()
    assert memory.stop is not None
    await field.one_pass()
    assert memory.stop is None
    assert field.policy()["tradingEnabled"] is False
    assert field.reasons() == ["RolledBack", "TradingStopped"]


async def test_trading_stops_although_the_route_cant_be_written(field: Field) -> None:
    await field.in_canary(edits={"spec.guardrails[0].action": "StopTrading"})
    await _look_and_pass(field)
    field.lose(CHALLENGER, _A_BREACH)
    with _refused(field, "gateway.networking.k8s.io", routes(field.server), field.key().name):
        with pytest.raises(ClusterError, match="no httproutes is written"):
            await field.look()
        assert field.weights() == _IN_CANARY
        assert field.policy()["tradingEnabled"] is False
    assert await _writes(field, _TAKEN_BACK)


@contextlib.contextmanager
def _refused(field: Field, group: str, path: str, object_name: str) -> Iterator[None]:
    """The API server refuses every change of this one object."""
    plural = path.rsplit("/", 1)[-1]
    root, name = "/apis/admissionregistration.k8s.io/v1", f"no-{plural}-{field.server.namespace}"
    validation = {
        "expression": f"object.metadata.namespace != '{field.server.namespace}' || oldObject.metadata.name != "
        f"'{object_name}'",
        "message": f"no {plural} is written",
    }
    rules = [{"apiGroups": [group], "apiVersions": ["*"], "resources": [plural], "operations": ["UPDATE"]}]
    spec = {"matchConstraints": {"resourceRules": rules}, "validations": [validation]}
    binding = {"policyName": name, "validationActions": ["Deny"]}
    policies, bindings = f"{root}/validatingadmissionpolicies", f"{root}/validatingadmissionpolicybindings"
    field.server.request("POST", policies, {"metadata": {"name": name}, "spec": spec})
    field.server.request("POST", bindings, {"metadata": {"name": name}, "spec": binding})
    try:
        deadline = time.monotonic() + 20
        while not _is_refused(field, f"{path}/{object_name}"):
            assert time.monotonic() < deadline, "the policy was not taken up"
            time.sleep(0.1)
        yield
    finally:
        for each in (bindings, policies):
            field.server.request("DELETE", f"{each}/{name}")


def _is_refused(field: Field, path: str) -> bool:
    try:
        field.server.request("PUT", path, field.server.request("GET", path), dryRun="All")
    except RefusedError:
        return True
    return False


async def _writes(field: Field, weights: Mapping[str, int]) -> bool:
    """Whether the guard gets to these weights, look by look."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(20):
            while field.weights() != weights:
                with contextlib.suppress(ClusterError):
                    await field.look()
                await asyncio.sleep(0.1)
    return field.weights() == weights


async def test_a_stop_of_trading_survives_a_crash_before_the_status_knew_of_it(field: Field) -> None:
    await field.in_canary(edits={"spec.guardrails[0].action": "StopTrading"})
    await _look_and_pass(field)
    field.lose(CHALLENGER, _A_BREACH)
    await field.look()
    field.start_operator()
    await field.one_pass()
    known = field.status().stopped
    assert known is not None
    assert known.by == "guardrail max-drawdown"
    assert field.policy()["tradingEnabled"] is False


async def _command(field: Field, text: str) -> dict[str, str]:
    """Give a command as a person does; the annotations, as a watcher would bring them."""
    annotations = {COMMAND_ANNOTATION: text, COMMAND_BY_ANNOTATION: "ann"}
    key = field.key()
    await field.cluster.merge(SHADOW_ROLLOUT, key.namespace, key.name, {"metadata": {"annotations": annotations}})
    return annotations


async def test_all_rollouts_on_the_contract_are_read_in_one_query(field: Field) -> None:
    memories = [await field.in_canary(name) for name in ("one", "two", "three")]
    for name in ("one", "two", "three"):
        await field.look(name)
    members = [(field.key(name), memory) for name, memory in zip(("one", "two", "three"), memories, strict=True)]
    field.looks.asked.clear()
    field.lose(CHALLENGER, _A_BREACH)
    await field.operator.guard.look_together(field.looks, members)
    assert len(field.looks.asked) == 1
    assert [field.weights(name) for name in ("one", "two", "three")] == [_TAKEN_BACK] * 3


async def test_a_query_that_is_refused_for_all_is_asked_for_each(field: Field) -> None:
    memories = [await field.in_canary(name) for name in ("one", "two")]
    for name in ("one", "two"):
        await field.look(name)
    field.looks.refuses = "=~"
    field.lose(CHALLENGER, _A_BREACH)
    members = [(field.key(name), memory) for name, memory in zip(("one", "two"), memories, strict=True)]
    await field.operator.guard.look_together(field.looks, members)
    assert [field.weights(name) for name in ("one", "two")] == [_TAKEN_BACK] * 2


async def test_what_one_has_to_write_delays_no_other_of_its_prometheus(field: Field) -> None:
    await field.in_canary("one", {"spec.guardrails[0].above": "1%"})
    await field.in_canary("two")
    guard = field.start_operator(every=timedelta(seconds=0.2)).guard
    one, two = [field.remember(await field.read(name)) for name in ("one", "two")]
    guarding = asyncio.create_task(guard.run())
    try:
        assert await _until(lambda: one.judgement is not None and two.judgement is not None)
        async with one.route_lock:
            field.lose(CHALLENGER, _A_BREACH / 4)
            assert await _until(lambda: one.rollback is not None)
            field.lose(CHALLENGER, _A_BREACH)
            assert await _until(lambda: two.rollback is not None and two.rollback.zero_at is not None)
            assert (field.weights("one"), field.weights("two")) == (_IN_CANARY, _TAKEN_BACK)
    finally:
        await _end(guarding)


async def test_a_batch_that_nobody_answers_blinds_everybody_and_takes_nothing_back(field: Field) -> None:
    memory = await field.in_canary()
    await field.look()
    field.looks.is_down = True
    await field.operator.guard.look_together(field.looks, [(field.key(), memory)])
    assert memory.judgement is not None
    assert memory.judgement.signals.why_blind == "the scripted source can't be reached"
    assert field.weights() == _IN_CANARY


@pytest.mark.parametrize("is_reachable", [True, False], ids=["the series ended", "nothing answers"])
async def test_without_data_the_canary_holds_then_steps_back_and_is_no_failure(
    field: Field, *, is_reachable: bool
) -> None:
    await field.in_canary()
    await _look_and_pass(field)
    if is_reachable:
        field.books[CHALLENGER].silent_from = field.clock()
    else:
        field.evaluations.is_down = field.looks.is_down = True
    for _ in range(10):
        field.clock.advance(seconds=61)
        await _look_and_pass(field)
        assert field.weights() == _IN_CANARY, "it is held for 10 minutes from the pass that saw it, and no less"
    assert field.status().canary is not None
    field.clock.advance(seconds=61)
    await _look_and_pass(field)
    assert field.weights() == _TAKEN_BACK
    stepped_back = field.status().challenger(CHALLENGER)
    assert stepped_back is not None
    assert stepped_back.stage is Stage.SHADOW
    of_the_canary = [reason for reason in field.reasons() if reason != "MetricsUnavailable"]
    assert of_the_canary == ["CanaryHeld", "SteppedBack"]
    await _look_and_pass(field)
    assert field.mirrors() == {CHALLENGER: 100, EQUAL: 50}


async def test_a_blind_canary_steps_back_although_no_pass_writes_down_that_it_is_held(field: Field) -> None:
    await field.in_canary()
    await _look_and_pass(field)
    field.looks.is_down = True
    for _ in range(10):
        field.clock.advance(seconds=61)
        await field.look()
        assert field.weights() == _IN_CANARY
    field.clock.advance(seconds=61)
    await field.look()
    assert field.weights() == _TAKEN_BACK


async def test_a_hold_that_ended_counts_no_more_although_no_pass_wrote_that_down(field: Field) -> None:
    await field.in_canary()
    await _look_and_pass(field)
    field.looks.is_down = True
    field.clock.advance(seconds=61)
    await _look_and_pass(field)
    assert field.status().canary is not None
    field.looks.is_down = False
    field.clock.advance(minutes=9)
    await field.look()
    field.looks.is_down = True
    field.clock.advance(minutes=2)
    await field.look()
    assert field.weights() == _IN_CANARY, "it is held anew"


async def test_a_hold_is_written_down_although_the_evidence_cant_be_kept(field: Field) -> None:
    await field.in_canary()
    await _look_and_pass(field)
    field.looks.is_down = True
    field.clock.advance(seconds=61)
    await field.look()
    config_maps = f"/api/v1/namespaces/{field.server.namespace}/configmaps"
    with _refused(field, "", config_maps, f"{field.key().name}-evidence"), contextlib.suppress(ClusterError):
        await field.one_pass()
    canary = field.status().canary
    assert canary is not None
    assert canary.held_by == "blind"


async def test_a_prometheus_whose_clock_is_ahead_makes_no_loss_of_what_was_counted(field: Field) -> None:
    ahead = Clock()
    field.looks = ScriptedSource(field.books, ahead)
    # Counted once more, what it lost before it acted would be a breach.
    field.books[CHALLENGER].lumps.append((field.clock() - timedelta(minutes=30), -8_000.0))
    await field.in_canary()
    for _ in range(5):
        # Between two looks lies a gap, so that the second one reads the history by this operator's own clock.
        field.clock.advance(seconds=40)
        ahead.now = field.clock.now + timedelta(seconds=30)
        await field.look()
    memory = field.operator.fleet.of(field.key())
    assert memory.judgement is not None
    assert memory.judgement.signals.drawdown is not None
    assert memory.judgement.signals.drawdown < 0.05
    assert field.weights() == _IN_CANARY


async def test_the_guard_writes_over_no_route_of_somebody_else(field: Field) -> None:
    await field.in_canary()
    await _look_and_pass(field)
    path = f"{routes(field.server)}/{field.key().name}"
    theirs = field.server.request("GET", path)
    field.server.request("DELETE", path)
    theirs["metadata"] = {"name": field.key().name, "labels": {"app": "theirs"}}
    field.server.request("POST", routes(field.server), theirs)
    await field.one_pass()
    field.lose(CHALLENGER, _A_BREACH)
    with pytest.raises(ConflictError, match="the HTTPRoute is not of this rollout"):
        await field.look()
    found = field.server.request("GET", path)
    assert found["metadata"].get("ownerReferences", []) == []
    assert found["spec"] == theirs["spec"]


class _SlowCluster(Cluster):
    """The API server takes its time to say what the policy is."""

    def __init__(self, api: ApiClient, timeout_seconds: float, right_to_write: RightToWrite | None = None) -> None:
        super().__init__(api, timeout_seconds, right_to_write)
        self.asked = asyncio.Event()

    async def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        found = await super().get(kind, namespace, name)
        if name.endswith("-policy"):
            self.asked.set()
            await asyncio.sleep(0.5)
        return found


async def test_a_pass_under_way_lets_nobody_trade_who_was_stopped(field: Field, kubeconfig_path: str) -> None:
    await field.in_shadow()
    key = field.key()
    field.server.request("DELETE", f"/api/v1/namespaces/{key.namespace}/configmaps/{key.name}-policy")
    # Now the next pass has a policy to write.
    field.operator.fleet.of(key).applied.clear()
    async with await _SlowCluster.connect(10.0, kubeconfig_path) as slow:
        under_way = asyncio.create_task(field.reconciler_over(slow).once(key))
        await slow.asked.wait()
        await field.operator.guard.hear(key, {COMMAND_ANNOTATION: "stop-trading/1", COMMAND_BY_ANNOTATION: "ann"})
        with contextlib.suppress(ConflictError):
            await under_way
    assert field.policy()["tradingEnabled"] is False


async def test_data_that_comes_back_ends_the_hold(field: Field) -> None:
    await field.in_canary()
    await _look_and_pass(field)
    field.looks.is_down = True
    for _ in range(3):
        field.clock.advance(minutes=4)
        await _look_and_pass(field)
        field.looks.is_down = False
        field.clock.advance(seconds=30)
        await _look_and_pass(field)
        field.looks.is_down = True
    assert field.weights() == _IN_CANARY
    assert field.reasons() == ["CanaryHeld", "CanaryResumed"] * 3


@pytest.mark.parametrize("process", ["this one", "another one"])
async def test_a_pass_that_decided_before_the_rollback_raises_nothing(field: Field, process: str) -> None:
    memory = await field.in_canary()
    await field.look()
    rollout = await field.read()
    seen = await field.router.observed(rollout)
    field.lose(CHALLENGER, _A_BREACH)
    await field.look()
    late = memory if process == "this one" else Memory(rollout, memory.comparisons)
    assert rollout.status.canary is not None
    next_step = rollout.status.canary.model_copy(update={"step": 2, "since": None})
    decision = Decision(rollout.status.model_copy(update={"canary": next_step}))
    act = Act(
        Ports(field.cluster, field.router, field.evaluations, Freeze(field.cluster, None)),
        rollout,
        late,
        Observed(route=seen),
    )
    with contextlib.suppress(ConflictError):
        await act.carry_out(decision, field.clock())
    assert field.weights() == _TAKEN_BACK
    field.start_operator()
    await field.one_pass()
    rolled_back = field.status().challenger(CHALLENGER)
    assert rolled_back is not None
    assert rolled_back.stage is Stage.ROLLED_BACK
    assert field.weights() == _TAKEN_BACK


async def test_a_rollback_survives_a_crash_before_the_status_knew_of_it(field: Field) -> None:
    await field.in_canary()
    await field.look()
    field.lose(CHALLENGER, _A_BREACH)
    breached_at = field.clock()
    await field.look()
    field.clock.advance(minutes=5)
    field.start_operator()
    await field.one_pass()
    rolled_back = field.status().challenger(CHALLENGER)
    assert rolled_back is not None
    assert rolled_back.stage is Stage.ROLLED_BACK
    assert rolled_back.rollback is not None
    assert rolled_back.rollback.guardrail == "max-drawdown"
    assert timedelta(0) < from_text(rolled_back.rollback.breached_at) - breached_at < timedelta(milliseconds=1)
    assert field.weights() == _TAKEN_BACK
    assert field.reasons() == ["RolledBack"]
    await field.one_pass()
    (route,) = field.objects("gateway.networking.k8s.io/v1", "httproutes").values()
    assert ROLLBACK_ANNOTATION not in route["metadata"].get("annotations", {})
    assert field.reasons() == ["RolledBack"], "it is told once"


async def test_a_crash_after_the_status_knew_of_it_repeats_nothing(field: Field) -> None:
    await field.in_canary()
    await field.look()
    field.lose(CHALLENGER, _A_BREACH)
    await field.look()
    await field.one_pass()
    field.start_operator()
    await field.one_pass()
    await field.look()
    assert field.reasons() == ["RolledBack"]
    assert field.weights() == _TAKEN_BACK


async def test_the_high_water_mark_survives_a_crash(field: Field) -> None:
    await field.in_canary(edits={"spec.guardrails[1].above": "50%"})
    await _look_and_pass(field)
    await _look_and_pass(field)
    field.lose(CHALLENGER, 200.0)
    await _look_and_pass(field)
    assert field.weights() == _IN_CANARY
    field.start_operator()
    field.clock.advance(minutes=1)
    field.lose(CHALLENGER, 150.0)
    await _look_and_pass(field)
    await field.look()
    assert field.weights() == _TAKEN_BACK, "4 percent before the crash and 3 after it are more than 5"


async def test_what_was_lost_while_no_operator_ran_counts(field: Field) -> None:
    """The operator died right after the canary began, before it had kept anything of it."""
    await field.in_canary()
    field.start_operator()
    field.clock.advance(minutes=1)
    field.lose(CHALLENGER, _A_BREACH)
    field.clock.advance(minutes=1)
    await _look_and_pass(field)
    await field.look()
    assert field.weights() == _TAKEN_BACK


async def test_the_evidence_survives_a_crash(field: Field) -> None:
    memory = await field.in_canary()
    await _look_and_pass(field)
    field.clock.advance(minutes=30)
    await _look_and_pass(field)
    assert memory.comparisons is not None
    kept = memory.comparisons.to_json()
    restarted = field.start_operator().fleet.of(field.key())
    await field.one_pass()
    assert restarted.comparisons is not None
    assert restarted.comparisons.to_json() == kept
    samples = field.status().challenger(EQUAL)
    assert samples is not None
    assert samples.samples == PASSED_SAMPLES + 30


async def _look_and_pass(field: Field) -> None:
    await field.look()
    await field.one_pass()
    field.gateway.program()


async def _until(holds: Callable[[], bool]) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(10):
            while not holds():  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.005)
    return holds()


async def _end(*tasks: asyncio.Task[object]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
