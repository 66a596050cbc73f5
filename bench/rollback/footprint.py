"""What the operator's pods use, by the kubelet's own account."""

import re
import time
from dataclasses import dataclass

from examples.demo.player.api_server import ApiServer
from examples.demo.player.failure import DemoError
from examples.demo.player.names import OPERATOR_NAMESPACE

_MEBIBYTE = 1024.0 * 1024.0
_MEMORY, _CPU = "container_memory_working_set_bytes", "container_cpu_usage_seconds_total"


@dataclass(frozen=True, slots=True)
class Footprint:
    """Of one pod.

    Attributes:
        mebibytes: the most of several looks at its working set.
        millicores: of a core's time, on average.

    """

    mebibytes: float
    millicores: float


@dataclass(frozen=True, slots=True)
class _Look:
    memory: float
    cpu_seconds: float
    at: float


def footprint(api: ApiServer, pod: str, seconds: float, every: float = 15.0) -> Footprint:
    """Look at a pod for so long."""
    looks = [_look(api, pod)]
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(every)
        looks.append(_look(api, pod))
    first, last = looks[0], looks[-1]
    millicores = 1000.0 * (last.cpu_seconds - first.cpu_seconds) / (last.at - first.at)
    return Footprint(max(look.memory for look in looks) / _MEBIBYTE, millicores)


def _look(api: ApiServer, pod: str) -> _Look:
    node = api.get(f"/api/v1/namespaces/{OPERATOR_NAMESPACE}/pods/{pod}")["spec"]["nodeName"]
    text = api.text(f"/api/v1/nodes/{node}/proxy/metrics/resource")
    memory, _ = _sample(text, _MEMORY, pod)
    cpu, at = _sample(text, _CPU, pod)
    return _Look(memory, cpu, at)


def _sample(text: str, name: str, pod: str) -> tuple[float, float]:
    """The value, and the moment in Unix seconds at which the kubelet read it."""
    found = re.search(rf'^{name}{{[^}}]*pod="{pod}"}} (\S+) (\d+)$', text, re.MULTILINE)
    if found is None:
        raise DemoError(f"the kubelet tells no {name} of pod {pod}")
    return float(found[1]), float(found[2]) / 1000.0
