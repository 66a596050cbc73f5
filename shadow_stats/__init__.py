"""Statistics for comparing models on live results: valid at every look, robust to dependence, small at rest."""

from shadow_stats.boundary import HybridBoundary, mixture_bound, mixture_log_e, mixture_rho
from shadow_stats.design import Design, Guarantee
from shadow_stats.drawdown import Drawdown, drawdown_ratio
from shadow_stats.family import holm
from shadow_stats.mean import PairedMean
from shadow_stats.sharpe import SharpeDifference
from shadow_stats.sharpe_report import SharpeReport, jobson_korkie_memmel, ledoit_wolf_hac
from shadow_stats.verdict import ComparisonResult, ConfidenceInterval, Verdict

__all__ = [
    "ComparisonResult",
    "ConfidenceInterval",
    "Design",
    "Drawdown",
    "Guarantee",
    "HybridBoundary",
    "PairedMean",
    "SharpeDifference",
    "SharpeReport",
    "Verdict",
    "drawdown_ratio",
    "holm",
    "jobson_korkie_memmel",
    "ledoit_wolf_hac",
    "mixture_bound",
    "mixture_log_e",
    "mixture_rho",
]
