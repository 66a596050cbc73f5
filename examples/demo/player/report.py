"""What the demo has seen, as `report.json`, and whether it is what should have happened."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .split import Seen, seen_by_client, window_of
from .story import Story
from .view import Declared, Rollback

EXPECTED = {"better": "Promoted", "equal": "NotPromoted", "broken": "RolledBack"}
CLOCKS = (
    "breachSeen is Prometheus' clock at the scrape, lastAnswer the client's, breachedAt and zeroAt the operator's; "
    "all pods of a cluster with one node share that node's clock."
)


@dataclass(frozen=True)
class Sighting:
    """What others than the operator saw of the rollout."""

    feed: Mapping[str, Any]
    envoy: Mapping[tuple[str, int], Seen]
    breaches: Mapping[str, float]
    """Unix time at which each challenger's drawdown was first seen over the limit."""


@dataclass(frozen=True)
class Seconds:
    """How long things took."""

    cluster: float | None
    demo: float


def report_of(declared: Declared, story: Story, sighting: Sighting, seconds: Seconds) -> dict[str, Any]:
    """Put the report together."""
    feed = sighting.feed
    return {
        "challengers": {name: _challenger(name, declared, story, sighting) for name in declared.truths},
        "champion": story.view.champion.name,
        "phase": story.view.phase,
        "requests": {
            "sent": feed.get("sent", 0),
            "failed": feed.get("failed", 0),
            "failures": feed.get("failures", []),
            "answers": feed.get("answers", {}),
        },
        "seconds": {"cluster": seconds.cluster, "demo": round(seconds.demo, 1)},
        "clocks": CLOCKS,
    }


def _challenger(name: str, declared: Declared, story: Story, sighting: Sighting) -> dict[str, Any]:
    chapter, line = story.chapters[name], story.view.challenger(name)
    last_answer = sighting.feed.get("lastAnswer", {}).get(name)
    # Rejected is the stronger form of the same outcome: the evidence says worse, not only "not better".
    outcome = "NotPromoted" if line.stage == "Rejected" else line.stage
    breach = _breach(line.rollback, sighting.breaches.get(name), last_answer)
    return {
        "truth": declared.truths[name],
        "outcome": outcome,
        "breachToZeroSeconds": breach["seconds"] if breach else None,
        "breach": breach,
        "timeline": chapter.timeline,
        "evidence": chapter.decisions,
        "split": _split(name, story, sighting),
    }


def _breach(rollback: Rollback | None, seen: float | None, last_answer: float | None) -> dict[str, Any] | None:
    if rollback is None:
        return None
    breached = rollback.breached_at.timestamp() if rollback.breached_at else None
    # The operator may have looked between two scrapes, or at a figure that differs in the last digit.
    begin = min((at for at in (seen, breached) if at is not None), default=None)
    return {
        "guardrail": rollback.guardrail,
        "value": rollback.value,
        "limit": rollback.limit,
        "breachSeen": seen,
        "breachedAt": breached,
        "zeroAt": rollback.zero_at.timestamp() if rollback.zero_at else None,
        "lastAnswer": last_answer,
        # With a small share the last answer may well be one that came before the breach.
        "seconds": None if begin is None or last_answer is None else round(max(last_answer - begin, 0.0), 3),
    }


def _split(name: str, story: Story, sighting: Sighting) -> list[dict[str, Any]]:
    rows = []
    for step in story.steps:
        if step.challenger != name:
            continue
        window = window_of(step)
        client = seen_by_client(sighting.feed.get("perSecond", []), window, name) if window else Seen(0, 0)
        envoy = sighting.envoy.get((name, step.number), Seen(0, 0))
        rows.append(
            {
                "step": step.number,
                "askedPercent": step.percent,
                "seconds": round(step.seconds, 1),
                "client": client.against(step.percent),
                "envoy": envoy.against(step.percent),
            }
        )
    return rows


def complaints(report: Mapping[str, Any]) -> list[str]:
    """Say what is not as the truths ask for."""
    found = []
    for name, challenger in report["challengers"].items():
        expected = EXPECTED[challenger["truth"]]
        if challenger["outcome"] != expected:
            found.append(f"{name} is {challenger['truth']}: {expected} was expected, found {challenger['outcome']}.")
    if report["requests"]["failed"]:
        found.append(f"{report['requests']['failed']} of {report['requests']['sent']} requests failed: none should.")
    return found


def write_report(report: Mapping[str, Any], path: Path) -> None:
    """Write it whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(report, indent=2) + "\n")
    draft.replace(path)
