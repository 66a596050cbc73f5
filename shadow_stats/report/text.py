"""The report as tables for people."""

import math
from collections.abc import Sequence

from shadow_stats.design import Dependence, Design, Guarantee, Sides
from shadow_stats.report.comparison import Comparison, Terms
from shadow_stats.report.one_look import OneLook
from shadow_stats.report.pairing import PairedRows, Source
from shadow_stats.report.summary import level, summary
from shadow_stats.report.watch import Watch

_ONE_LOOK = {
    "welch": "mean PnL: Welch, not paired",
    "paired_mean": "mean PnL: paired HAC",
    "bootstrap_mean": "mean PnL: paired block bootstrap",
    "jobson_korkie_memmel": "Sharpe: Jobson-Korkie-Memmel",
    "ledoit_wolf": "Sharpe: Ledoit-Wolf HAC",
    "two_proportion": "win rate: two proportions, not paired",
    "mcnemar": "win rate: McNemar exact",
    "drawdown_permutation": "max drawdown: ratio, in PnL, permutation",
}
_ABSENT = "-"


def text(comparison: Comparison) -> str:
    """Return the whole report; each line ends with a newline."""
    blocks = [
        _terms(comparison.rows, comparison.terms, comparison.mean.rows.size),
        _models(comparison),
        _watched(comparison),
        _one_look(comparison),
        summary(comparison),
    ]
    return "\n\n".join(blocks) + "\n"


def _terms(rows: PairedRows, terms: Terms, looks: int) -> str:
    lines = [
        ["champion", _source(rows.champion_source)],
        ["challenger", _source(rows.challenger_source)],
        ["paired by", _pairing(rows)],
        ["design", _design(terms.design)],
        ["planned", _plan(terms)],
        ["looks", f"{looks:,}, {_rhythm(terms.design.look_every)}, as if watched live"],
    ]
    return "\n".join(f"{name:<12}{value}" for name, value in lines)


def _rhythm(look_every: int) -> str:
    return "one at every row" if look_every == 1 else f"one every {look_every:,} rows"


def _source(source: Source) -> str:
    return f"{source.file}, column {source.column}"


def _pairing(rows: PairedRows) -> str:
    size = f"{rows.champion.size:,} rows"
    if rows.times is None:
        return f"row, {size}"
    return (
        f"{rows.time_column}, {size} in both; left out: {rows.only_champion.size:,} only of the champion, "
        f"{rows.only_challenger.size:,} only of the challenger"
    )


def _design(design: Design) -> str:
    parts = [f"alpha {design.alpha:g}", str(design.sides), f"guarantee {design.guarantee}"]
    if design.guarantee is Guarantee.BOUNDED:
        parts.append(f"bound {design.bound:g}")
    parts.append(f"dependence {design.dependence}")
    if design.dependence is Dependence.REGIMES:
        parts.append(f"{design.session_samples:,} rows a session")
    parts += [f"margin {design.margin:g}", f"minimum effect {design.minimum_effect:g}"]
    return ", ".join(parts)


def _plan(terms: Terms) -> str:
    samples = f"{terms.design.planned_samples:,} rows"
    if terms.plan_given:
        return samples
    return f"{samples}, by default; a design is one only if --planned-samples is chosen before the data are seen"


def _models(comparison: Comparison) -> str:
    first, second = comparison.champion, comparison.challenger
    unit = "" if comparison.terms.capital is None else ", % of the high"
    scale = 1.0 if comparison.terms.capital is None else 100.0
    return _table(
        [
            ["", "champion", "challenger"],
            ["total PnL", _figure(first.total_pnl), _figure(second.total_pnl)],
            ["mean PnL per row", _figure(first.mean_pnl), _figure(second.mean_pnl)],
            ["Sharpe per row", _figure(first.sharpe), _figure(second.sharpe)],
            ["win rate, %", _figure(100.0 * first.win_rate), _figure(100.0 * second.win_rate)],
            [
                f"max drawdown{unit}",
                _figure(scale * first.maximum_drawdown),
                _figure(scale * second.maximum_drawdown),
            ],
            ["PSR (one look only)", _figure(first.probabilistic_sharpe), _figure(second.probabilistic_sharpe)],
        ]
    )


