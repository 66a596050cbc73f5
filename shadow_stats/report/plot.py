"""The report as a picture: what both earned, what lay between them, and what is proven of it. Needs matplotlib."""

import textwrap
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from shadow_stats.design import Design
from shadow_stats.report.clock import Clock
from shadow_stats.report.comparison import Comparison
from shadow_stats.report.csv_table import Times
from shadow_stats.report.summary import level, summary
from shadow_stats.report.watch import Turn, Watch

# Told apart by every kind of colour vision (Okabe and Ito 2008), and by their lightness in print.
_CHAMPION = "#0072B2"
_CHALLENGER = "#D55E00"
_DIFFERENCE = "#007A5E"
_BAND = "#C5E3DA"
_SILENT = "#EEEEEE"
_INK = "#333333"
# Above this span, in seconds, two labels never have the same date.
_DAYS = 14.0 * 86_400.0
# The first looks know so little that to show their intervals whole would flatten all the others.
_SHOWN_WHOLE = 0.2


def draw(comparison: Comparison, file: str) -> None:
    """Write the picture to `file` as PNG.

    Raises:
        OSError: the file cannot be written.

    """
    figure = Figure(figsize=(10.0, 11.0), dpi=150, layout="constrained")
    panels = figure.subplots(3, 1, sharex=True, height_ratios=[1.0, 0.7, 1.3])
    equity, difference, sequence = panels
    _draw_equity(equity, comparison)
    _draw_difference(difference, comparison)
    _draw_sequence(sequence, comparison)
    for panel in panels:
        _style(panel)
        _mark_verdicts(panel, comparison)
    _name_verdicts(sequence, comparison)
    _label_rows(sequence, comparison.rows.times)
    figure.legend(*sequence.get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False)
    # A no-break space keeps a number and its sign on one line.
    said = textwrap.fill(summary(comparison).replace(" %", "\u00a0%"), 100)
    figure.suptitle(said, x=0.01, ha="left", fontsize=12)
    figure.savefig(file, format="png")


def _draw_equity(panel: Axes, comparison: Comparison) -> None:
    rows, capital = comparison.rows, comparison.terms.capital
    seen, start = np.arange(rows.champion.size + 1), capital or 0.0
    for name, pnl, source, colour, width in (
        ("challenger", rows.challenger, rows.challenger_source, _CHALLENGER, 1.8),
        ("champion", rows.champion, rows.champion_source, _CHAMPION, 1.1),
    ):
        label = f"{name} ({Path(source.file).name}, {source.column})"
        panel.plot(seen, np.cumsum(np.append(start, pnl)), color=colour, linewidth=width, label=label)
    panel.axhline(start, color=_INK, linewidth=0.9)
    panel.set_title("Equity", loc="left", weight="bold")
    panel.set_ylabel(f"{'capital + ' if capital else ''}cumulative PnL\n(unit of the files)")
    panel.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False)


def _draw_difference(panel: Axes, comparison: Comparison) -> None:
    path = np.cumsum(np.append(0.0, comparison.differences))
    panel.plot(np.arange(path.size), path, color=_DIFFERENCE, linewidth=1.4)
    panel.axhline(0.0, color=_INK, linewidth=0.9)
    panel.set_title("Difference: challenger minus champion", loc="left", weight="bold")
    panel.set_ylabel("cumulative PnL\n(unit of the files)")


def _draw_sequence(panel: Axes, comparison: Comparison) -> None:
    watch, design = comparison.mean, comparison.terms.design
    bottom, top = _shown(watch, design)
    silent = np.isneginf(watch.low) & np.isposinf(watch.high)
    low, high = np.clip(watch.low, bottom, top), np.clip(watch.high, bottom, top)
    sequence = f"{level(design)} confidence sequence, valid at every look"
    if silent.any():
        panel.fill_between(watch.rows, bottom, top, where=silent, color=_SILENT, linewidth=0.0, label="no look counts")
    panel.fill_between(watch.rows, low, high, where=~silent, color=_BAND, linewidth=0.0, label=sequence, step="post")
    panel.plot(watch.rows, watch.effect, color=_DIFFERENCE, linewidth=1.6, label="mean so far")
    panel.axhline(0.0, color=_INK, linewidth=0.9)
    for name, lines in _lines(design).items():
        panel.hlines(lines, 0.0, watch.rows[-1], color=_INK, linewidth=0.9, linestyle=":", label=name)
    panel.set_ylim(bottom, top)
    panel.set_title("Mean difference: challenger minus champion", loc="left", weight="bold")
    panel.set_ylabel("PnL per row\n(unit of the files)")


def _lines(design: Design) -> dict[str, list[float]]:
    lines = {"margin": [-design.margin, design.margin], "minimum effect": [design.minimum_effect]}
    return {name: values for name, values in lines.items() if any(values)}


def _shown(watch: Watch, design: Design) -> tuple[float, float]:
    """Return the range of the mean difference that is worth looking at."""
    late = slice(int(_SHOWN_WHOLE * watch.rows.size), None)
    ends = np.concatenate([watch.low[late], watch.high[late], watch.effect[late], [0.0], *_lines(design).values()])
    ends = ends[np.isfinite(ends)]
    room = 0.08 * float(np.ptp(ends)) or 1.0
    return float(ends.min()) - room, float(ends.max()) + room


def _style(panel: Axes) -> None:
    panel.grid(color="#E0E0E0", linewidth=0.6)
    panel.set_axisbelow(True)
    panel.spines[["top", "right"]].set_visible(False)
    panel.margins(x=0.0)
    panel.yaxis.set_major_formatter(_with_commas)


def _with_commas(value: float, _: float) -> str:
    return f"{value:,.10g}"


def _marked(watch: Watch) -> list[Turn]:
    """Return the first verdict and, if it is another one, what stands now."""
    first, last = watch.turns[:1], watch.turns[-1:]
    return [*first, *(turn for turn in last if turn.verdict is not first[0].verdict)]


def _mark_verdicts(panel: Axes, comparison: Comparison) -> None:
    for turn in _marked(comparison.mean):
        panel.axvline(turn.row, color=_INK, linewidth=1.2, linestyle=(0, (4, 3)))


def _name_verdicts(panel: Axes, comparison: Comparison) -> None:
    middle = 0.5 * comparison.mean.rows[-1]
    for turn in _marked(comparison.mean):
        panel.annotate(
            f"{turn.verdict} at row {turn.row:,}",
            (turn.row, 0.02),
            (5 if turn.row < middle else -5, 0),
            xycoords=panel.get_xaxis_transform(),
            textcoords="offset points",
            ha="left" if turn.row < middle else "right",
            color=_INK,
            weight="bold",
        )


def _label_rows(panel: Axes, times: Times | None) -> None:
    """Label the shared axis with rows, and below them with the times in UTC where the files have dates."""
    dated = times is not None and times.clock is not Clock.NUMBER

    def label(value: float, place: float) -> str:
        row = _with_commas(value, place)
        if times is None or not dated or not 1.0 <= value <= times.seconds.size:
            return row
        date, _, clock = times.clock.text(times.seconds[int(value) - 1]).partition("T")
        return f"{row}\n{date}" if _spans_days(times) else f"{row}\n{date}\n{clock[:5]}"

    panel.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10], integer=True))
    panel.xaxis.set_major_formatter(label)
    zone = " in UTC" if times is not None and times.clock is Clock.ZONED else ""
    panel.set_xlabel(f"paired rows seen, and their time{zone}" if dated else "paired rows seen")


def _spans_days(times: Times) -> bool:
    return bool(times.seconds[-1] - times.seconds[0] > _DAYS)
