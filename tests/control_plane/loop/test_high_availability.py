"""Two operators, one Lease: one acts, the other takes over, and whoever was deposed writes nothing."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest

from shadow_operator import checkpoint
from shadow_operator.cluster import Cluster, NotLeadingError
from shadow_operator.core.kinds import CONFIG_MAP
from shadow_operator.core.lease import Terms
from shadow_operator.leader import Candidate, Leadership, LeadershipLostError, Place, clock
from shadow_operator.renewal import Pulse, Renewal
from shadow_operator.take_over import take_over
from tests.control_plane.api_server import ApiServer
from tests.control_plane.loop.field import CHALLENGER, CHAMPION, Field
from tests.control_plane.loop.processes import Processes, StandInPrometheus, WallClock, until

pytestmark = pytest.mark.control_plane

_IN_CANARY = {CHALLENGER: 5, CHAMPION: 95}
_TAKEN_BACK = {CHAMPION: 100}
_A_BREACH = 400.0
_AFTER_A_KILL, _AFTER_A_STOP = 10.0, 2.0
_START_SECONDS = 30.0
_LEASE = "shadow-operator"
_QUICK, _PATIENT = Terms(1.5), Terms(3.0)


@pytest.fixture
async def live(server: ApiServer, kubeconfig_path: str) -> AsyncIterator[Field]:
    """A rollout in its canary by the wall clock, with a Prometheus that other processes can ask."""
    async with await Cluster.connect(10.0, kubeconfig_path) as cluster:
        field = Field(cluster, server, WallClock())
        async with StandInPrometheus(field.evaluations).served() as address:
            memory = await field.in_canary(edits={"spec.metrics.prometheus.address": address})
            # Without the evidence that it passed on, a canary steps back.
            await checkpoint.keep(cluster, await field.read(), memory, field.clock())
            yield field


@pytest.fixture
async def pair(live: Field, kubeconfig_path: str, tmp_path: Path) -> AsyncIterator[Processes]:
    """Two operators: `first` leads and has made a pass, `second` stands by."""
    processes = Processes(live.server, kubeconfig_path, tmp_path)
    try:
        processes.start("first")
        await until(lambda: processes.leader() == "first", _START_SECONDS, "the election of the first one")
        await until(lambda: "momentum-policy" in live.objects("v1", "configmaps"), _START_SECONDS, "its first pass")
        processes.start("second")
        await until(lambda: "first leads" in processes.told("second"), _START_SECONDS, "the second one's standing by")
        assert live.weights() == _IN_CANARY
        yield processes
    finally:
        processes.end()
        for name in processes.running:
            print(f"--- {name}\n{processes.told(name)}")  # noqa: T201 - pytest shows it when a test fails


async def test_the_other_one_takes_the_share_back_after_the_leader_was_killed(
    live: Field, pair: Processes, measured: list[str]
) -> None:
    before = pair.lease()["leaseTransitions"]
    pair.running["first"].send_signal(signal.SIGKILL)
    killed_at = time.monotonic()
    _lose_now(live)
    await until(lambda: pair.leader() == "second", _AFTER_A_KILL, "the election")
    elected = time.monotonic() - killed_at
    await until(lambda: live.weights() == _TAKEN_BACK, _AFTER_A_KILL, "the rollback")
    seconds = time.monotonic() - killed_at
    measured.append(
        f"leader killed: another one leads after {elected:.1f} s, the guard rolled back after {seconds:.1f} s"
    )
    assert seconds < _AFTER_A_KILL
    assert pair.lease()["leaseTransitions"] == before + 1


async def test_a_leader_that_is_told_to_stop_hands_over_at_once(
    live: Field, pair: Processes, measured: list[str]
) -> None:
    pair.running["first"].send_signal(signal.SIGTERM)
    stopped_at = time.monotonic()
    _lose_now(live)
    await until(lambda: pair.leader() == "second", _AFTER_A_STOP, "the election")
    elected = time.monotonic() - stopped_at
    await until(lambda: live.weights() == _TAKEN_BACK, _AFTER_A_KILL, "the rollback")
    seconds = time.monotonic() - stopped_at
    measured.append(
        f"leader stopped: another one leads after {elected:.1f} s, the guard rolled back after {seconds:.1f} s"
    )
    assert elected < _AFTER_A_STOP
    await until(lambda: pair.running["first"].poll() is not None, _START_SECONDS, "the first one's end")
    assert pair.running["first"].returncode == 0
    assert "first gave" in pair.told("first")


async def test_a_leader_that_waits_for_prometheus_hands_over_as_fast(live: Field, pair: Processes) -> None:
    live.evaluations.hang()
    await asyncio.sleep(1.5)
    pair.running["first"].send_signal(signal.SIGTERM)
    await until(lambda: pair.leader() == "second", _AFTER_A_STOP, "the election")


async def test_a_leader_that_hung_until_another_one_led_writes_nothing_and_ends(
    live: Field, pair: Processes, measured: list[str]
) -> None:
    first, second = pair.running["first"], pair.running["second"]
    first.send_signal(signal.SIGSTOP)
    await until(lambda: pair.leader() == "second", _START_SECONDS, "the election")
    await until(lambda: "looked at them" in pair.told("second"), _START_SECONDS, "its take-over")
    # Whatever is written from here on, until it goes on, is the first one's.
    second.send_signal(signal.SIGSTOP)
    await asyncio.sleep(0.2)
    _lose_now(live)
    before = _versions(live)
    first.send_signal(signal.SIGCONT)
    woken_at = time.monotonic()
    await until(lambda: first.poll() is not None, 2.0, "its end")
    measured.append(f"leader that hung and was deposed: ended {time.monotonic() - woken_at:.2f} s after it went on")
    assert _versions(live) == before
    assert first.returncode not in {0, None}
    assert "lost Lease" in pair.told("first")
    assert live.weights() == _IN_CANARY
    second.send_signal(signal.SIGCONT)
    await until(lambda: live.weights() == _TAKEN_BACK, _AFTER_A_KILL, "the rollback by the one that leads")


async def test_one_that_stands_by_is_well_and_says_that_it_does_not_lead(live: Field, pair: Processes) -> None:
    async with aiohttp.ClientSession() as session:
        for name, leading in (("first", 1.0), ("second", 0.0)):
            async with session.get(pair.addresses[name].metrics) as answer:
                assert f"shadow_operator_leading {leading}" in await answer.text()
            async with session.get(pair.addresses[name].probe) as answer:
                assert (answer.status, await answer.text()) == (200, "alive")
    pair.running["second"].send_signal(signal.SIGTERM)
    await until(lambda: pair.running["second"].poll() is not None, 2.0, "its end")
    assert pair.running["second"].returncode == 0
    assert pair.leader() == "first"
    assert live.weights() == _IN_CANARY


async def test_a_deposed_leader_reads_and_can_not_write(field: Field, kubeconfig_path: str) -> None:
    leadership = Leadership()
    async with await Cluster.connect(10.0, kubeconfig_path, leadership) as fenced:
        namespace = field.server.namespace
        for write in (
            fenced.apply(CONFIG_MAP, {"metadata": {"namespace": namespace, "name": "mine"}}),
            fenced.create(CONFIG_MAP, namespace, {"metadata": {"name": "mine"}}),
            fenced.merge(CONFIG_MAP, namespace, "kube-root-ca.crt", {"data": {"mine": "x"}}),
            fenced.delete(CONFIG_MAP, namespace, "kube-root-ca.crt"),
        ):
            with pytest.raises(NotLeadingError, match="was not sent: this process does not lead"):
                await write
        leadership.extend(clock() + 60)
        await fenced.create(CONFIG_MAP, namespace, {"metadata": {"name": "mine"}})
        leadership.end()
        assert await fenced.get(CONFIG_MAP, namespace, "mine") is not None
        with pytest.raises(NotLeadingError):
            await fenced.delete(CONFIG_MAP, namespace, "mine")


async def test_one_of_two_is_elected_and_the_other_after_it_resigned(field: Field) -> None:
    rights = [Leadership(), Leadership()]
    one, other = (
        Candidate(field.cluster, right, Place(field.server.namespace, _LEASE, name), _QUICK)
        for right, name in zip(rights, ("one", "other"), strict=True)
    )
    elections = [asyncio.create_task(each.elected()) for each in (one, other)]
    await asyncio.wait(elections, return_when=asyncio.FIRST_COMPLETED, timeout=10)
    assert [each.done() for each in elections].count(True) == 1
    (first, second), (_, waiting) = (
        ((one, other), elections) if elections[0].done() else ((other, one), elections[::-1])
    )
    keeping = asyncio.create_task(first.keep(lambda: 0.0))
    await asyncio.sleep(2 * _QUICK.seconds)
    assert not waiting.done(), "a leader that renews is not taken over"
    keeping.cancel()
    await first.resign(1.0)
    async with asyncio.timeout(2 * _QUICK.every):
        await waiting
    await second.resign(1.0)


async def _keep(
    kubeconfig_path: str, right: Leadership, place: Place, terms: Terms, seconds_missed: Callable[[], float]
) -> None:
    async with await Cluster.connect(terms.deadline / 2, kubeconfig_path) as aside:
        await Candidate(aside, right, place, terms).keep(seconds_missed)


async def test_a_leader_that_is_busy_for_longer_than_a_lease_lasts_goes_on_to_lead(
    field: Field, kubeconfig_path: str
) -> None:
    right, place, lost = Leadership(), Place(field.server.namespace, _LEASE, "busy"), list[Exception]()
    await Candidate(field.cluster, right, place, _PATIENT).elected()
    renewal = Renewal(lambda: _keep(kubeconfig_path, right, place, _PATIENT, Pulse().seconds_missed), lost.append)
    renewal.start()
    # Nothing else in this process gets a turn meanwhile.
    time.sleep(2 * _PATIENT.seconds)  # noqa: ASYNC251 - that is what is tested
    assert right.seconds_left > 0
    assert not lost
    await renewal.stop()
    left = right.seconds_left
    await asyncio.sleep(2 * _PATIENT.every)
    assert right.seconds_left < left, "nobody renews it any more"


async def test_a_leader_that_hangs_is_not_kept_in_office_by_its_renewals(field: Field, kubeconfig_path: str) -> None:
    right, place, lost = Leadership(), Place(field.server.namespace, _LEASE, "hung"), list[Exception]()
    await Candidate(field.cluster, right, place, _QUICK).elected()
    renewal = Renewal(lambda: _keep(kubeconfig_path, right, place, _QUICK, lambda: 16.0), lost.append)
    renewal.start()
    await asyncio.sleep(2 * _QUICK.every)
    assert right.seconds_left == 0
    assert [str(each) for each in lost] == [
        f"hung lost Lease {place.namespace}/{_LEASE}: nothing else in this process moved for 16 s"
    ]
    await renewal.stop()


async def test_a_leader_whose_lease_somebody_deleted_stops(field: Field) -> None:
    right = Leadership()
    candidate = Candidate(field.cluster, right, Place(field.server.namespace, _LEASE, "one"), _QUICK)
    await candidate.elected()
    leases = f"/apis/coordination.k8s.io/v1/namespaces/{field.server.namespace}/leases/{_LEASE}"
    field.server.request("DELETE", leases)
    with pytest.raises(LeadershipLostError, match=r"one lost Lease .*: nobody leads"):
        await candidate.keep(lambda: 0.0)
    assert right.seconds_left == 0


async def test_the_guard_looks_before_any_pass_after_a_take_over(field: Field, measured: list[str]) -> None:
    names = [f"momentum-{number}" for number in range(20)]
    for name in names:
        await field.in_canary(name)
    field.lose(CHALLENGER, _A_BREACH)
    operator = field.start_operator()
    begun = time.monotonic()
    await take_over(field.cluster, operator.reconciler, operator.guard, [field.server.namespace])
    await until(lambda: all(field.weights(name) == _TAKEN_BACK for name in names), 5.0, "the rollbacks")
    measured.append(
        f"{len(names)} canaries that break a guardrail, taken over and rolled back: {time.monotonic() - begun:.2f} s"
    )


async def test_a_take_over_leaves_a_rollback_of_the_former_leader_as_it_was(field: Field) -> None:
    await field.in_canary()
    await field.look()
    field.lose(CHALLENGER, _A_BREACH)
    await field.look()
    (before,) = field.objects("gateway.networking.k8s.io/v1", "httproutes").values()
    field.clock.advance(minutes=5)
    operator = field.start_operator()
    await take_over(field.cluster, operator.reconciler, operator.guard, [field.server.namespace])
    await field.look()
    (after,) = field.objects("gateway.networking.k8s.io/v1", "httproutes").values()
    assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    await field.one_pass()
    assert field.reasons() == ["RolledBack"]


def _lose_now(field: Field) -> None:
    field.books[CHALLENGER].lumps.append((field.clock(), -_A_BREACH))


def _versions(field: Field) -> dict[str, str]:
    kinds = [
        ("v1", "configmaps"),
        ("v1", "services"),
        ("v1", "events"),
        ("apps/v1", "deployments"),
        ("gateway.networking.k8s.io/v1", "httproutes"),
        ("shadowrollouts.io/v1alpha1", "shadowrollouts"),
        ("shadowrollouts.io/v1alpha1", "rolloutdecisions"),
    ]
    return {
        f"{plural}/{name}": found["metadata"]["resourceVersion"]
        for group, plural in kinds
        for name, found in field.objects(group, plural).items()
        # The Deployments' controller writes their status as well.
        if plural != "deployments"
    }
