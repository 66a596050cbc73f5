"""Prometheus is gone for minutes while healthy canaries run."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.rollback.lanes import Lanes
from bench.rollback.ours import Object, ShadowRollouts
from bench.rollback.pieces import Pieces
from examples.demo.player.waiting import Look, wait_until

_LOOK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Outage:
    """What came of it.

    Attributes:
        moved: lanes whose canary ended, stepped or was promoted while nothing could be seen.
        blind: lanes whose condition MetricsAvailable said so in the end.
        seconds_to_promotion: from the moment at which Prometheus served again until the last lane was promoted.

    """

    moved: int
    blind: int
    seconds_to_promotion: float


def outage(
    ours: ShadowRollouts, lanes: Lanes, pieces: Pieces, names: Sequence[str], challenger: str, seconds: float
) -> Outage:
    """Take Prometheus away for so long from lanes whose only step would have ended in that time; then give it back."""
    _take_away(pieces)
    moved: set[str] = set()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        moved |= {name for name in names if not _stands_still(ours.rollout(name), challenger)}
        seen = lanes.seen()
        moved |= {name for name in names if not seen[name].recent.get(challenger)}
        time.sleep(_LOOK_SECONDS)
    blind = sum(_is_blind(ours.rollout(name)) for name in names)
    _give_back(pieces)
    back = time.monotonic()
    ours.wait("promoted", names, lambda it: bool(it["status"]["champion"]["name"] == challenger))
    return Outage(len(moved), blind, time.monotonic() - back)


def shares_lost(lanes: Lanes, pieces: Pieces, challenger: str, seconds: float) -> list[float]:
    """Take Prometheus away for so long; returns after how many seconds each share that was lost was lost."""
    _take_away(pieces)
    begun, lost = time.monotonic(), dict[str, float]()
    while time.monotonic() < begun + seconds:
        for name, seen in lanes.seen().items():
            if not seen.recent.get(challenger):
                lost.setdefault(name, time.monotonic() - begun)
        time.sleep(_LOOK_SECONDS)
    _give_back(pieces)
    return sorted(lost.values())


def _take_away(pieces: Pieces) -> None:
    pieces.scale("prometheus", 0)
    wait_until("Prometheus to be gone", lambda: _is_gone(pieces), seconds=60.0)


def _give_back(pieces: Pieces) -> None:
    pieces.scale("prometheus", 1)
    pieces.wait_for("prometheus")


def _is_gone(pieces: Pieces) -> Look:
    found = pieces.pods("prometheus")
    return Look(done=not found, found=", ".join(found))


def _stands_still(rollout: Object, challenger: str) -> bool:
    canary = rollout["status"].get("canary") or {}
    return canary.get("challenger") == challenger and canary.get("step") == 1


def _is_blind(rollout: Object) -> bool:
    conditions = {each["type"]: each["status"] for each in rollout["status"]["conditions"]}
    return conditions.get("MetricsAvailable") != "True"
