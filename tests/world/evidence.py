"""Evidence of a challenger against the champion, by what it says."""

import math
from dataclasses import replace

from shadow_operator.core.evidence import Evidence
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


def better(pvalue: float = 0.001, trades: int = 1000) -> Evidence:
    """Better by every measure, within any error budget above `pvalue`."""
    said = comparison(pvalue, 1.0, effect=1.5)
    return Evidence(said, said, pvalue, pvalue, drawdown=0.01, champion_drawdown=0.04, trades=trades)


def undecided(trades: int = 1000) -> Evidence:
    said = comparison(0.4, 0.6, effect=0.1)
    return Evidence(said, said, 0.4, 0.4, drawdown=0.01, champion_drawdown=0.04, trades=trades)


def worse() -> Evidence:
    said = comparison(1.0, 0.0001, effect=-1.5)
    return Evidence(said, said, 1.0, 1.0, drawdown=0.2, champion_drawdown=0.04, trades=1000)


def no_sample() -> Evidence:
    said = replace(comparison(1.0, 1.0, effect=math.nan, samples=0), low=-math.inf, high=math.inf)
    return Evidence(said, said, 1.0, 1.0, drawdown=0.0, champion_drawdown=0.0, trades=0)


def blinded(evidence: Evidence, why: str = "Prometheus is down") -> Evidence:
    return replace(evidence, blind=why)
