"""What happened to each challenger, in order: stages, canary steps, and the evidence at each decision."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .view import Challenger, Declared, View

FINAL = frozenset({"Promoted", "NotPromoted", "RolledBack", "Rejected"})


@dataclass
class Step:
    """One canary step, between the moment at which the gateway gave the share and the last at which it was seen."""

    challenger: str
    number: int
    percent: int
    begun: float | None
    last_seen: float

    @property
    def seconds(self) -> float:
        """How long it was seen to last."""
        return 0.0 if self.begun is None else max(self.last_seen - self.begun, 0.0)


@dataclass
class Chapter:
    """One challenger's part of the story."""

    stage: str = ""
    timeline: list[dict[str, Any]] = field(default_factory=list)
    decisions: list[dict[str, Any]] = field(default_factory=list)


class Story:
    """Made from one look at the status after the other."""

    def __init__(self, declared: Declared) -> None:
        self._declared = declared
        self._phase = ""
        self._champion = ""
        self.chapters: dict[str, Chapter] = {name: Chapter() for name in declared.truths}
        self.steps: list[Step] = []
        self.view = View()

    def observe(self, view: View, now: float) -> list[tuple[str, str]]:
        """Take in one look; `now` is Unix time. Returns what is new as (subject, sentence)."""
        self.view = view
        lines = [*self._of_phase(view), *self._of_step(view, now)]
        for line in view.challengers:
            lines.extend(self._of_challenger(line, view, now))
        return lines

    @property
    def present_step(self) -> Step | None:
        """The step that is going on."""
        return self.steps[-1] if self.steps and self.view.canary is not None else None

    def _of_phase(self, view: View) -> Iterator[tuple[str, str]]:
        if view.phase != self._phase:
            self._phase = view.phase
            yield view.phase, view.message or ""
        if view.champion.name and view.champion.name != self._champion:
            if self._champion:
                yield "champion", f"{self._champion} -> {view.champion.name}"
            self._champion = view.champion.name

    def _of_step(self, view: View, now: float) -> Iterator[tuple[str, str]]:
        canary = view.canary
        if canary is None:
            return
        begun = None if canary.since is None else canary.since.timestamp()
        last = self.steps[-1] if self.steps else None
        if last is None or (last.challenger, last.number) != (canary.challenger, canary.step):
            percent = self._declared.percents[canary.step - 1]
            self.steps.append(Step(canary.challenger, canary.step, percent, begun, now))
            yield f"step {view.step}", f"{canary.challenger} is to get {percent} % of the requests"
            return
        last.begun = last.begun or begun
        last.last_seen = now

    def _of_challenger(self, line: Challenger, view: View, now: float) -> Iterator[tuple[str, str]]:
        chapter = self.chapters.setdefault(line.name, Chapter())
        if line.stage == chapter.stage:
            return
        former, chapter.stage = chapter.stage, line.stage
        if line.rollback is not None and line.rollback.breached_at is not None:
            self._cut_short(line.name, line.rollback.breached_at.timestamp())
        chapter.timeline.append({"t": round(now, 3), "stage": line.stage, "phase": view.phase, "message": view.message})
        if line.stage == "Canary" or line.stage in FINAL:
            chapter.decisions.append({"t": round(now, 3), "decision": line.stage, **line.figures()})
        yield line.stage, f"{line.name}: {_why(line)}" if former else f"{line.name} is there"

    def _cut_short(self, challenger: str, moment: float) -> None:
        """From the breach on, the step's share is being taken back: what is seen then says nothing about the step."""
        for step in self.steps:
            if step.challenger == challenger:
                step.last_seen = min(step.last_seen, moment)


def _why(line: Challenger) -> str:
    if line.stage == "RolledBack" and line.rollback is not None:
        broken = line.rollback
        return f"guardrail {broken.guardrail} read {broken.value}, at most {broken.limit} is allowed"
    if line.samples:
        interval = " to ".join(line.interval or ())
        return f"{line.effect} a decision above the champion's ({interval}), p {line.pvalue}, {line.samples} samples"
    return line.waiting_for or "no evidence yet"
