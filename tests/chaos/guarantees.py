"""The design's guarantees, asserted from outside: by what the API server holds, and by nothing that the operator says.

Each look checks each guarantee once for each rollout, and counts. What is broken is a sentence.
"""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.rollouts import CHAMPION, STEPS, TWIN, Fate
from tests.control_plane.api_server import ApiServer, RefusedError

# A route that was changed by hand is put right by the next pass; passes are two seconds apart, when nothing is wrong.
_MENDED_SECONDS = 60.0
_LEDGER = "/apis/shadowrollouts.io/v1alpha1/namespaces/{}/rolloutdecisions"
_ONCE = frozenset({"Promoted", "Completed", "RolledBack"})


@dataclass
class Watched:
    """One rollout, as it was seen last."""

    name: str
    fate: Fate
    has_acted: bool = False
    policy_digest: str | None = None
    by_hand_until: float = 0.0


@dataclass
class Guarantees:
    """Looks at every rollout, again and again."""

    server: ApiServer
    watched: dict[str, Watched] = field(default_factory=dict)
    checked: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    unanswered: int = 0

    def add(self, name: str, fate: Fate) -> None:
        """Look at this one as well."""
        self.watched[name] = Watched(name, fate)

    def changed_by_hand(self, name: str) -> None:
        """Somebody wrote over the route: until it is put right, its shares are not the operator's."""
        self.watched[name].by_hand_until = time.monotonic() + _MENDED_SECONDS

    def look(self) -> None:
        """Check everything that holds at every instant; what the API server does not tell can't be checked."""
        for each in self.watched.values():
            try:
                self._look_at(each)
            except RefusedError:
                self.unanswered += 1

    def _look_at(self, each: Watched) -> None:
        shares = self.shares(each.name)
        policy = self._policy(each.name)
        # Read last: whatever the route gave away, the status must have known of before.
        status = self.rollout(each.name).get("status", {})
        self._shares_are_those_of_a_step(each, shares, status)
        self._there_is_one_champion(each, policy)
        self._shadows_change_nothing(each, shares, policy)

    def shares(self, name: str) -> dict[str, int] | None:
        """Percent of the requests by model, None while there is no route."""
        found = self._get("/apis/gateway.networking.k8s.io/v1/namespaces/{}/httproutes", name)
        if found is None:
            return None
        (rule,) = found["spec"]["rules"]
        return {each["name"].removeprefix(f"{name}-"): each["weight"] for each in rule["backendRefs"] if each["weight"]}

    def rollout(self, name: str) -> dict[str, Any]:
        """The rollout as it is stored."""
        return self.server.request("GET", f"{self.server.rollouts}/{name}")

    def _policy(self, name: str) -> dict[str, Any] | None:
        found = self._get("/api/v1/namespaces/{}/configmaps", f"{name}-policy")
        return None if found is None else dict(found)

    def _get(self, path: str, name: str) -> dict[str, Any] | None:
        try:
            return self.server.request("GET", f"{path.format(self.server.namespace)}/{name}")
        except RefusedError:
            return None

    def holds(self, guarantee: str, sentence: str, *, holds: bool) -> None:
        """Count one check of a guarantee, and note the sentence where it does not hold."""
        self.checked[guarantee] += 1
        if not holds and sentence not in self.broken:
            self.broken.append(sentence)

    def _shares_are_those_of_a_step(self, each: Watched, shares: dict[str, int] | None, status: dict[str, Any]) -> None:
        if shares is None or not status.get("champion"):
            return
        given = {name: share for name, share in shares.items() if name != CHAMPION}
        each.has_acted = each.has_acted or bool(given)
        is_whole = given == {each.fate.challenger: 100} and each.fate.becomes_champion
        is_step = not given or (set(given) == {each.fate.challenger} and given[each.fate.challenger] in STEPS)
        is_right = sum(shares.values()) == 100 and (is_step or is_whole)
        if is_right:
            each.by_hand_until = 0.0
        elif time.monotonic() < each.by_hand_until:
            return
        self.holds("shares", f"{each.name}: the route gives {shares}", holds=is_right)
        known = _most_that_is_known(status, each.fate.challenger)
        is_known = given.get(each.fate.challenger, 0) <= known
        self.holds("intent first", f"{each.name}: {shares} while the status knows of {known} %", holds=is_known)

    def _there_is_one_champion(self, each: Watched, policy: dict[str, Any] | None) -> None:
        if policy is None:
            return
        text = policy["data"]["policy.json"]
        champions = text.count('"role": "champion"')
        self.holds("one champion", f"{each.name}: the policy has {champions} champions", holds=champions == 1)
        self.holds("kill switch", f"{each.name}: trading was stopped", holds='"tradingEnabled": true' in text)

    def _shadows_change_nothing(
        self, each: Watched, shares: dict[str, int] | None, policy: dict[str, Any] | None
    ) -> None:
        if policy is None or shares != {CHAMPION: 100} or each.has_acted:
            return
        digest = next(line for line in policy["data"]["policy.json"].splitlines() if '"digest"' in line)
        if "canary" in policy["data"]["policy.json"]:
            # A challenger knows that it acts before it gets a request.
            return
        each.policy_digest = each.policy_digest or digest
        self.holds("shadows", f"{each.name}: models in shadow changed the policy", holds=digest == each.policy_digest)

    def has_ended(self, name: str) -> bool:
        """Whether what the models deserve is seen to have come of the rollout."""
        each = self.watched[name]
        try:
            status = self.rollout(name).get("status", {})
        except RefusedError:
            return False
        if each.fate.becomes_champion:
            return status.get("phase") == "Completed" and self.shares(name) == {each.fate.challenger: 100}
        return _rolled_back(status) and self.shares(name) == {CHAMPION: 100}

    def at_the_end(self, name: str) -> None:
        """Check what has to hold once it is over."""
        each, rollout = self.watched[name], self.rollout(name)
        status = rollout["status"]
        self.holds("outcome", f"{name}: it ended as {status.get('phase')}", holds=self.has_ended(name))
        self.holds("spec", f"{name}: somebody wrote the spec", holds=rollout["metadata"]["generation"] == 1)
        stages = {line["name"]: line["stage"] for line in status["challengers"]}
        twin = stages.get(TWIN, "")
        self.holds("evidence", f"{name}: the twin is {twin}", holds=twin not in {"Canary", "Promoted"})
        self._ledger_is_whole(each, status)

    def _ledger_is_whole(self, each: Watched, status: dict[str, Any]) -> None:
        found = self.server.request("GET", _LEDGER.format(self.server.namespace))["items"]
        entries = sorted(
            (entry["spec"] for entry in found if entry["spec"]["rollout"]["name"] == each.name),
            key=lambda entry: int(entry["sequence"]),
        )
        numbers = [entry["sequence"] for entry in entries]
        wanted = list(range(1, len(numbers) + 1))
        self.holds("ledger", f"{each.name}: the ledger has the entries {numbers}", holds=numbers == wanted)
        newest = status.get("ledger", {}).get("sequence")
        self.holds(
            "ledger end", f"{each.name}: the status knows of {newest}", holds=bool(numbers) and newest == numbers[-1]
        )
        told = Counter(happened["reason"] for entry in entries for happened in entry["events"])
        twice = {reason: count for reason, count in told.items() if reason in _ONCE and count > 1}
        self.holds("nothing twice", f"{each.name}: decided more than once: {twice}", holds=not twice)


def _most_that_is_known(status: dict[str, Any], challenger: str) -> int:
    """The share, in percent, that the status allows a challenger; what is over already allowed any."""
    if status["champion"]["name"] == challenger or _rolled_back(status):
        return 100
    canary = status.get("canary")
    return STEPS[canary["step"] - 1] if canary is not None and canary["challenger"] == challenger else 0


def _rolled_back(status: dict[str, Any]) -> bool:
    return any(line["stage"] == "RolledBack" for line in status.get("challengers", []))
