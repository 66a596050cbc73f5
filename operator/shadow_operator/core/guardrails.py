"""Guardrails: what must not happen while a challenger acts, judged from a few figures and nothing else."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shadow_operator.api.guardrails import Guardrail, GuardrailAction, GuardrailMetric, Then
from shadow_operator.api.quantities import Duration
from shadow_operator.core.vitals import Vital, measured

# Missing data holds the canary although the rollout names no such guardrail: blind is never taken for good.
ALWAYS_BLIND = Guardrail(
    name="blind",
    metric=GuardrailMetric.FRESHNESS,
    above="60s",
    action=GuardrailAction.HOLD,
    then=Then(after=Duration("10m")),
)


# The guard looks every second; when it has not for so long, nobody knows how the acting model fares.
JUDGEMENT_LASTS = timedelta(minutes=1)

# The names of the guardrails that are broken, each with the time since when.
BrokenSince = Mapping[str, datetime]

# What stands in the place of the guardrail while what it measures is not known. This is normal: nothing follows.
NOT_MEASURED = "not measured"
# And where a person took a share back.
COMMANDED = "command"
# And where an Alertmanager's alert did.
ALERTED = "alert"


class Motive(StrEnum):
    """Why a share was taken back: the model failed, could not be seen, or a person or an alert asked for it."""

    BREACH = "Breach"
    BLIND = "Blind"
    COMMAND = "Command"
    ALERT = "Alert"


@dataclass(frozen=True, slots=True)
class Signals:
    """The figures of the acting model at one moment.

    Attributes:
        model: the challenger in canary, or the champion that is being watched.
        read_at: when they were read.
        drawdown: fall from the high-water mark, as a fraction of the capital that it acts with; None when unknown.
        shortfall: how far it is behind its rival since it acts, as a fraction of the same; None when unknown.
        age: age of the oldest of the newest samples; None when there is no sample at all.
        decisions: real decisions since it acts.
        why_blind: what could not be read, empty when everything was.
        vitals: what the guardrails measured that measure by queries of their own, by their names.

    """

    model: str
    read_at: datetime
    drawdown: float | None
    shortfall: float | None
    age: timedelta | None
    decisions: int
    why_blind: str = ""
    vitals: Mapping[str, Vital] = field(default_factory=dict)

    def vital(self, guardrail: Guardrail) -> Vital:
        """What this guardrail measured; unknown where it was not asked for."""
        return self.vitals.get(guardrail.name, Vital(None, f"{guardrail.name} was not measured yet"))


@dataclass(frozen=True, slots=True)
class Rollback:
    """A share to take back, and the figure that says so.

    Attributes:
        model: whose share.
        guardrail: what says so.
        motive: why.
        value: the figure; for a command, who gave it; for an alert, its name.
        limit: the most that is allowed.
        breached_at: when the figure was read, or the command was heard.
        zero_at: when the share was seen to be gone.
        action: what is done beside taking back the share.
        command: the command that asked for it; empty for a guardrail.

    """

    model: str
    guardrail: str
    motive: Motive
    value: str
    limit: str
    breached_at: datetime
    zero_at: datetime | None = None
    action: GuardrailAction = GuardrailAction.ROLLBACK
    command: str = ""

    @property
    def sentence(self) -> str:
        """What happened, and why."""
        taken = f"{self.model} was taken out of the traffic"
        match self.motive:
            case Motive.COMMAND:
                return f"{taken} by {self.value}"
            case Motive.ALERT:
                return f"{taken}: the alert {self.value} fires"
            case _:
                return f"{taken}: {self.guardrail} is {self.value}, at most {self.limit} is allowed"


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing may advance, and why.

    Attributes:
        guardrail: what says so.
        sentence: why.
        then: what follows once it has lasted for so long, None where nothing does.
        since: when the first of the looks was that found it, one after the other; None where nobody told.

    """

    guardrail: str
    sentence: str
    then: Then | None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the guardrails say of one moment's figures.

    Attributes:
        signals: the figures.
        rollback: a share to take back.
        hold: what lets nothing advance.
        why_blind: which figure is missing, too old or from the future; empty when all can be trusted.
        broken_since: what is broken, and when the first of the looks was that found it, one after the other.

    """

    signals: Signals
    rollback: Rollback | None = None
    hold: Hold | None = None
    why_blind: str = ""
    broken_since: BrokenSince = field(default_factory=dict)


def judge(guardrails: list[Guardrail], signals: Signals, broken_since: BrokenSince) -> Judgement:
    """Judge the figures of one moment.

    Args:
        guardrails: those of the rollout; one for missing data is added where it names none.
        signals: the figures.
        broken_since: what was broken until now, and since when: each has a time of its own, whatever else holds.

    """
    watched = guardrails
    if not any(guardrail.metric is GuardrailMetric.FRESHNESS for guardrail in guardrails):
        watched = [*guardrails, ALWAYS_BLIND]
    judgement = _judged(watched, signals, broken_since)
    since = {name: broken_since.get(name, signals.read_at) for name in _broken_now(watched, judgement)}
    # What can't be measured now is not taken for mended.
    unknown = [each.name for each in watched if each.name in broken_since and _is_unknown(each, signals)]
    since |= {name: broken_since[name] for name in unknown}
    hold = judgement.hold
    timed = None if hold is None else replace(hold, since=since[hold.guardrail])
    return replace(judgement, hold=timed, broken_since=since)


def _broken_now(watched: list[Guardrail], judgement: Judgement) -> Iterator[str]:
    signals = judgement.signals
    for guardrail in watched:
        unread = guardrail.metric is GuardrailMetric.FRESHNESS and bool(signals.why_blind)
        if unread or _is_broken(guardrail, signals):
            yield guardrail.name
    if judgement.hold is not None:
        yield judgement.hold.guardrail


def _judged(watched: list[Guardrail], signals: Signals, broken_since: BrokenSince) -> Judgement:
    broken = [guardrail for guardrail in watched if _is_broken(guardrail, signals)]
    why_blind = _why_blind(watched, broken, signals)
    for action in (GuardrailAction.STOP_TRADING, GuardrailAction.ROLLBACK):
        for guardrail in broken:
            if guardrail.action is action:
                return Judgement(signals, rollback=_rollback(guardrail, signals), why_blind=why_blind)
    for guardrail in broken:
        if _has_held_too_long(guardrail, broken_since, signals.read_at):
            return Judgement(signals, rollback=_rollback(guardrail, signals), why_blind=why_blind)
    if broken:
        # One that something follows comes first, and of those the one that lasts: what comes and goes hides it not.
        followed = [guardrail for guardrail in broken if guardrail.then]
        first = min(followed or broken, key=lambda each: broken_since.get(each.name, signals.read_at))
        return Judgement(signals, hold=_hold(first, signals), why_blind=why_blind)
    return Judgement(signals, hold=_blind_hold(watched, signals, why_blind), why_blind=why_blind)


def _blind_hold(watched: list[Guardrail], signals: Signals, why_blind: str) -> Hold | None:
    """What holds while nothing is broken: by the guardrail of freshness, whose time runs from the first failed look."""
    if not why_blind:
        return None
    if not signals.why_blind:
        return Hold(NOT_MEASURED, why_blind, None)
    freshness = next(guardrail for guardrail in watched if guardrail.metric is GuardrailMetric.FRESHNESS)
    return Hold(freshness.name, why_blind, freshness.then)


def _why_blind(watched: list[Guardrail], broken: list[Guardrail], signals: Signals) -> str:
    unknown = [signals.vital(guardrail).why_unknown for guardrail in measured(watched)]
    stale = [
        _hold(guardrail, signals).sentence for guardrail in broken if guardrail.metric is GuardrailMetric.FRESHNESS
    ]
    return next(filter(None, [signals.why_blind, *unknown, *stale]), "")


def _has_held_too_long(guardrail: Guardrail, broken_since: BrokenSince, now: datetime) -> bool:
    if guardrail.then is None or guardrail.name not in broken_since:
        return False
    return now - broken_since[guardrail.name] >= guardrail.then.after.timedelta


def _is_broken(guardrail: Guardrail, signals: Signals) -> bool:
    figure = _figure(guardrail, signals)
    return figure is not None and figure > guardrail.limit


def _is_unknown(guardrail: Guardrail, signals: Signals) -> bool:
    return _figure(guardrail, signals) is None


def _figure(guardrail: Guardrail, signals: Signals) -> float | None:
    """What the guardrail limits; None when it is unknown, which the age of what is missing never is."""
    match guardrail.metric:
        case GuardrailMetric.DRAWDOWN:
            return signals.drawdown
        case GuardrailMetric.PERFORMANCE:
            return signals.shortfall
        case GuardrailMetric.FRESHNESS:
            # A sample from the future says as little: one of the clocks is wrong, and how old it is nobody knows.
            return math.inf if signals.age is None else abs(signals.age.total_seconds())
        case _:
            return signals.vital(guardrail).figure


def _found(guardrail: Guardrail, signals: Signals) -> str:
    match guardrail.metric:
        case GuardrailMetric.DRAWDOWN:
            return f"{signals.drawdown or 0:.2%}"
        case GuardrailMetric.PERFORMANCE:
            return f"{signals.shortfall or 0:.2%}"
        case GuardrailMetric.FRESHNESS:
            return "no sample" if signals.age is None else f"{signals.age.total_seconds():.0f}s"
        case GuardrailMetric.ERROR_RATE:
            return f"{signals.vital(guardrail).figure or 0:.2%}"
        case GuardrailMetric.LATENCY:
            return f"{1000 * (signals.vital(guardrail).figure or 0):.0f}ms"
        case GuardrailMetric.RESTARTS | GuardrailMetric.PSI:
            return f"{signals.vital(guardrail).figure or 0:.3g}"


def _rollback(guardrail: Guardrail, signals: Signals) -> Rollback:
    motive = Motive.BLIND if guardrail.metric is GuardrailMetric.FRESHNESS else Motive.BREACH
    # What follows a Hold is a rollback and no more.
    action = GuardrailAction.ROLLBACK if guardrail.action is GuardrailAction.HOLD else guardrail.action
    return Rollback(
        signals.model,
        guardrail.name,
        motive,
        _found(guardrail, signals),
        guardrail.above,
        signals.read_at,
        action=action,
    )


def _hold(guardrail: Guardrail, signals: Signals) -> Hold:
    sentence = (
        f"{guardrail.name}: {guardrail.metric} is {_found(guardrail, signals)}, at most {guardrail.above} is allowed"
    )
    return Hold(guardrail.name, sentence, guardrail.then)


def while_watching(guardrails: list[Guardrail]) -> list[Guardrail]:
    """The guardrails that hold after a promotion: missing data holds the watch, and never undoes the promotion.

    The former champion would be just as blind, so going back to it would trade one unknown for another.
    """
    watched = [
        guardrail.model_copy(update={"then": None}) if guardrail.metric is GuardrailMetric.FRESHNESS else guardrail
        for guardrail in guardrails
    ]
    if any(guardrail.metric is GuardrailMetric.FRESHNESS for guardrail in watched):
        return watched
    return [*watched, ALWAYS_BLIND.model_copy(update={"then": None})]
