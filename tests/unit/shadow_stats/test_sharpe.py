import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from shadow_stats import Design, SharpeDifference, SharpeReport, Verdict, jobson_korkie_memmel, ledoit_wolf_hac
from shadow_stats.joint_lag_products import JointLagProducts
from shadow_stats.long_run_variance import LagProducts
from shadow_stats.sharpe import sharpe_gradient

Series = NDArray[np.float64]
Report = Callable[[Series, Series], SharpeReport]
REPORTS: list[Report] = [jobson_korkie_memmel, ledoit_wolf_hac]
DESIGN = Design(0.05, 1000)
REPOSITORY = Path(__file__).parents[3]
HEDGE_FUNDS = Path(os.environ.get("SHADOW_STATS_LW2008", REPOSITORY / "../shared/data/lw2008_hedge_funds.csv"))


def pair(size: int, gain: float = 0.0, seed: int = 2) -> tuple[Series, Series]:
    shared, first, second = np.random.default_rng(seed).normal(size=(3, size))
    return shared + first + gain, shared + second


def fed(challenger: Series, champion: Series, design: Design = DESIGN, batch: int = 20) -> SharpeDifference:
    test = SharpeDifference(design)
    for start in range(0, challenger.size, batch):
        test.update(challenger[start : start + batch], champion[start : start + batch])
    return test


@pytest.fixture(scope="module")
def hedge_funds() -> tuple[Series, Series]:
    if not HEDGE_FUNDS.exists():
        pytest.skip("the hedge-fund returns of Ledoit and Wolf (2008) are not here")
    table = np.loadtxt(HEDGE_FUNDS, delimiter=",", skiprows=1)
    return table[:, 0], table[:, 1]


def test_memmels_test_gives_the_published_hedge_fund_p_value(hedge_funds: tuple[Series, Series]) -> None:
    report = jobson_korkie_memmel(*hedge_funds)
    assert report.statistic == pytest.approx(-2.583, abs=5e-4)
    assert 100.0 * report.pvalue == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(("prewhiten", "percent", "error"), [(False, 14.7, 0.30790), (True, 25.4, 0.39158)])
def test_the_kernel_test_gives_the_published_hedge_fund_p_value(
    hedge_funds: tuple[Series, Series], *, prewhiten: bool, percent: float, error: float
) -> None:
    report = ledoit_wolf_hac(*hedge_funds, prewhiten=prewhiten)
    assert 100.0 * report.pvalue == pytest.approx(percent, abs=0.05)
    assert report.standard_error == pytest.approx(error, abs=1e-4)
    assert report.effect == pytest.approx(-0.4463, abs=5e-5)


@pytest.mark.parametrize("report", REPORTS)
def test_reports_change_sign_with_the_sides(report: Report) -> None:
    challenger, champion = pair(200, 0.2)
    there, back = report(challenger, champion), report(champion, challenger)
    assert there.statistic == pytest.approx(-back.statistic)
    assert there.pvalue == pytest.approx(back.pvalue)
    low, high = there.confidence_interval(0.9)
    assert low < there.effect < high


@pytest.mark.parametrize("report", REPORTS)
def test_reports_refuse_what_has_no_sharpe_ratio(report: Report) -> None:
    values = pair(50)[0]
    with pytest.raises(ValueError, match="champion is constant"):
        report(values, np.ones(50))
    with pytest.raises(ValueError, match="at least 10"):
        report(values[:9], values[:9])
    with pytest.raises(ValueError, match="must be paired"):
        report(values, values[:40])
    with pytest.raises(ValueError, match="nothing to test"):
        report(values, values)


def test_the_variance_is_exactly_that_of_the_influence_series() -> None:
    challenger, champion = pair(500, 0.1)
    joint = JointLagProducts()
    joint.extend(np.stack([challenger, champion], axis=1))
    standard = [(x - x.mean()) / x.std() for x in (challenger, champion)]
    ratios = [x.mean() / x.std() for x in (challenger, champion)]
    first, second = (u - 0.5 * ratio * (u**2 - 1.0) for u, ratio in zip(standard, ratios, strict=True))
    explicit = LagProducts()
    explicit.extend((first - second).tolist())
    implied = joint.combined(sharpe_gradient(*joint.means()))
    assert implied.autocovariances() == pytest.approx(explicit.autocovariances(), abs=1e-10)
    assert implied.long_run_variance() == pytest.approx(explicit.long_run_variance(), rel=1e-9)


def test_a_higher_ratio_is_better_and_a_lower_one_worse() -> None:
    challenger, champion = pair(1000, 0.5)
    assert fed(challenger, champion).result().verdict is Verdict.BETTER
    assert fed(champion, challenger).result().verdict is Verdict.WORSE


def test_the_effect_is_the_difference_of_both_ratios() -> None:
    challenger, champion = pair(400, 0.3)
    expected = challenger.mean() / challenger.std() - champion.mean() / champion.std()
    assert fed(challenger, champion).result().effect == pytest.approx(expected)


def test_leverage_alone_is_neither_better_nor_worse() -> None:
    _, champion = pair(1000)
    result = fed(3.0 * champion, champion).result()
    assert (result.verdict, result.pvalue) == (Verdict.INCONCLUSIVE, 1.0)


def test_a_model_that_did_not_trade_gives_no_verdict() -> None:
    champion = pair(1000)[1]
    result = fed(np.zeros(1000), champion).result()
    assert (result.verdict, result.nonzero_samples, result.samples_needed) == (Verdict.INCONCLUSIVE, 0, None)


def test_events_are_counted_in_the_sparser_stream() -> None:
    champion = pair(1000)[1]
    challenger = np.where(np.arange(1000) % 20 == 0, 5.0 + 0.01 * champion, 0.0)
    result = fed(challenger, champion).result()
    assert (result.nonzero_samples, result.pvalue) == (50, 1.0)


def test_streams_are_paired_and_usable() -> None:
    test = SharpeDifference(DESIGN)
    with pytest.raises(ValueError, match="challenger has 2 entries and champion 1"):
        test.update([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match=r"champion\[1\] is nan"):
        test.update([1.0, 2.0], [1.0, float("nan")])
    assert test.result().samples == 0


def test_the_state_is_small_standard_json() -> None:
    challenger, champion = pair(500)
    text = json.dumps(fed(1e-5 * challenger, 1e-5 * champion).to_json(), allow_nan=False)
    assert len(text) < 4096


def test_the_design_travels_with_the_state() -> None:
    assert SharpeDifference.from_json(SharpeDifference(DESIGN).to_json()).design == DESIGN


@pytest.mark.parametrize("unit", [1e-160, 1e-110, 1e-90, 1e-40])
def test_streams_too_small_for_a_square_do_not_vary(unit: float) -> None:
    challenger, champion = pair(300, gain=1.0)
    assert fed(unit * challenger, unit * champion).result().verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("unit", [1e-25, 1e10])
def test_any_other_unit_is_as_good(unit: float) -> None:
    challenger, champion = pair(300, gain=1.0)
    assert fed(unit * challenger, unit * champion).result().verdict is Verdict.BETTER


def test_a_cut_off_state_is_refused() -> None:
    state = fed(*pair(200)).to_json()
    with pytest.raises(ValueError, match=r"JointLagProducts has 0 entries where \(8, 2\) belong"):
        SharpeDifference.from_json({**state, "series": {**state["series"], "first": ""}})
    with pytest.raises(ValueError, match="JointLagProducts has no total"):
        SharpeDifference.from_json({**state, "series": {k: v for k, v in state["series"].items() if k != "total"}})
