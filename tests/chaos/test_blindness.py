"""Blind is neither good nor bad: a real Prometheus behind a proxy that spoils its answers, and real operator processes.

Every case is a rollout of its own, with a challenger that does well and acts on 30 percent. All go wrong at once.
"""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.chaos import rollouts
from tests.chaos.figures import Exporter, Model, RealPrometheus
from tests.chaos.guarantees import Guarantees
from tests.chaos.operator_process import OperatorProcess
from tests.chaos.prometheus_proxy import Fault, PrometheusProxy
from tests.chaos.surroundings import Surroundings, removed
from tests.control_plane.api_server import ApiServer, kubeconfig
from tests.world.manifests import REMOVED, changed

pytestmark = [pytest.mark.control_plane, pytest.mark.timeout(300)]

CHAMPION, CHALLENGER = rollouts.CHAMPION, rollouts.BETTER.challenger
_STEP_SECONDS, _FRESH_SECONDS, _BLIND_FOR_SECONDS = 25.0, 3.0, 15.0
# Long enough to be held, and short enough not to step back.
_SHORT_SECONDS = 12.0
_LONG_SECONDS = 28.0
_PATIENCE_SECONDS = 90.0

Object = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """What goes wrong, what MetricsAvailable has to say of it, and how long a pass waits for it."""

    fault: Callable[["Field", str], None]
    says: str
    waits: float = 0.0


def answers(fault: Fault) -> Callable[["Field", str], None]:
    return lambda field, name: field.proxy.change(name, fault)


CASES: Mapping[str, Case] = {
    "down": Case(answers(Fault.DOWN), "can't be reached"),
    # Every query has two attempts of two seconds, and the hold is written by the pass that asks them.
    "slow": Case(answers(Fault.SLOW), "did not answer within 2s to the query", waits=5.0),
    "partial": Case(answers(Fault.PARTIAL), "the answer is partial: a store did not answer"),
    "empty": Case(answers(Fault.EMPTY), "there is no series"),
    "nan": Case(answers(Fault.NAN), "there is no series"),
    "html": Case(answers(Fault.HTML), "HTTP Status Code 500"),
    "truncated": Case(answers(Fault.TRUNCATED), "to the query"),
    "vanished": Case(
        lambda field, name: field.exporter.hide(name, CHALLENGER), f"there is no series profit of {CHALLENGER}"
    ),
    "exporter": Case(lambda field, name: field.exporter.hide(name, CHALLENGER, CHAMPION), "there is no series"),
    "behind": Case(answers(Fault.BEHIND), "is older than 3s"),
    "ahead": Case(answers(Fault.AHEAD), "freshness is"),
}
STEPS_BACK = ("down-long", "empty-long")
NOT_BLIND = ("reset",)


@dataclass
class Field:
    """One operator, its rollouts, and where their figures come from."""

    server: ApiServer
    exporter: Exporter
    proxy: PrometheusProxy

    def mend(self, name: str) -> None:
        self.proxy.change(name, Fault.NONE)
        self.exporter.show(name)

    def begin(self, name: str) -> None:
        self.exporter.add(name, {CHAMPION: Model(0.0, 1), CHALLENGER: Model(1.0, 2)})
        self.server.apply(manifest(name, self.proxy.address(name)), dry=False)

    def status(self, name: str) -> Object:
        return dict(self.server.request("GET", f"{self.server.rollouts}/{name}").get("status", {}))

    def share(self, name: str) -> int:
        return (Guarantees(self.server).shares(name) or {}).get(CHALLENGER, 0)

    def wait(self, what: str, holds: Callable[[], bool]) -> None:
        begun = time.monotonic()
        while not holds():
            assert time.monotonic() < begun + _PATIENCE_SECONDS, f"{what}: not within {_PATIENCE_SECONDS} s"
            time.sleep(0.2)


def manifest(name: str, prometheus: str) -> Object:
    """The chaos suite's rollout with one challenger, which soon acts, and with little patience for missing figures."""
    return changed(
        rollouts.manifest(name, rollouts.BETTER, prometheus),
        {
            "spec.challengers[1]": REMOVED,
            "spec.shadow": {"minDuration": "1s", "minTrades": 10},
            "spec.errorBudget": REMOVED,
            "spec.gates": [{"name": "trades", "test": "MinTrades", "count": 10}],
            "spec.guardrails[1].above": f"{_FRESH_SECONDS:.0f}s",
            "spec.guardrails[1].then.after": f"{_BLIND_FOR_SECONDS:.0f}s",
            "spec.canary.steps": [{"percent": 30, "minDuration": f"{_STEP_SECONDS:.0f}s"}],
            "spec.promotion.watch": "1s",
        },
    )


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    path, place = kubeconfig(), tmp_path_factory.mktemp("blindness")
    server = ApiServer(path, f"blind-{uuid.uuid4().hex[:8]}")
    server.install_crds()
    server.request("POST", "/api/v1/namespaces", {"metadata": {"name": server.namespace}})
    exporter = Exporter(server.namespace)
    prometheus = RealPrometheus(place, exporter.port)
    prometheus.start()
    proxy = PrometheusProxy(prometheus.address)
    proxy.start()
    operator = OperatorProcess("operator", place, Path(path), server.namespace)
    surroundings = Surroundings(path, server.namespace)
    surroundings.start()
    operator.start()
    try:
        yield Field(server, exporter, proxy)
    finally:
        surroundings.close()
        operator.kill()
        prometheus.kill()
        proxy.close()
        exporter.close()
        removed(server)


