"""The bench's rows for people: on the screen and in the documentation."""

import math
from collections.abc import Sequence
from importlib.metadata import version
from itertools import groupby

from bench.row import CONFIDENCE, Row

_INTRODUCTION = f"""# Error rates and power, measured

<!-- Written by `make bench-stats`; edit bench/stats instead. -->

Each figure below comes from the library's own code on simulated or resampled series, with seeds fixed: a second run
gives the same table, except for the times under "speed".

- A **share** (of false verdicts, of power) is the percentage of independent replications. Its upper bound is the
  one-sided {100 * CONFIDENCE:.0f} % confidence bound by Clopper and Pearson: what the true rate may be, given so many
  replications.
- A **false verdict** is "better" or "worse" at any look at all, when neither is true, under a two-sided design with
  alpha 5 % unless a row says otherwise.
- **n_z** is the sample that a two-sided 5 % test with a single look, at its end, needs for 80 % power. "1.2 n_z" is
  20 % more rows than it.
- A row without a goal stands for comparison. **Missed** means what it says: the figure is not where it should be.
"""


def ordered(rows: Sequence[Row], groups: Sequence[str]) -> list[Row]:
    """Return the rows by group, in the order of `groups`; within a group as they came."""
    return sorted(rows, key=lambda row: groups.index(row.group))


def summary(rows: Sequence[Row]) -> str:
    """Return how many rows there are and which of them miss."""
    missed = _missed(rows)
    return f"{len(rows)} rows, {len(missed)} miss their goal" + (f": {'; '.join(missed)}" if missed else "")


def printed(rows: Sequence[Row], verdicts: Sequence[bool | None]) -> str:
    """Return the rows as lines of text, each with its verdict."""
    words = {True: "ok", False: "MISSED", None: ""}
    lines = []
    for row, verdict in zip(rows, verdicts, strict=True):
        columns = f"{words[verdict]:6} {_figure(row):>24} {_bound(row):>8}   {_goal(row):29}"
        lines.append(f"{columns} {row.group}: {row.name}\n")
    return "".join(lines)


def document(rows: Sequence[Row]) -> str:
    """Return the page of the documentation."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "arch"))
    missed = _missed(rows)
    parts = [_INTRODUCTION, f"Measured with {packages}. Of {len(rows)} rows {len(missed)} miss their goal.\n"]
    parts += [f"- {miss}" for miss in missed] + [""] * bool(missed)
    for group, members in groupby(rows, key=lambda row: row.group):
        parts.append(f"## {group[:1].upper()}{group[1:]}\n")
        parts.append(
            "| | measured | upper bound | goal | verdict | replications | remarks |\n|---|---|---|---|---|---|---|"
        )
        parts[-1] += "".join(f"\n{_line(row)}" for row in members) + "\n"
    return "\n".join(parts)


def _missed(rows: Sequence[Row]) -> list[str]:
    return [f"{row.group}, {row.name}: {_figure(row)}, {_goal(row)}" for row in rows if row.ok is False]


def _line(row: Row) -> str:
    verdict = {True: "met", False: "**missed**", None: ""}[row.ok]
    replications = f"{row.replications:,}" if row.replications else ""
    return f"| {row.name} | {_figure(row)} | {_bound(row)} | {_goal(row)} | {verdict} | {replications} | {row.detail} |"


def _figure(row: Row) -> str:
    return "absent" if row.value is None else f"{_number(row.value)} {row.unit}"


def _bound(row: Row) -> str:
    """Where a figure has to be small, how large it may be."""
    if row.bound is None or row.goal is None or row.goal.high == math.inf:
        return ""
    return f"{_number(row.bound)} {row.unit}"


def _goal(row: Row) -> str:
    return "" if row.goal is None else str(row.goal)


def _number(value: float) -> str:
    """Return three significant digits, and no fewer before the point than there are."""
    if math.isinf(value):
        return "never"
    return f"{value:,.0f}" if abs(value) >= 100.0 else f"{value:.3g}"
