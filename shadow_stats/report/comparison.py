"""All that the command says of two models, as figures."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from shadow_stats.block_summaries import maximum_drawdown
from shadow_stats.bounded_mean import BoundedMean
from shadow_stats.design import Design, Guarantee
from shadow_stats.drawdown import Drawdown
from shadow_stats.mean import PairedMean
from shadow_stats.paired_sign import PairedSign
from shadow_stats.report.csv_table import Values
from shadow_stats.report.input_error import InputError
from shadow_stats.report.one_look import OneLook, one_look_tests
from shadow_stats.report.pairing import PairedRows
from shadow_stats.report.watch import OnlineTest, Watch, watched
from shadow_stats.sharpe import SharpeDifference
from shadow_stats.sharpe_confidence import SharpeMoments, probabilistic_sharpe


@dataclass(frozen=True, slots=True)
class Terms:
    """What the user asked for, beside the files.

    Attributes:
        design: of the comparison of means; its margin and minimum effect and its guarantee are for that alone.
        plan_given: whether the planned samples were asked for; otherwise they are the rows that there are.
        capital: equity before the first row, in the unit of the files; None if drawdowns are in that unit instead.
        seed: of the bootstrap and the permutations.

    """

    design: Design
    plan_given: bool
    capital: float | None
    seed: int


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """One model over the paired rows.

    Attributes:
        total_pnl: in the unit of the file.
        mean_pnl: per row, in the unit of the file.
        sharpe: per row, not annual; nan where the profit and loss does not vary or has fewer than 10 rows.
        win_rate: share of rows with a profit.
        maximum_drawdown: largest fall from an earlier high, in the unit of the file; with a capital as a share of the
            equity at that high.
        probabilistic_sharpe: confidence that the true Sharpe ratio is above 0, for one look; nan as for `sharpe`.

    """

    total_pnl: float
    mean_pnl: float
    sharpe: float
    win_rate: float
    maximum_drawdown: float
    probabilistic_sharpe: float


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """The figures of the whole report; effects are challenger minus champion.

    Attributes:
        terms: what was asked for.
        rows: the paired rows.
        champion: its figures.
        challenger: its figures.
        mean: the mean difference under watch: the one that decides.
        sharpe: the difference of Sharpe ratios per row under watch.
        win_rate: the share that the challenger won of the rows that only one of both won, less one half, under watch.
        drawdown_ratio: maximum drawdown of the challenger to the champion's; below 1 is better.
        one_look: the tests for one look, by name.

    """

    terms: Terms
    rows: PairedRows
    champion: ModelFigures
    challenger: ModelFigures
    mean: Watch
    sharpe: Watch
    win_rate: Watch
    drawdown_ratio: float
    one_look: dict[str, OneLook]

    @property
    def differences(self) -> Values:
        """Challenger minus champion; shape (n,)."""
        return self.rows.challenger - self.rows.champion


def compare(rows: PairedRows, terms: Terms) -> Comparison:
    """Play the rows back under the terms.

    Raises:
        InputError: a difference is larger than the bound of the design.

    """
    challenger, champion, every = rows.challenger, rows.champion, terms.design.look_every
    differences = challenger - champion
    _check_bound(differences, terms.design)
    models = [_model(pnl, terms.capital) for pnl in (champion, challenger)]
    wins = (challenger > 0.0).astype(np.float64) - (champion > 0.0)
    secondary = _secondary(terms.design)
    return Comparison(
        terms=terms,
        rows=rows,
        champion=models[0],
        challenger=models[1],
        mean=watched(_mean_test(terms.design), (differences,), every),
        sharpe=watched(SharpeDifference(secondary), (challenger, champion), every),
        win_rate=watched(PairedSign(secondary), (wins,), every),
        drawdown_ratio=_ratio(models[1].maximum_drawdown, models[0].maximum_drawdown),
        one_look=one_look_tests(challenger, champion, alpha=terms.design.alpha, seed=terms.seed),
    )


def _check_bound(differences: Values, design: Design) -> None:
    bound = math.inf if design.bound is None else design.bound
    within = np.abs(differences) <= bound
    if not within.all():
        row = int(np.argmin(within))
        raise InputError(
            f"paired row {row + 1} has a difference of {differences[row]:.6g}: with --bound {bound:g} it must be at "
            "most that in size."
        )


def _mean_test(design: Design) -> OnlineTest:
    return BoundedMean(design) if design.guarantee is Guarantee.BOUNDED else PairedMean(design)


def _secondary(design: Design) -> Design:
    """Return the design for what has another unit than the mean, and no bounded form."""
    return replace(design, margin=0.0, minimum_effect=0.0, guarantee=Guarantee.ASYMPTOTIC, bound=None)


def _model(pnl: Values, capital: float | None) -> ModelFigures:
    return ModelFigures(
        total_pnl=float(pnl.sum()),
        mean_pnl=float(pnl.mean()),
        sharpe=_or_nan(lambda: SharpeMoments.of(pnl).sharpe),
        win_rate=float(np.mean(pnl > 0.0)),
        maximum_drawdown=maximum_drawdown(pnl) if capital is None else _drawdown_share(pnl, capital),
        probabilistic_sharpe=_or_nan(lambda: probabilistic_sharpe(SharpeMoments.of(pnl))),
    )


def _or_nan(figure: Callable[[], float]) -> float:
    try:
        return figure()
    except ValueError:
        return math.nan


def _drawdown_share(pnl: Values, capital: float) -> float:
    drawdown = Drawdown(capital)
    drawdown.update(pnl)
    return drawdown.maximum


def _ratio(challenger: float, champion: float) -> float:
    if champion > 0.0:
        return challenger / champion
    return math.inf if challenger > 0.0 else 1.0