@dataclass
class Course:
    """What was seen of one rollout.

    Attributes:
        during: its status at the end of the fault.
        share_during: its share then.
        moved: whether it was seen to move while the fault lasted.
        acted: seconds from its first share to its promotion, of which `blind` the fault lasted.
        after: its status in the end.

    """

    during: Object
    share_during: int
    moved: bool
    acted: float
    blind: float
    after: Object


@pytest.fixture(scope="module")
def courses(field: Field) -> Mapping[str, Course]:
    """Let everything go wrong once, for all cases at the same time."""
    faults = {name: case.fault for name, case in CASES.items()}
    faults |= {"down-long": answers(Fault.DOWN), "empty-long": answers(Fault.EMPTY)}
    faults |= {"reset": lambda field, name: field.exporter.reset(name)}
    for name in faults:
        field.begin(name)
    acting: dict[str, float] = {}
    field.wait("all act", lambda: _note(field, faults, acting, 30))
    begun = time.monotonic()
    for name, fault in faults.items():
        fault(field, name)
    moved: set[str] = set()
    during: dict[str, tuple[Object, int]] = {}
    short = [name for name in faults if not name.endswith("-long")]
    while time.monotonic() < begun + _SHORT_SECONDS:
        for name in faults:
            during[name] = field.status(name), field.share(name)
            if name not in NOT_BLIND and during[name][1] != 30:
                moved.add(name)
    for name in short:
        field.mend(name)
    blind = time.monotonic() - begun
    promoted: dict[str, float] = {}
    while time.monotonic() < begun + _LONG_SECONDS:
        _note(field, faults, promoted, 100)
        time.sleep(0.2)
    for name in STEPS_BACK:
        during[name] = field.status(name), field.share(name)
        field.mend(name)
    field.wait("all are promoted", lambda: _note(field, faults, promoted, 100))
    return {
        name: Course(*during[name], name in moved, promoted[name] - acting[name], blind, field.status(name))
        for name in faults
    }


def _note(field: Field, names: Mapping[str, object], seen: dict[str, float], share: int) -> bool:
    """Note when each is seen to have this share for the first time; says whether all were."""
    for name in names:
        if name not in seen and field.share(name) == share:
            seen[name] = time.monotonic()
    return len(seen) == len(names)


def condition(status: Object) -> Object:
    return next(each for each in status["conditions"] if each["type"] == "MetricsAvailable")


def stage(status: Object) -> str:
    return str(status["challengers"][0]["stage"])


@pytest.mark.parametrize("name", CASES)
def test_the_canary_stands_still_while_its_figures_cant_be_read(courses: Mapping[str, Course], name: str) -> None:
    course = courses[name]
    assert not course.moved
    assert (stage(course.during), course.share_during) == ("Canary", 30)
    assert course.during["canary"]["step"] == 1


@pytest.mark.parametrize("name", CASES)
def test_the_status_says_what_cant_be_read_since_when_and_what_follows_at_what_time(
    courses: Mapping[str, Course], name: str
) -> None:
    course = courses[name]
    held = course.during["canary"]
    found = condition(course.during)
    assert held.get("heldSince"), course.during
    assert held["heldBy"] == "blind"
    assert found["status"] == "False"
    assert CASES[name].says in found["message"], found["message"]
    assert "; since 20" in found["message"]
    assert f"; {CHALLENGER} keeps its share until 20" in found["message"]
    assert found["message"].endswith("when it steps back")


@pytest.mark.parametrize("name", CASES)
def test_it_goes_on_where_it_stood_and_the_time_of_blindness_does_not_count(
    courses: Mapping[str, Course], name: str
) -> None:
    course = courses[name]
    assert course.after["champion"]["name"] == CHALLENGER
    # It is held once its newest figure is as old as it may be.
    assert course.acted > _STEP_SECONDS + course.blind - _FRESH_SECONDS - CASES[name].waits - 1.0


@pytest.mark.parametrize("name", STEPS_BACK)
def test_it_steps_back_into_shadow_after_blind_for_and_is_not_counted_as_failed(
    courses: Mapping[str, Course], name: str
) -> None:
    course = courses[name]
    assert not course.moved, "it stepped back before its time"
    assert (stage(course.during), course.share_during) == ("Shadow", 0)
    assert course.after["champion"]["name"] == CHALLENGER, "once it can be seen it may try again"


def test_counters_that_begin_anew_are_no_loss_and_hold_nobody(courses: Mapping[str, Course]) -> None:
    course = courses["reset"]
    assert course.after["champion"]["name"] == CHALLENGER
    assert course.acted < _STEP_SECONDS + course.blind
