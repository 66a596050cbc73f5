"""Promotions under load: each lane's challenger becomes champion, Git catches up, and the next challenger comes."""

from collections.abc import Sequence

from bench.rollback.controller import model
from bench.rollback.lanes import Lanes
from bench.rollback.ours import Object, ShadowRollouts

_SECONDS = 180.0


def promote_all(ours: ShadowRollouts, lanes: Lanes, names: Sequence[str], generation: int) -> None:
    """Promote the challenger of each lane, which is in canary and one more than its champion: the generation."""
    champion, challenger = model(generation), model(generation + 1)
    ours.apply(names, champion, challenger, step="1s")
    ours.wait("promoted and watched", names, lambda it: _is_promoted(it, challenger))
    lanes.wait_for_champion(names, challenger, _SECONDS)


def next_generation(ours: ShadowRollouts, lanes: Lanes, names: Sequence[str], generation: int, step: str) -> None:
    """Let Git catch up with a promotion and bring the next challenger; returns once it is in canary, for so long."""
    champion, challenger = model(generation), model(generation + 1)
    lanes.race(names, challenger, champion)
    ours.apply(names, champion, challenger, step)
    lanes.wait_for_canary(names, challenger, _SECONDS)


def _is_promoted(rollout: Object, challenger: str) -> bool:
    status = rollout["status"]
    return bool(status.get("phase") == "Completed" and status["champion"]["name"] == challenger)
