"""Follows the rollout to its end, and prints what happens as it does."""

import time
from typing import Any

from .api_server import ApiServer
from .envoy_log import EnvoyLog
from .failure import DemoError, UnreachableError
from .names import EVENTS_PATH, OPERATOR_NAMESPACE, RELEASE, ROLLOUT, ROLLOUT_PATH
from .options import ANY_CHALLENGER
from .screen import Screen
from .split import Seen, seen_by_envoy, window_of
from .story import Step, Story
from .tools import Tools
from .view import view_of

LOOK_EVERY = 0.5
SAY_EVERY = 10.0
# The step of a canary that is its middle.
KILL_AT_STEP = 2


class Follower:
    """One look after the other, bounded in time."""

    def __init__(self, api: ApiServer, story: Story, log: EnvoyLog, screen: Screen) -> None:
        self._api = api
        self._story = story
        self._log = log
        self._screen = screen
        self._events: set[tuple[str, int]] = set()
        self._said = 0.0
        self.envoy: dict[tuple[str, int], Seen] = {}
        """What Envoy was seen to do in each step, by challenger and step."""
        self.killed_at: float | None = None

    def follow(self, seconds: float, killer: "Killer | None") -> bool:
        """Follow until Completed; false if time was up before."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if self._look(killer):
                    return True
            except UnreachableError as error:
                self._screen.say("unreachable", str(error))
            time.sleep(LOOK_EVERY)
        return False

    def _look(self, killer: "Killer | None") -> bool:
        rollout = self._api.get(ROLLOUT_PATH)
        if rollout is None:
            raise DemoError(f"ShadowRollout {ROLLOUT} is gone: somebody deleted it while the demo was on.")
        before = self._story.present_step
        lines = self._story.observe(view_of(rollout), time.time())
        if before is not None and self._story.present_step is not before:
            self._read_envoy(before)
        for subject, text in lines:
            self._screen.say(subject, text)
        self._say_progress()
        self._say_events()
        step = self._story.present_step
        if killer is not None and self.killed_at is None and step is not None and killer.wants(step):
            self.killed_at = time.time()
            killer.kill()
            self._screen.say(
                "kill", f"deleted the leading operator's pod in the canary of {step.challenger}, without grace"
            )
        return self._story.view.phase == "Completed"

    def _read_envoy(self, step: Step) -> None:
        window = window_of(step)
        if window is not None:
            requests = self._log.requests(window.begin)
            self.envoy[step.challenger, step.number] = seen_by_envoy(requests, window, step.challenger)

    def _say_progress(self) -> None:
        if self._screen.seconds - self._said < SAY_EVERY:
            return
        self._said = self._screen.seconds
        self._log.remember_pods()
        view = self._story.view
        leader = view.challenger(view.leader) if view.leader else None
        if leader is not None and leader.stage == "Shadow":
            found = f"{leader.samples} samples, evidence {leader.evidence}, p {leader.pvalue}"
            self._screen.say(view.phase, f"{leader.name} leads: {found}; waits for {leader.waiting_for}")
        elif view.canary is not None:
            self._screen.say(view.phase, view.message or "")

    def _say_events(self) -> None:
        for event in self._api.items(EVENTS_PATH, fieldSelector=f"involvedObject.name={ROLLOUT}"):
            key = (str(event["metadata"].get("uid", "")), int(event.get("count") or 1))
            if key not in self._events:
                self._events.add(key)
                self._screen.say("event", _spoken(event))


class Killer:
    """Deletes the operator's pod that leads, as a node failure would."""

    def __init__(self, tools: Tools, challenger: str) -> None:
        self._tools = tools
        self._challenger = challenger

    def wants(self, step: Step) -> bool:
        """Whether this is the canary and the step to do it in."""
        return step.number == KILL_AT_STEP and self._challenger in (ANY_CHALLENGER, step.challenger)

    def kill(self) -> None:
        """Delete it without grace."""
        namespace = f"--namespace={OPERATOR_NAMESPACE}"
        leader = self._tools.kubectl("get", "lease", RELEASE, namespace, "--output=jsonpath={.spec.holderIdentity}")
        self._tools.kubectl("delete", "pod", leader, namespace, "--grace-period=0", "--force", "--wait=false")


def _spoken(event: dict[str, Any]) -> str:
    return f"{event.get('reason', '')}: {event.get('message', '')}"
