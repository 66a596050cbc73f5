"""The report as one JSON object for programs. Its keys are described in docs/shadow-stats.md and only added to."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from shadow_stats.report.comparison import Comparison, ModelFigures
from shadow_stats.report.pairing import PairedRows, Source
from shadow_stats.report.summary import summary
from shadow_stats.report.watch import Watch

SCHEMA = 1


def plain_json(comparison: Comparison) -> dict[str, Any]:
    """Return the report in values that every JSON parser reads; what is not a finite number is None."""
    terms, rows = comparison.terms, comparison.rows
    report = {
        "schema": SCHEMA,
        "champion": _model(rows.champion_source, comparison.champion),
        "challenger": _model(rows.challenger_source, comparison.challenger),
        "pairing": _pairing(rows),
        "design": {
            **terms.design.to_json(),
            "planned_samples_given": terms.plan_given,
        },
        "look_every": terms.design.look_every,
        "looks": comparison.mean.rows.size,
        "capital": terms.capital,
        "seed": terms.seed,
        "always_valid": {
            "mean": _watch(comparison.mean),
            "sharpe": _watch(comparison.sharpe),
            "win_rate": _watch(comparison.win_rate),
        },
        "drawdown_ratio": comparison.drawdown_ratio,
        "one_look_only": {name: asdict(test) for name, test in comparison.one_look.items()},
        "verdict": comparison.mean.result.verdict.value,
        "verdict_row": comparison.mean.verdict_row,
        "summary": summary(comparison),
    }
    return {key: _finite(value) for key, value in report.items()}


def _model(source: Source, figures: ModelFigures) -> dict[str, Any]:
    return {**asdict(source), **asdict(figures)}


def _pairing(rows: PairedRows) -> dict[str, Any]:
    times = rows.times
    return {
        "time_column": rows.time_column,
        "rows": rows.champion.size,
        "only_champion": rows.only_champion.size,
        "only_challenger": rows.only_challenger.size,
        "first": None if times is None else times.clock.text(times.seconds[0]),
        "last": None if times is None else times.clock.text(times.seconds[-1]),
    }


def _watch(watch: Watch) -> dict[str, Any]:
    turns = [{"row": turn.row, "verdict": turn.verdict.value} for turn in watch.turns]
    return {**asdict(watch.result), "verdict": watch.result.verdict.value, "turns": turns}


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(entry) for key, entry in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
