"""Evidence of a challenger against the champion, by what it says."""

import math
from dataclasses import replace
from datetime import timedelta

from shadow_operator.core.evidence import Evidence, Tested
from shadow_stats import ComparisonResult, Verdict


def comparison(better: float, worse: float, effect: float, samples: int = 1000) -> ComparisonResult:
    return ComparisonResult(
        statistic=effect,
        pvalue=min(2 * min(better, worse), 1.0),
        pvalue_better=better,
        pvalue_worse=worse,
        effect=effect,
        low=effect - 1,
        high=effect + 1,
        log_e_value=0.0,
        log_e_better=0.0,
        log_e_worse=0.0,
        samples=samples,
        nonzero_samples=samples,
        samples_needed=None,
        verdict=Verdict.INCONCLUSIVE,
        non_inferior=False,
    )


# The names that gates have in the tests.
_NAMES = ("mean-pnl", "mean", "sharpe", "wins", "gate")


def every_gate(said: Tested) -> dict[str, Tested]:
    """The same said of every gate that tests."""
    return dict.fromkeys(_NAMES, said)


def _of(
    said: ComparisonResult, pvalue: float, drawdown: float, profit_factor: float | None, trades: int = 1000
) -> Evidence:
    """Evidence that says the same by every comparison; the champion's drawdown is 4 %, its profit factor 1.25."""
    return Evidence(
        mean=said,
        pvalue_mean=pvalue,
        tests=every_gate(Tested(said, pvalue)),
        drawdown=drawdown,
        champion_drawdown=0.04 if said.samples else 0.0,
        trades=trades,
        profit_factor=profit_factor,
        champion_profit_factor=1.25 if said.samples else None,
        sharpe_ratio=0.1 if said.samples else None,
        sessions=10 if said.samples else 0,
        days=20 if said.samples else 0,
        span=timedelta(days=20) if said.samples else timedelta(0),
    )


def better(pvalue: float = 0.001, trades: int = 1000) -> Evidence:
    """Better by every measure, within any error budget above `pvalue`."""
    return _of(comparison(pvalue, 1.0, effect=1.5), pvalue, drawdown=0.01, profit_factor=1.5, trades=trades)


def undecided(trades: int = 1000) -> Evidence:
    return _of(comparison(0.4, 0.6, effect=0.1), 0.4, drawdown=0.01, profit_factor=1.25, trades=trades)


def worse() -> Evidence:
    return _of(comparison(1.0, 0.0001, effect=-1.5), 1.0, drawdown=0.2, profit_factor=0.8)


def tested(effect: float, low: float, high: float, pvalue: float) -> Evidence:
    """Evidence whose tests all say this; `pvalue` is that of "better"."""
    seen = undecided()
    said = replace(comparison(pvalue, 1.0, effect), low=low, high=high)
    return replace(seen, tests=every_gate(Tested(said, pvalue)))


def no_sample() -> Evidence:
    said = replace(comparison(1.0, 1.0, effect=math.nan, samples=0), low=-math.inf, high=math.inf)
    return _of(said, 1.0, drawdown=0.0, profit_factor=None, trades=0)


def blinded(evidence: Evidence, why: str = "Prometheus is down") -> Evidence:
    return replace(evidence, blind=why)
