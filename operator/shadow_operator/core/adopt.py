"""Taking over what Git says, without guessing: new and removed models, changed images, a champion that was promoted."""

from dataclasses import dataclass
from datetime import datetime

from shadow_operator.api.model import Challenger
from shadow_operator.api.rollout import Spec
from shadow_operator.api.status import ChallengerStatus, ChampionStatus, Stage, Status
from shadow_operator.core import roles
from shadow_operator.core.events import Event, Reason
from shadow_operator.core.moment import to_text


@dataclass(frozen=True, slots=True)
class Adopted:
    """The status after the spec was taken over."""

    status: Status
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the spec can't be carried out, and what to change."""

    reason: str
    message: str


def adopt(spec: Spec, status: Status, now: datetime) -> Adopted | Refusal:
    """Bring the status in line with the spec: it never moves traffic towards a challenger."""
    if status.champion is None:
        champion = ChampionStatus(name=spec.champion.name, image=spec.champion.image, since=to_text(now))
        return _challengers(spec, status.model_copy(update={"champion": champion}), (), now)
    champion = status.champion
    if spec.champion.name != champion.name:
        return _promoted_ahead_of_git(spec, status, champion, now)
    return _same_champion(spec, status, champion, now)


def _promoted_ahead_of_git(spec: Spec, status: Status, champion: ChampionStatus, now: datetime) -> Adopted | Refusal:
    """Git still names the former champion, or a model that was never in the race."""
    listed = spec.model(champion.name)
    former = None if status.watch is None else status.watch.standby
    fallen = None if status.fallen is None else status.fallen.name
    if listed is None or spec.champion.name not in {former, fallen}:
        other = "" if former is None else f" or {former}, its standby"
        return Refusal(
            "ChampionUnknown",
            f"spec.champion is {spec.champion.name}, but {champion.name} is champion now: name "
            f"{champion.name}{other}, "
            f"and keep {champion.name} in the manifest; another model becomes champion by being a challenger first",
        )
    if listed.image != champion.image:
        return Refusal(
            "ChampionImageChanged",
            f"{champion.name} is champion with image {champion.image}, and the manifest lists it as a challenger "
            f"with another one, {listed.image}: name it spec.champion to change its image, or give the new one a name "
            "of its own",
        )
    return _challengers(spec, status, (), now)


def _same_champion(spec: Spec, status: Status, champion: ChampionStatus, now: datetime) -> Adopted:
    events: tuple[Event, ...] = ()
    update: dict[str, object] = {}
    if status.fallen is not None:
        status = status.model_copy(update={"fallen": None})
    if champion.image != spec.champion.image:
        return _changed_champion(spec, status, champion, spec.champion.image, now)
    if status.watch is not None and spec.model(status.watch.standby) is None:
        update = {"watch": None}
        events = (
            Event(Reason.CHAMPION_ADOPTED, f"the manifest names {champion.name} champion and its standby no more"),
        )
    elif status.watch is not None and status.watch.completed is not None and _has_racers(spec, status):
        update = {"watch": None}
    return _challengers(spec, status.model_copy(update=update), events, now)


def _changed_champion(spec: Spec, status: Status, champion: ChampionStatus, image: str, now: datetime) -> Adopted:
    """Evidence against the old image says nothing about the new one."""
    changed = champion.model_copy(update={"image": image, "since": to_text(now)})
    lines = [restarted(c, c.image, now) if c.stage in roles.UNFINISHED else c for c in status.challengers]
    watch = status.watch
    if watch is not None and watch.completed is None:
        watch = watch.model_copy(update={"since": None, "held_since": None, "held_by": None})
    update = {"champion": changed, "canary": None, "challengers": lines, "watch": watch}
    status = status.model_copy(update=update)
    event = Event(Reason.MODEL_CHANGED, f"champion {champion.name} has a new image: the evidence starts anew")
    return _challengers(spec, status, (event,), now)


def _has_racers(spec: Spec, status: Status) -> bool:
    """Whether somebody waits for the canary to be free: a newcomer, or one that came while the champion was watched."""
    former = status.watch.standby if status.watch is not None else None
    lines = {c.name: status.challenger(c.name) for c in spec.challengers if c.name != former}
    return any(line is None or line.stage in roles.UNFINISHED for line in lines.values())


def _challengers(spec: Spec, status: Status, events: tuple[Event, ...], now: datetime) -> Adopted:
    lines: list[ChallengerStatus] = []
    canary = status.canary
    for challenger in spec.challengers:
        line = status.challenger(challenger.name)
        if line is None:
            line = _newcomer(status, challenger, now)
        elif line.image != challenger.image and line.stage is not Stage.PROMOTED:
            events = (*events, Event(Reason.MODEL_CHANGED, f"{challenger.name} has a new image: it starts anew"))
            line = restarted(line, challenger.image, now)
        if line is not None:
            lines.append(line)
    acting = {line.name for line in lines if line.stage is Stage.CANARY}
    if canary is not None and canary.challenger not in acting:
        canary = None
    return Adopted(status.model_copy(update={"challengers": lines, "canary": canary}), events)


def _newcomer(status: Status, challenger: Challenger, now: datetime) -> ChallengerStatus | None:
    is_standby = status.watch is not None and status.watch.standby == challenger.name
    is_champion = status.champion is not None and status.champion.name == challenger.name
    if is_standby or is_champion:
        return None
    return ChallengerStatus(name=challenger.name, image=challenger.image, stage=Stage.PENDING, since=to_text(now))


def restarted(challenger: ChallengerStatus, image: str, now: datetime) -> ChallengerStatus:
    """The challenger at the beginning of another run, with nothing known of it."""
    run = challenger.run + 1
    return ChallengerStatus(name=challenger.name, image=image, stage=Stage.PENDING, since=to_text(now), run=run)
