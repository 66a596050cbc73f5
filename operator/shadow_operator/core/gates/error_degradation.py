"""ErrorDegradation: the challenger's predictions err less than a ratio of the champion's."""

from collections.abc import Callable

from shadow_operator.api.gates import ErrorMeasure, Gate
from shadow_operator.core.contract import Figure
from shadow_operator.core.evidence import Evidence
from shadow_operator.core.gates.result import GateResult, judge_comparison
from shadow_operator.core.gates.sequential import Differences, Kept, Terms
from shadow_operator.core.interval import Pair
from shadow_stats import PairedMean

FIGURES = {
    ErrorMeasure.MAE: Figure.ERROR_ABSOLUTE,
    ErrorMeasure.RMSE: Figure.ERROR_SQUARED,
    ErrorMeasure.MAPE: Figure.ERROR_PERCENTAGE,
    ErrorMeasure.DIRECTIONAL_ACCURACY: Figure.WRONG_DIRECTION,
}


def figure_of(gate: Gate) -> Figure:
    """The figure that holds the gate's errors."""
    return FIGURES[gate.measure or ErrorMeasure.MAE]


def begin(gate: Gate, terms: Terms) -> Differences:
    """The evidence of a gate that has seen nothing yet."""
    return Differences(PairedMean(terms.design), _less_error(gate))


def resume(gate: Gate, kept: Kept) -> Differences:
    """The evidence as it was kept. Raises ValueError when it is not whole."""
    return Differences(PairedMean.from_json(kept), _less_error(gate))


def _less_error(gate: Gate) -> Callable[[Pair], float | None]:
    """The ratio's share of the champion's error less the challenger's: its mean is above 0 where the gate should pass.

    So a bound on a ratio of means becomes a test of one mean (Fieller 1954). A root mean square is below a ratio where
    the mean square is below the ratio's square.
    """
    figure, ratio = figure_of(gate), gate.allowed_ratio or 1.0
    scale = ratio**2 if gate.measure is ErrorMeasure.RMSE else ratio

    def difference(pair: Pair) -> float | None:
        own, champion = pair.challenger.per(figure), pair.champion.per(figure)
        return None if own is None or champion is None else scale * champion - own

    return difference


def evaluate(gate: Gate, evidence: Evidence, alpha: float) -> GateResult:
    """Judge the paired difference of the errors of their predictions."""
    what = f"{gate.measure} below {gate.ratio or gate.shape.defaults['ratio']} of {evidence.rival}'s"
    return judge_comparison(gate, evidence.test(gate), alpha, what)
