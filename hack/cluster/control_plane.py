"""A control plane alone (`--control-plane`): etcd, the API server and the controllers, as an ordinary user, in seconds.

It has no node, so no pod ever runs; what an API server promises is the same as in a whole cluster.
"""

import api
import pins
import tools
from process import end
from report import say
from state import CONTROL_PLANE, HERE, held, remove, remove_empty_pointer, write

_DAEMONS = ("etcd", "kube-apiserver", "kube-controller-manager")


def components() -> dict[str, bool]:
    """Say of each process whether it runs, and of the API server whether it is ready."""
    alive = {name: CONTROL_PLANE.daemon(name).identity() is not None for name in _DAEMONS}
    return alive | {"ready": alive["kube-apiserver"] and api.ready(CONTROL_PLANE)}


def running() -> bool:
    """Say whether all of it is up."""
    return CONTROL_PLANE.complete.exists() and all(components().values())


def up() -> None:
    """Bring it up; what is half made or partly dead is removed and made again, which takes seconds."""
    tools.build(pins.CONTROL_PLANE_COMMANDS)
    crds = tools.gateway_api_crds()
    with held(HERE):
        if running():
            say("the control plane is already running")
            return
        if CONTROL_PLANE.lib.exists():
            say("removes what an earlier control plane left")
            _remove()
        made = api.start_server(CONTROL_PLANE, "127.0.0.1")
        say(f"etcd and the API server are ready on {made.address}:{made.port}")
        api.kubectl(CONTROL_PLANE, ["apply", "--server-side", "-f", str(crds)])
        api.kubectl(CONTROL_PLANE, ["wait", "--for=condition=Established", "--timeout=60s", "-f", str(crds)])
        say("the Gateway API's resources are there")
        api.wait_for_service_accounts(made)
        write(CONTROL_PLANE.complete, "")
    say("the control plane is up")


def down() -> None:
    """End it and remove all that it made."""
    with held(HERE):
        _remove()
    say("the control plane is down")


def _remove() -> None:
    CONTROL_PLANE.complete.unlink(missing_ok=True)
    end(CONTROL_PLANE.recorded(), patience=1.5)
    remove(CONTROL_PLANE.lib)
    remove_empty_pointer()
