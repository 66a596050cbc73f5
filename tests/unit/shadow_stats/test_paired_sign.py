"""Constants of the mixture are those that the unit tests of the confseq package take from a reference in R."""

import json
import math
from itertools import product

import numpy as np
import pytest
from scipy.integrate import quad

from shadow_stats import Design, Verdict
from shadow_stats.paired_sign import PairedSign, sign_log_e, sign_precision

DESIGN = Design(0.05, 200)


def fed(wins: int, losses: int, ties: int = 0, design: Design = DESIGN) -> PairedSign:
    test = PairedSign(design)
    test.update(np.repeat([2.0, -0.1, 0.0], [wins, losses, ties]))
    return test


@pytest.mark.parametrize(
    ("wins", "samples", "planned", "ends"),
    [(700, 1000, 100, (0.651629, 0.745949)), (15, 50, 50, (0.129556, 0.511896))],
)
def test_the_e_value_reaches_twenty_at_the_published_ends(
    wins: int, samples: int, planned: int, ends: tuple[float, float]
) -> None:
    precision = sign_precision(planned, 0.05)
    for end in ends:
        inside, outside = (
            sign_log_e(wins, samples - wins, end + step * math.copysign(1e-6, wins / samples - end), precision)
            for step in (1.0, -1.0)
        )
        assert inside < math.log(20.0) < outside


@pytest.mark.parametrize(("wins", "losses"), [(0, 0), (3, 1), (2, 9), (30, 12)])
def test_the_one_sided_e_value_is_the_mixture_written_out(wins: int, losses: int) -> None:
    def prior(q: float) -> float:
        return float((q * (1.0 - q)) ** 3)

    ratio = quad(lambda q: prior(q) * (2.0 * q) ** wins * (2.0 - 2.0 * q) ** losses, 0.5, 1.0)[0]
    expected = math.log(ratio / quad(prior, 0.5, 1.0)[0])
    assert sign_log_e(wins, losses, 0.5, 8.0, "greater") == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
def test_under_the_null_the_e_value_is_one_on_average_at_every_number_of_pairs(alternative: str) -> None:
    for size in (1, 2, 7, 10):
        outcomes = [sum(bits) for bits in product((0, 1), repeat=size)]
        values = [math.exp(sign_log_e(k, size - k, 0.5, 9.0, alternative)) for k in outcomes]  # type: ignore[arg-type]
        assert np.mean(values) == pytest.approx(1.0, rel=1e-12)


def test_equal_models_are_told_apart_no_more_often_than_alpha() -> None:
    rng = np.random.default_rng(1)
    signs = rng.integers(2, size=(4000, 600))
    wins = np.cumsum(signs, axis=1)
    precision = sign_precision(200, 0.05)
    # A count crosses at the same number of wins in every row: find that number once for each number of pairs.
    found = np.zeros(4000, dtype=bool)
    for size in range(1, 601):
        scores = [sign_log_e(k, size - k, 0.5, precision, "greater") for k in range(size // 2, size + 1)]
        crossing = size // 2 + int(np.searchsorted(scores, math.log(40.0)))
        found |= (wins[:, size - 1] >= crossing) | (size - wins[:, size - 1] >= crossing)
    assert found.mean() <= 0.05 + 3.0 * math.sqrt(0.05 * 0.95 / 4000)


def test_a_clear_gain_is_better_and_a_clear_loss_worse() -> None:
    better, worse = fed(150, 80, 20).result(), fed(80, 150, 20).result()
    assert (better.verdict, worse.verdict) == (Verdict.BETTER, Verdict.WORSE)
    assert better.effect == pytest.approx(150 / 230 - 0.5)
    assert (better.samples, better.nonzero_samples, better.samples_needed) == (250, 230, 0)
    assert (better.low, better.high) == (-worse.high, -worse.low)
    assert better.pvalue_better == worse.pvalue_worse


@pytest.mark.parametrize("wins", range(100, 150))
def test_test_and_interval_agree(wins: int) -> None:
    result = fed(wins, 100).result()
    assert (result.low > 0.0) == (result.pvalue <= DESIGN.level) == (result.verdict is Verdict.BETTER)


def test_a_difference_proven_small_is_equivalent() -> None:
    assert fed(20_000, 20_100, design=Design(0.05, 200, margin=0.05)).result().verdict is Verdict.EQUIVALENT


def test_the_pairs_needed_are_those_that_it_takes() -> None:
    needed = fed(60, 40, 50).result().samples_needed
    assert needed is not None
    decided = 100 + round(needed * 100 / 150)
    at = fed(round(0.6 * decided), decided - round(0.6 * decided))
    assert at.result().pvalue == pytest.approx(DESIGN.level, rel=0.3)
    assert fed(50, 50).result().samples_needed is None
    assert fed(500_001, 500_000).result().samples_needed is None


def test_an_effect_that_turned_round_gives_no_verdict() -> None:
    test = fed(400, 100)
    test.update(np.repeat([1.0, -1.0], [600, 4000]))
    result = test.result()
    assert result.verdict is Verdict.INCONCLUSIVE
    assert all(math.isnan(end) for end in result.confidence_interval())


def test_nothing_is_known_without_decided_pairs() -> None:
    result = fed(0, 0, 30).result()
    assert (result.verdict, result.pvalue, result.samples_needed) == (Verdict.INCONCLUSIVE, 1.0, None)
    assert math.isnan(result.effect)
    assert math.isnan(result.statistic)
    assert result.confidence_interval() == (-0.5, 0.5)


def test_an_overwhelming_record_stays_finite_where_it_counts() -> None:
    result = fed(20_000, 0).result()
    assert result.pvalue == 0.0
    assert result.log_e_worse == -math.inf
    assert result.low > 0.49


def test_a_saved_state_resumes_to_the_same_bits() -> None:
    test = fed(60, 40, 5)
    resumed = PairedSign.from_json(json.loads(json.dumps(test.to_json(), allow_nan=False)))
    for state in (test, resumed):
        state.update([1.0, 0.0, -1.0, 1.0])
    assert resumed.to_json() == test.to_json()
    assert resumed.design == DESIGN
    assert len(json.dumps(test.to_json())) < 4096


def test_what_cannot_be_used_is_refused_and_nothing_is_added() -> None:
    test = fed(5, 5)
    before = test.to_json()
    with pytest.raises(ValueError, match=r"differences\[1\] is nan"):
        test.update([1.0, math.nan])
    assert test.to_json() == before
    with pytest.raises(ValueError, match="PairedSign has no wins"):
        PairedSign.from_json({key: value for key, value in before.items() if key != "wins"})
    with pytest.raises(ValueError, match="expected PairedSign"):
        PairedSign.from_json({**before, "kind": "PairedMean"})
