"""What breaks: one fault at a time, each begun and ended."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.chaos.figures import Exporter, RealPrometheus
from tests.chaos.guarantees import Guarantees
from tests.chaos.operator_process import OperatorProcess
from tests.chaos.proxy import FAIR, FaultProxy, Weather
from tests.chaos.rollouts import CHAMPION
from tests.control_plane.api_server import ApiServer, RefusedError

_ROUTES = "/apis/gateway.networking.k8s.io/v1/namespaces/{}/httproutes/{}"


@dataclass(frozen=True, slots=True)
class World:
    """What can break, and who has to know of it."""

    operator: OperatorProcess
    proxy: FaultProxy
    prometheus: RealPrometheus
    exporter: Exporter
    server: ApiServer
    guarantees: Guarantees
    random: random.Random
    seed: int


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to break.

    Attributes:
        begin: breaks it.
        end: puts it right, as the world around the operator would.
        seconds: least and most time between the two.

    """

    begin: Callable[[World], None]
    end: Callable[[World], None]
    seconds: tuple[float, float]


def _kill(world: World) -> None:
    world.operator.kill()


def _start(world: World) -> None:
    world.operator.start()


def _weather(weather: Weather) -> Fault:
    return Fault(lambda world: world.proxy.change(weather), lambda world: world.proxy.change(FAIR), (1.0, 4.0))


def _nothing(_: World) -> None:
    """There is nothing to put right: that is for the operator."""


def _a_route(world: World) -> tuple[str, str]:
    name = world.random.choice(sorted(world.guarantees.watched))
    return name, _ROUTES.format(world.server.namespace, name)


def _delete_route(world: World) -> None:
    name, path = _a_route(world)
    world.guarantees.changed_by_hand(name)
    try:
        world.server.request("DELETE", path)
    except RefusedError:
        return


def _edit_route(world: World) -> None:
    name, path = _a_route(world)
    world.guarantees.changed_by_hand(name)
    try:
        route = world.server.request("GET", path)
        (rule,) = route["spec"]["rules"]
        rule["backendRefs"] = [
            {"name": f"{name}-{CHAMPION}", "port": 8080, "weight": 50},
            {"name": f"{name}-twin", "port": 8080, "weight": 50},
        ]
        world.server.request("PUT", path, route)
    except RefusedError:
        return


KILLED = "operator killed"
FAULTS: Mapping[str, Fault] = {
    KILLED: Fault(_kill, _start, (0.0, 1.0)),
    "operator stopped": Fault(lambda world: world.operator.pause(), lambda world: world.operator.resume(), (1.0, 4.0)),
    "API server answers 409": _weather(Weather(status=409, refuses=0.5)),
    "API server answers 429": _weather(Weather(status=429, refuses=0.7)),
    "API server answers 500": _weather(Weather(status=500, refuses=0.5)),
    "API server answers late": _weather(Weather(delay=0.7)),
    "answers of the API server are lost": _weather(Weather(loses=0.5)),
    "operator and API server are parted": _weather(Weather(is_parted=True)),
    "Prometheus killed": Fault(
        lambda world: world.prometheus.kill(), lambda world: world.prometheus.start(), (1.0, 5.0)
    ),
    "route deleted by hand": Fault(_delete_route, _nothing, (0.5, 2.0)),
    "route edited by hand": Fault(_edit_route, _nothing, (0.5, 2.0)),
}