def _watched(comparison: Comparison) -> str:
    sides = comparison.terms.design.sides
    watches = {"mean PnL": comparison.mean, "Sharpe": comparison.sharpe, "win rate": comparison.win_rate}
    head = ["", "effect", f"{level(comparison.terms.design)} sequence", "p", "e", "rows", "still needed", "verdict"]
    drawdown = ["max drawdown", _ratio(comparison.drawdown_ratio), *[_ABSENT] * 6]
    return "\n".join(
        [
            "Valid at every look: a verdict of one line is wrong with a probability of at most alpha",
            _table([head, *(_watched_line(name, watch, sides) for name, watch in watches.items()), drawdown]),
            "Decide by one line, chosen before: the summary below is about the mean. The win rate is that of the rows",
            "which only one of both won, less 1/2; the drawdown is the challenger's over the champion's.",
            *_caveat(comparison.terms.design),
            *(
                f"{name} is withheld: {watch.result.withheld}"
                for name, watch in watches.items()
                if watch.result.withheld
            ),
        ]
    )


def _caveat(design: Design) -> list[str]:
    if design.guarantee is Guarantee.ASYMPTOTIC:
        return []
    return ["The bound vouches for the mean alone: Sharpe rests on a central limit theorem as ever."]


def _watched_line(name: str, watch: Watch, sides: Sides) -> list[str]:
    result = watch.result
    verdict = str(result.verdict) if watch.verdict_row is None else f"{result.verdict} at {watch.verdict_row:,}"
    return [
        name,
        _effect(result.effect),
        _interval(result.low, result.high),
        _pvalue(result.pvalue),
        _evidence(result.log_e_better if sides is Sides.GREATER else result.log_e_value),
        f"{result.samples:,}",
        _ABSENT if result.samples_needed is None else f"{result.samples_needed:,}",
        verdict,
    ]


def _one_look(comparison: Comparison) -> str:
    head = ["", "effect", f"{level(comparison.terms.design)} interval", "p"]
    tests = {name: comparison.one_look[name] for name in _ONE_LOOK}
    return "\n".join(
        [
            "Valid for one look only, at a number of rows fixed in advance: for reports, two-sided",
            _table([head, *(_one_look_line(name, test) for name, test in tests.items())]),
            *(f"{_ONE_LOOK[name]}: {test.missing}" for name, test in tests.items() if test.missing is not None),
        ]
    )


def _one_look_line(name: str, test: OneLook) -> list[str]:
    effect = _ratio(test.effect) if name == "drawdown_permutation" else _effect(test.effect)
    return [_ONE_LOOK[name], effect, _interval(test.low, test.high), _pvalue(test.pvalue)]


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of cells in columns, the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def _figure(value: float) -> str:
    if math.isnan(value):
        return _ABSENT
    return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:,.4g}"


def _ratio(value: float) -> str:
    return _ABSENT if math.isnan(value) else f"{value:,.4g} x"


def _effect(value: float) -> str:
    return _ABSENT if math.isnan(value) else f"{value:+.4g}"


def _interval(low: float, high: float) -> str:
    return _ABSENT if math.isnan(low) else f"{low:+.4g} to {high:+.4g}"


def _pvalue(value: float) -> str:
    return _ABSENT if math.isnan(value) else f"{value:.3g}"


def _evidence(log_e: float) -> str:
    """Return e to the power of `log_e`, which may be far beyond a float."""
    if math.isinf(log_e) or math.isnan(log_e) or abs(log_e) < math.log(1e4):
        return f"{math.exp(log_e):.3g}"
    power, rest = divmod(log_e / math.log(10.0), 1.0)
    return f"{10.0**rest:.1f}e{int(power):+d}"
