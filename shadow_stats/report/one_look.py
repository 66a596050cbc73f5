"""The tests that people expect to see: each valid for one look, at a size fixed in advance."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from shadow_stats.drawdown_report import drawdown_test
from shadow_stats.fixed_sample import MeanReport
from shadow_stats.paired_report import paired_mean_report
from shadow_stats.pnl_bootstrap import bootstrap
from shadow_stats.report.csv_table import Values
from shadow_stats.sharpe_report import SharpeReport, jobson_korkie_memmel, ledoit_wolf_hac
from shadow_stats.unpaired_report import welch
from shadow_stats.win_rate import PairedWins, WinRateReport, mcnemar, two_proportion

_NO_ERROR = "these rows give it no standard error."


@dataclass(frozen=True, slots=True)
class OneLook:
    """What one such test says, two-sided, challenger minus champion.

    Attributes:
        effect: estimate; of the drawdown the ratio, challenger to champion. nan where there is none.
        low: lower end of its interval; nan where there is none.
        high: upper end of its interval; nan where there is none.
        pvalue: nan where there is none.
        missing: why there are no figures, in a sentence; None where there are.

    """

    effect: float = math.nan
    low: float = math.nan
    high: float = math.nan
    pvalue: float = math.nan
    missing: str | None = None


def one_look_tests(challenger: Values, champion: Values, *, alpha: float, seed: int) -> dict[str, OneLook]:
    """Return what each test says of two paired streams, by its name; shape (n,) each, intervals at 1 - `alpha`."""
    tests: dict[str, Callable[[], OneLook]] = {
        "welch": lambda: _told(welch(challenger, champion), alpha),
        "paired_mean": lambda: _told(paired_mean_report(challenger, champion), alpha),
        "bootstrap_mean": lambda: _resampled(challenger - champion, alpha, seed),
        "jobson_korkie_memmel": lambda: _told(jobson_korkie_memmel(challenger, champion), alpha),
        "ledoit_wolf": lambda: _told(ledoit_wolf_hac(challenger, champion, prewhiten=True), alpha),
        "two_proportion": lambda: _told(_two_proportion(challenger, champion), alpha),
        "mcnemar": lambda: _told(mcnemar(PairedWins.of(challenger, champion)), alpha),
        "drawdown_permutation": lambda: _permuted(challenger, champion, seed),
    }
    return {name: _figures(test) for name, test in tests.items()}


def _figures(test: Callable[[], OneLook]) -> OneLook:
    try:
        # A division by nothing is no figure either.
        with np.errstate(all="ignore"):
            return test()
    except ArithmeticError:
        return OneLook(missing=_NO_ERROR)
    except ValueError as error:
        return OneLook(missing=str(error))


def _told(report: MeanReport | SharpeReport | WinRateReport, alpha: float) -> OneLook:
    if math.isnan(report.pvalue):
        return OneLook(missing=_NO_ERROR)
    low, high = report.confidence_interval(1.0 - alpha)
    return OneLook(report.effect, low, high, report.pvalue)


def _two_proportion(challenger: Values, champion: Values) -> WinRateReport:
    wins = int(np.count_nonzero(challenger > 0.0)), int(np.count_nonzero(champion > 0.0))
    return two_proportion(wins, (challenger.size, champion.size))


def _resampled(differences: Values, alpha: float, seed: int) -> OneLook:
    mean = bootstrap(differences, rng=seed).mean
    low, high = mean.confidence_interval(1.0 - alpha)
    return OneLook(mean.estimate, low, high)


def _permuted(challenger: Values, champion: Values, seed: int) -> OneLook:
    report = drawdown_test(challenger, champion, contrast="ratio", rng=seed)
    return OneLook(report.statistic, pvalue=report.pvalue)
