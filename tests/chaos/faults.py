"""What breaks: one fault at a time, each begun and ended."""

import contextlib
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from tests.chaos.figures import ROOT, Exporter, RealPrometheus
from tests.chaos.guarantees import Guarantees
from tests.chaos.operator_process import OperatorProcess
from tests.chaos.proxy import FAIR, FaultProxy, Weather
from tests.chaos.rollouts import CHAMPION, TWIN
from tests.control_plane.api_server import ApiServer, RefusedError

_BACK_SECONDS = 60.0
_NOTED = " Note: "
_DEFINITION = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/shadowrollouts.shadowrollouts.io"
_ROUTES = "/apis/gateway.networking.k8s.io/v1/namespaces/{}/httproutes/{}"


@dataclass(frozen=True, slots=True)
class World:
    """What can break, and who has to know of it. Each operator has a proxy of its own, by its name."""

    operators: list[OperatorProcess]
    proxies: Mapping[str, FaultProxy]
    prometheus: RealPrometheus
    exporter: Exporter
    server: ApiServer
    guarantees: Guarantees
    random: random.Random
    seed: int

    def wait_for_the_api_server(self) -> None:
        """Return once it answers again."""
        deadline = time.monotonic() + _BACK_SECONDS
        while True:
            try:
                self.server.request("GET", self.server.rollouts)
            except RefusedError:
                assert time.monotonic() < deadline, f"the API server is not back after {_BACK_SECONDS} s"
                time.sleep(0.2)
            else:
                return

    def change_definition(self, note: str) -> None:
        """Append a note to the description in the definition of the rollouts, in the place of the former one."""
        with contextlib.suppress(RefusedError):
            definition = self.server.request("GET", _DEFINITION)
            for version in definition["spec"]["versions"]:
                schema = version["schema"]["openAPIV3Schema"]
                schema["description"] = schema.get("description", "").partition(_NOTED)[0] + note
            self.server.request("PUT", _DEFINITION, definition)


Undo = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to break.

    Attributes:
        strike: breaks it; gives what puts it right, as the world around the operator would.
        seconds: least and most time between the two.

    """

    strike: Callable[[World], Undo]
    seconds: tuple[float, float]


def _leader(world: World) -> OperatorProcess:
    """Whoever the Lease names; anybody while it names nobody that runs."""
    try:
        path = f"/apis/coordination.k8s.io/v1/namespaces/{world.server.namespace}/leases/shadow-operator"
        holder = world.server.request("GET", path)["spec"].get("holderIdentity")
    except RefusedError:
        holder = None
    named = [each for each in world.operators if each.name == holder]
    return named[0] if named else world.random.choice(world.operators)


def _kill(world: World) -> Undo:
    leader = _leader(world)
    leader.kill()
    return leader.start


def _pause(world: World) -> Undo:
    leader = _leader(world)
    leader.pause()
    return leader.resume


def _kill_all(world: World) -> Undo:
    for each in world.operators:
        each.kill()

    def start() -> None:
        for each in world.operators:
            each.start()

    return start


def _terminate(world: World) -> Undo:
    leader = _leader(world)
    leader.terminate()
    return leader.start


def _change(proxies: Iterable[FaultProxy], weather: Weather) -> None:
    for each in proxies:
        each.change(weather)


def _weather(weather: Weather) -> Fault:
    def strike(world: World) -> Undo:
        _change(world.proxies.values(), weather)
        return lambda: _change(world.proxies.values(), FAIR)

    return Fault(strike, (1.0, 4.0))


def _part_leader(world: World) -> Undo:
    """It goes on to believe that it leads, for a while, beside the one that does."""
    proxy = world.proxies[_leader(world).name]
    proxy.change(Weather(is_parted=True))
    return lambda: proxy.change(FAIR)


def _kill_prometheus(world: World) -> Undo:
    world.prometheus.kill()
    return world.prometheus.start


def _nothing() -> None:
    """There is nothing to put right: that is for the operator."""


def _delete_route(world: World) -> Undo:
    name = world.random.choice(sorted(world.guarantees.watched))
    world.guarantees.changed_by_hand(name)
    with contextlib.suppress(RefusedError):
        world.server.request("DELETE", _ROUTES.format(world.server.namespace, name))
    return _nothing


def edit_route(server: ApiServer, guarantees: Guarantees, name: str) -> None:
    """Give half of a rollout's requests to the champion's twin."""
    path = _ROUTES.format(server.namespace, name)
    guarantees.changed_by_hand(name)
    with contextlib.suppress(RefusedError):
        route = server.request("GET", path)
        (rule,) = route["spec"]["rules"]
        rule["backendRefs"] = [{"name": f"{name}-{model}", "port": 8080, "weight": 50} for model in (CHAMPION, TWIN)]
        server.request("PUT", path, route)


def _edit_route(world: World) -> Undo:
    edit_route(world.server, world.guarantees, world.random.choice(sorted(world.guarantees.watched)))
    return _nothing


def _control_plane_fails(how: str, name: str, least: float, most: float) -> Fault:
    """Have hack/cluster break one of its processes; it puts it right by itself."""

    def strike(world: World) -> Undo:
        seconds = f"{world.random.uniform(least, most):.2f}"
        command = [sys.executable, str(ROOT / "hack" / "cluster"), how, name, seconds, "--control-plane"]
        failing = subprocess.Popen(command, stderr=subprocess.DEVNULL)

        def right() -> None:
            assert failing.wait(60) == 0, f"`{' '.join(command)}` failed"
            world.wait_for_the_api_server()

        return right

    return Fault(strike, (most, most + 1.0))


def _edit_definition(world: World) -> Undo:
    """Somebody edits the definition of the rollouts, and puts it back: every watch of them ends."""
    world.change_definition(f"{_NOTED}somebody was here")
    return lambda: world.change_definition("")


KILLED = "leader killed"
FAULTS: Mapping[str, Fault] = {
    KILLED: Fault(_kill, (0.0, 2.0)),
    "leader stands still": Fault(_pause, (1.0, 10.0)),
    "leader ended by a rolling upgrade": Fault(_terminate, (1.0, 2.0)),
    "every operator killed": Fault(_kill_all, (0.0, 3.0)),
    "API server answers 409": _weather(Weather(status=409, refuses=0.5)),
    "API server answers 429": _weather(Weather(status=429, refuses=0.7)),
    "API server answers 500": _weather(Weather(status=500, refuses=0.5)),
    "API server answers late": _weather(Weather(delay=0.7)),
    "answers of the API server are lost": _weather(Weather(loses=0.5)),
    "operators and API server are parted": _weather(Weather(is_parted=True)),
    "leader and API server are parted for longer than a Lease": Fault(_part_leader, (8.0, 12.0)),
    "API server killed": _control_plane_fails("restart", "kube-apiserver", 0.0, 3.0),
    "etcd stands still": _control_plane_fails("pause", "etcd", 1.0, 6.0),
    "definition of the rollouts edited": Fault(_edit_definition, (1.0, 4.0)),
    "Prometheus killed": Fault(_kill_prometheus, (1.0, 5.0)),
    "route deleted by hand": Fault(_delete_route, (0.5, 2.0)),
    "route edited by hand": Fault(_edit_route, (0.5, 2.0)),
}
