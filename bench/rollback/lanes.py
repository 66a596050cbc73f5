"""The lanes: each is one canary with a host name of its own, figures of its own, and a client that asks it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.rollback.pieces import NAMESPACE
from examples.demo.player.api_server import ApiServer
from examples.demo.player.waiting import Look, wait_until

_SERVICES = f"/api/v1/namespaces/{NAMESPACE}/services"
_FIGURES = f"{_SERVICES}/figures:8080/proxy"
_CLIENT = f"{_SERVICES}/client:8080/proxy"
# With 25 requests a second and a share of 30 % there are 15 in the two seconds that the client remembers.
_ENOUGH_ANSWERS = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """What the client saw in one lane."""

    sent: int
    failed: int
    failures: Sequence[str]
    answered: dict[str, int]
    last: dict[str, float]
    recent: dict[str, int]
    alerted_at: float | None
    alert_answered_at: float | None
    alert_said: str


@dataclass(frozen=True, slots=True)
class Break:
    """When a challenger broke, and when Prometheus first answered with it: Unix seconds, None while it has not."""

    at: float
    visible_at: float | None


class Lanes:
    """Talks to the figures and to the client."""

    def __init__(self, api: ApiServer, names: Sequence[str]) -> None:
        self._api = api
        self.names = tuple(names)

    def race(self, names: Sequence[str], challenger: str, *others: str) -> None:
        """From now on this challenger is better than the others."""
        self._api.post(f"{_FIGURES}/race?lanes={','.join(names)}&challenger={challenger}&others={','.join(others)}")

    def break_challengers(self, names: Sequence[str]) -> None:
        """The challengers of these lanes fail, now."""
        self._api.post(f"{_FIGURES}/break?lanes={','.join(names)}")

    def mend(self, names: Sequence[str]) -> None:
        """From now on nothing is broken there."""
        self._api.post(f"{_FIGURES}/mend?lanes={','.join(names)}")

    def breaks(self, names: Sequence[str]) -> dict[str, Break]:
        """The newest break of each lane."""
        found: dict[str, Any] = self._api.get(f"{_FIGURES}/seen")
        return {name: Break(found[name]["brokenAt"], found[name]["visibleAt"]) for name in names}

    def ask(self, names: Sequence[str], rate: float) -> None:
        """Have the client ask each of them so many times a second."""
        self._api.post(f"{_CLIENT}/ask?lanes={','.join(names)}&rate={rate:g}")

    def alert(self, name: str) -> None:
        """Have the client post an alert about this lane to the operator."""
        self._api.post(f"{_CLIENT}/alert?lane={name}")

    def seen(self) -> dict[str, Seen]:
        """What the client saw so far."""
        found: dict[str, Any] = self._api.get(f"{_CLIENT}/lanes") or {}
        return {name: Seen(**one) for name, one in found.items()}

    def wait_for_canary(self, names: Sequence[str], challenger: str, seconds: float) -> None:
        """Wait until this challenger answers a share of the requests in each of these lanes."""

        def look() -> Look:
            seen = self.seen()
            missing = [name for name in names if seen[name].recent.get(challenger, 0) < _ENOUGH_ANSWERS]
            return Look(done=not missing, found=f"{len(missing)} of {len(names)} have none: {' '.join(missing[:5])}")

        wait_until(f"{challenger} to answer in every lane", look, seconds=seconds)

    def wait_for_champion(self, names: Sequence[str], champion: str, seconds: float) -> None:
        """Wait until this model answers all requests in each of these lanes."""

        def look() -> Look:
            seen = self.seen()
            others = [name for name in names if name not in seen or set(seen[name].recent) != {champion}]
            return Look(done=not others, found=f"{len(others)} of {len(names)} do not: {' '.join(others[:5])}")

        wait_until(f"{champion} to answer all requests in every lane", look, seconds=seconds)
