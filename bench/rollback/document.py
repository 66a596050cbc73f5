"""The bench's rows for people: on the screen and in the documentation."""

from collections.abc import Sequence
from itertools import groupby

from bench.row import Row

_INTRODUCTION = """# How fast a share is taken back, measured

<!-- Written by `make bench-rollback`; edit bench/rollback instead. -->

A **lane** is a rollout with a host name of its own: two model pods behind Envoy Gateway, a challenger in canary at 30
%, and a client that asks 25 times a second (100 times while that lane alone is measured). All figures come from one
run on one machine, which also runs the cluster, the lanes and the client. What breaks alone does so among five lanes,
as few as other controllers were measured with; what breaks at once, and all that follows, among twenty.

- **Visible** is the moment at which somebody who asks Prometheus fifty times a second sent the first question that
  was answered with the failure. Prometheus scrapes every .97 s: not quite a second, so that every distance between a
  scrape and a look of the guard occurs.
- **Last challenger answer** is the moment at which the client received it, through Envoy.
- **Failed** is a request with another answer than 200, or none within 5 s.
"""

_OTHERS = """## Beside other controllers

Argo Rollouts 1.10.1 (Gateway API plugin 0.15.0) and Flagger 1.44.0 were measured once by the same definitions, with
Prometheus 2.42 scraping every second, Envoy Gateway 1.9.1 and 20 to 25 requests a second a lane. They were not part
of the run above; times on different machines compare in their order of magnitude only. `make bench-rollback` can be
pointed at them: see `bench/rollback/peers`.

| visible to last answer of the canary | n | median | worst |
|---|---|---|---|
| Argo Rollouts, analysis every 1 s, one lane | 5 | .78 s | .83 s |
| Argo Rollouts, analysis every 1 s, three lanes | 30 | 1.55 s | 2.51 s |
| Argo Rollouts, analysis every 1 s, three lanes, its plugin's rate limit raised | 12 | .78 s | 1.01 s |
| Flagger, every 10 s, threshold 1: its fastest | 15 | 15.9 s | 19.8 s |

This bench itself was pointed at Flagger (every 10 s, threshold 1, three lanes): 16.2 s at the median of three breaches
and 17.8 s at worst, 18.4 s with three lanes at once; and all three lost their share in 180 s without Prometheus.

With Prometheus stopped for 180 s in a healthy canary, Argo Rollouts aborted all nine after 41 to 58 s; Flagger rolled
back after 20 s (every 10 s, threshold 1: three of three) or 60 s (threshold 5), and held with one look a minute.
Memory in canary: Argo Rollouts 88 to 93 MiB and its plugin 48 MiB, with 25 mcore in all; Flagger 66 to 69 MiB, 2.4
mcore.
"""


def summary(rows: Sequence[Row]) -> str:
    """Return how many rows there are and which of them miss."""
    missed = [row.name for row in rows if row.ok is False]
    return f"{len(rows)} rows, {len(missed)} miss their goal" + (f": {'; '.join(missed)}" if missed else "")


def printed(rows: Sequence[Row]) -> str:
    """Return the rows as lines of text, each with its verdict."""
    words = {True: "ok", False: "MISSED", None: ""}
    return "".join(f"{words[row.ok]:6} {_figure(row):>16}  {_goal(row):14} {row.name}\n" for row in rows)


def document(rows: Sequence[Row], groups: Sequence[str]) -> str:
    """Return the page of the documentation."""
    parts = [_INTRODUCTION, f"{summary(rows)}.\n"]
    ordered = sorted(rows, key=lambda row: groups.index(row.group))
    for group, members in groupby(ordered, key=lambda row: row.group):
        parts.append(f"## {group[:1].upper()}{group[1:]}\n")
        parts.append("| | measured | goal | verdict | n | remarks |\n|---|---|---|---|---|---|")
        parts[-1] += "".join(f"\n{_line(row)}" for row in members) + "\n"
    return "\n".join([*parts, _OTHERS])


def _line(row: Row) -> str:
    verdict = {True: "met", False: "**missed**", None: ""}[row.ok]
    return f"| {row.name} | {_figure(row)} | {_goal(row)} | {verdict} | {row.replications or ''} | {row.detail} |"


def _figure(row: Row) -> str:
    if row.value is None:
        return "absent"
    number = f"{row.value:.2f}".lstrip("0") if abs(row.value) < 100.0 and row.unit == "s" else f"{row.value:,.0f}"
    return f"{number} {row.unit}"


def _goal(row: Row) -> str:
    return "" if row.goal is None else str(row.goal)
