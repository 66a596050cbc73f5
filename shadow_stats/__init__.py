"""Statistics for comparing models on live results: valid at every look, robust to dependence, small at rest."""

from shadow_stats.adwin import Adwin
from shadow_stats.allocation import ewma_weights, hedge_weights, limited_weights, thompson_beta, thompson_normal
from shadow_stats.behaviour import (
    ActionDiversity,
    Agreement,
    ConfidenceSpread,
    action_diversity,
    agreement,
    confidence_spread,
)
from shadow_stats.best_of_many import RealityCheck, reality_check
from shadow_stats.block_length import BlockLength, optimal_block_length
from shadow_stats.boundary import HybridBoundary, mixture_bound, mixture_log_e, mixture_rho
from shadow_stats.bounded_mean import BoundedMean
from shadow_stats.calibration import (
    CalibrationError,
    Monotonicity,
    ReliabilityCurve,
    calibration_error,
    monotonicity,
    reliability_curve,
)
from shadow_stats.concept_drift import EarlyLate, VolatilityShift, early_late, volatility_shift
from shadow_stats.design import Correction, Dependence, Design, Guarantee, Sides
from shadow_stats.distribution_distance import KolmogorovSmirnov, histogram_kolmogorov_smirnov, kolmogorov_smirnov
from shadow_stats.drawdown import Drawdown, drawdown_ratio
from shadow_stats.drawdown_report import DrawdownReport, drawdown_test
from shadow_stats.e_detector import EDetector
from shadow_stats.effective_samples import effective_share
from shadow_stats.error_degradation import Degradation, Metric, degradation
from shadow_stats.family import (
    FamilyDecision,
    closed_e_benjamini_hochberg,
    decide_family,
    e_benjamini_hochberg,
    e_holm,
    holm,
)
from shadow_stats.fixed_sample import MeanReport
from shadow_stats.mean import PairedMean
from shadow_stats.page_hinkley import PageHinkley
from shadow_stats.paired_report import paired_mean_report
from shadow_stats.paired_sign import PairedSign
from shadow_stats.pnl_bootstrap import BootstrapResult, PnlBootstrap, bootstrap
from shadow_stats.recalibration import CalibrationTest, IsotonicRecalibration
from shadow_stats.scheduled_bootstrap import BootstrapMean
from shadow_stats.scheduled_sharpe import BootstrapSharpe
from shadow_stats.sharpe import SharpeDifference
from shadow_stats.sharpe_bootstrap import SharpeBootstrapReport, ledoit_wolf_bootstrap
from shadow_stats.sharpe_confidence import (
    SharpeMoments,
    deflated_sharpe,
    expected_maximum_sharpe,
    minimum_track_record,
    probabilistic_sharpe,
    sharpe_standard_error,
)
from shadow_stats.sharpe_report import SharpeReport, jobson_korkie_memmel, ledoit_wolf_hac
from shadow_stats.stability_index import PopulationStability, histogram_stability, population_stability
from shadow_stats.timeline import PairedSeries, Timeline, paired
from shadow_stats.unpaired_report import welch
from shadow_stats.verdict import ComparisonResult, ConfidenceInterval, Verdict
from shadow_stats.win_rate import PairedWins, WinRateReport, mcnemar, two_proportion

__all__ = [
    "ActionDiversity",
    "Adwin",
    "Agreement",
    "BlockLength",
    "BootstrapMean",
    "BootstrapResult",
    "BootstrapSharpe",
    "BoundedMean",
    "CalibrationError",
    "CalibrationTest",
    "ComparisonResult",
    "ConfidenceInterval",
    "ConfidenceSpread",
    "Correction",
    "Degradation",
    "Dependence",
    "Design",
    "Drawdown",
    "DrawdownReport",
    "EDetector",
    "EarlyLate",
    "FamilyDecision",
    "Guarantee",
    "HybridBoundary",
    "IsotonicRecalibration",
    "KolmogorovSmirnov",
    "MeanReport",
    "Metric",
    "Monotonicity",
    "PageHinkley",
    "PairedMean",
    "PairedSeries",
    "PairedSign",
    "PairedWins",
    "PnlBootstrap",
    "PopulationStability",
    "RealityCheck",
    "ReliabilityCurve",
    "SharpeBootstrapReport",
    "SharpeDifference",
    "SharpeMoments",
    "SharpeReport",
    "Sides",
    "Timeline",
    "Verdict",
    "VolatilityShift",
    "WinRateReport",
    "action_diversity",
    "agreement",
    "bootstrap",
    "calibration_error",
    "closed_e_benjamini_hochberg",
    "confidence_spread",
    "decide_family",
    "deflated_sharpe",
    "degradation",
    "drawdown_ratio",
    "drawdown_test",
    "e_benjamini_hochberg",
    "e_holm",
    "early_late",
    "effective_share",
    "ewma_weights",
    "expected_maximum_sharpe",
    "hedge_weights",
    "histogram_kolmogorov_smirnov",
    "histogram_stability",
    "holm",
    "jobson_korkie_memmel",
    "kolmogorov_smirnov",
    "ledoit_wolf_bootstrap",
    "ledoit_wolf_hac",
    "limited_weights",
    "mcnemar",
    "minimum_track_record",
    "mixture_bound",
    "mixture_log_e",
    "mixture_rho",
    "monotonicity",
    "optimal_block_length",
    "paired",
    "paired_mean_report",
    "population_stability",
    "probabilistic_sharpe",
    "reality_check",
    "reliability_curve",
    "sharpe_standard_error",
    "thompson_beta",
    "thompson_normal",
    "two_proportion",
    "volatility_shift",
    "welch",
]
