"""Our operator, and a ShadowRollout for each lane."""

import itertools
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from bench.rollback import certificate
from bench.rollback.controller import CHALLENGER, CHAMPION
from bench.rollback.lanes import Lanes
from bench.rollback.pieces import MANIFESTS, NAMESPACE, Pieces
from examples.demo.player.api_server import ApiServer
from examples.demo.player.installation import Installation
from examples.demo.player.names import CORE, OPERATOR_NAMESPACE, RELEASE
from examples.demo.player.tools import Tools
from examples.demo.player.waiting import Look, wait_until

ROLLOUTS = f"/apis/shadowrollouts.io/v1alpha1/namespaces/{NAMESPACE}/shadowrollouts"
_IN_NAMESPACE = f"--namespace={NAMESPACE}"
_LONGEST_SECONDS = 240.0

Object = dict[str, Any]


class ShadowRollouts:
    """Our operator."""

    def __init__(self, tools: Tools, api: ApiServer, pieces: Pieces, installation: Installation, lanes: Lanes) -> None:
        self._tools = tools
        self._api = api
        self._pieces = pieces
        self._installation = installation
        self._lanes = lanes
        self._nonces = itertools.count(int(time.time()))
        self._by = ""

    def install(self, guard_seconds: float) -> None:
        """Install the operator, which hears alerts, and wait until one of its pods leads."""
        values = {
            "operator.guardSeconds": guard_seconds,
            "alerts.enabled": True,
            "alerts.tls.secretName": certificate.SECRET,
        }
        self._installation.install_operator(*(f"{name}={json.dumps(value)}" for name, value in values.items()))
        whoami = json.loads(self._tools.kubectl("auth", "whoami", "--output=json"))
        self._by = whoami["status"]["userInfo"]["username"]
        self.wait_for_leader()

    def wait_for_leader(self) -> None:
        """Wait until one of the operator's pods leads, and all of them are ready."""
        wait_until("a pod that leads", self._led, seconds=60.0)

    def bring_up(self, lanes: Sequence[str]) -> None:
        """Apply the rollouts, and wait until every challenger is in shadow or further."""
        self._lanes.race(lanes, CHALLENGER, CHAMPION)
        self.apply(lanes, CHAMPION, CHALLENGER)
        self.wait("in shadow", lanes, lambda it: it["status"].get("phase") in {"Shadowing", "Canary"})

    def apply(self, lanes: Sequence[str], champion: str, challenger: str, step: str = "1h") -> None:
        """Apply the rollouts of these lanes, whose only step lasts so long."""
        template = (MANIFESTS / "rollout.yaml").read_text()
        named = template.replace("CHAMPION", champion).replace("CHALLENGER", challenger).replace("1h", step)
        self._pieces.apply("---\n".join(named.replace("LANE", lane) for lane in lanes))

    def begin(self, lanes: Sequence[str], challenger: str) -> None:
        """Let the challengers that were rolled back try again; the others go on by themselves."""
        fallen = [name for name in lanes if self.stages(name).get(challenger) == "RolledBack"]
        if fallen:
            self.command(fallen, "retry", challenger)

    def command(self, lanes: Sequence[str], verb: str, *more: str) -> None:
        """Give a command."""
        text = "/".join((verb, str(next(self._nonces)), *more))
        said = (f"shadowrollouts.io/command={text}", f"shadowrollouts.io/command-by={self._by}")
        self._tools.kubectl("annotate", "sr", *lanes, _IN_NAMESPACE, "--overwrite", *said)

    def rollout(self, lane: str) -> Object:
        """The lane's rollout."""
        return dict(self._api.get(f"{ROLLOUTS}/{lane}"))

    def stages(self, lane: str) -> dict[str, str]:
        """The stage of each challenger of the lane."""
        return {each["name"]: each["stage"] for each in self.rollout(lane)["status"].get("challengers", [])}

    def leader(self) -> str:
        """The pod that leads."""
        lease = self._api.get(f"/apis/coordination.k8s.io/v1/namespaces/{OPERATOR_NAMESPACE}/leases/{RELEASE}")
        return str(lease["spec"].get("holderIdentity") or "") if lease else ""

    def wait(self, what: str, lanes: Sequence[str], holds: Callable[[Object], bool]) -> None:
        """Wait until it holds of the rollout of each lane."""

        def look() -> Look:
            found = {each["metadata"]["name"]: each for each in self._api.items(ROLLOUTS)}
            open_ = [name for name in lanes if not found[name].get("status") or not holds(found[name])]
            said = [found[name].get("status", {}).get("message") for name in open_[:3]]
            return Look(done=not open_, found=f"{len(open_)} are not: {said}")

        wait_until(f"every rollout to be {what}", look, seconds=_LONGEST_SECONDS)

    def _led(self) -> Look:
        pods = self._api.items(f"{CORE}/{OPERATOR_NAMESPACE}/pods")
        names = {each["metadata"]["name"] for each in pods}
        ready = {each["metadata"]["name"] for each in pods if _is_ready(each)}
        done = names == ready and self.leader() in ready
        return Look(
            done=done, found=f"{len(ready)} of {len(names)} pods are ready, and {self.leader() or 'nobody'} leads"
        )


def _is_ready(pod: Object) -> bool:
    conditions = {each["type"]: each["status"] for each in pod.get("status", {}).get("conditions", [])}
    return "deletionTimestamp" not in pod["metadata"] and conditions.get("Ready") == "True"
