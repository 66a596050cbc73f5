import json
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from shadow_stats.e_detector import EDetector

Series = NDArray[np.float64]
ALPHA = 1e-3
# Threshold of the CUSUM of the true log-likelihood ratio whose mean run to a false alarm is 1,000 rows, by
# Siegmund's formula 2 (exp(h') - h' - 1) / shift^2 with h' = h + 1.166 shift.
SHIFT = 1.0
CUSUM = 5.063


def run_length(detector: EDetector, values: Series) -> int:
    for row, value in enumerate(values, 1):
        detector.update([value])
        if detector.result().alarms:
            return row
    return values.size


@pytest.mark.parametrize("rule", ["shiryaev-roberts", "cusum"])
def test_the_statistic_is_the_definition(rule: str) -> None:
    detector = EDetector(0.5e-6, 0.4, bounds=(0.0, 1.0), direction="greater", rule=rule)  # type: ignore[arg-type]
    values = [0.9, 0.1, 0.7, 0.8]
    detector.update(values)
    total = 0.0
    for bet in (0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.65, 0.95):
        ratios = [1.0 + bet * (x - 0.4) / 0.4 for x in values]
        starts = [math.prod(ratios[row:]) for row in range(4)]
        total += sum(starts) if rule == "shiryaev-roberts" else max(starts)
    assert detector.result().statistic == pytest.approx(total / 8)


def test_the_mean_run_to_a_false_alarm_is_at_least_stated() -> None:
    rng = np.random.default_rng(0)
    for unused in (
        EDetector(0.02, 0.0, deviation=1.0),
        EDetector(0.02, 0.0, deviation=1.0, direction="less"),
        EDetector(0.02, 0.0, bounds=(-4.0, 4.0)),
    ):
        start = unused.to_json()
        # Cut at twenty times the stated length, which only shortens the mean.
        runs = [run_length(EDetector.from_json(start), np.clip(rng.normal(size=1000), -4.0, 4.0)) for _ in range(150)]
        assert np.mean(runs) - 3.0 * np.std(runs) / math.sqrt(150) >= 50.0 * 0.9
        assert np.mean(runs) >= 50.0


def test_the_delay_is_near_that_of_the_oracle() -> None:
    rng = np.random.default_rng(1)
    delays, oracle = [], []
    for _ in range(300):
        values = rng.normal(SHIFT, 1.0, 200)
        delays.append(run_length(EDetector(ALPHA, 0.0, deviation=1.0, direction="greater"), values))
        walk = np.cumsum(SHIFT * values - 0.5 * SHIFT**2)
        path = walk - np.minimum(np.minimum.accumulate(np.concatenate([[0.0], walk[:-1]])), 0.0)
        oracle.append(int(np.argmax(path >= CUSUM)) + 1)
    assert np.mean(delays) <= 1.5 * np.mean(oracle)


@pytest.mark.parametrize(("direction", "rises", "falls"), [("greater", 1, 0), ("less", 0, 1), ("two-sided", 1, 1)])
def test_only_the_watched_direction_alarms(direction: str, rises: int, falls: int) -> None:
    for sign, expected in ((1.0, rises), (-1.0, falls)):
        detector = EDetector(1e-6, 0.0, bounds=(-1.0, 1.0), direction=direction)  # type: ignore[arg-type]
        detector.update(np.full(60, 0.5 * sign))
        assert min(detector.result().alarms, 1) == expected


def test_it_restarts_after_an_alarm() -> None:
    detector = EDetector(0.01, 0.0, deviation=1.0)
    detector.update(np.full(50, 2.0))
    assert detector.result().alarms > 5
    detector.update([-0.0] * 500)
    assert detector.result().statistic < detector.result().threshold


def test_evidence_beyond_all_numbers_is_an_alarm_and_stays_json() -> None:
    detector = EDetector(1e-9, 0.0, deviation=1.0)
    detector.update([1e50])
    assert (detector.result().alarms, detector.result().last_alarm) == (1, 1)
    assert len(json.dumps(detector.to_json(), allow_nan=False)) < 4096


def test_a_row_outside_its_bounds_is_refused_and_nothing_is_added() -> None:
    detector = EDetector(0.01, 0.5, bounds=(0.0, 1.0))
    before = detector.to_json()
    with pytest.raises(ValueError, match=r"values\[1\] is 1.5: it must lie within the bounds 0.0 and 1.0"):
        detector.update([0.5, 1.5])
    assert detector.to_json() == before


@pytest.mark.parametrize(
    ("alpha", "mean", "bounds", "deviation", "message"),
    [
        (0.0, 0.5, (0.0, 1.0), None, "alpha is 0"),
        (0.1, math.nan, (0.0, 1.0), None, "mean is nan"),
        (0.1, 1.0, (0.0, 1.0), None, "with the mean 1.0 between"),
        (0.1, 0.5, None, None, "exactly one"),
        (0.1, 0.5, (0.0, 1.0), 1.0, "exactly one"),
        (0.1, 0.5, None, 0.0, "deviation is 0"),
    ],
)
def test_terms_out_of_range_are_refused(
    alpha: float, mean: float, bounds: tuple[float, float] | None, deviation: float | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        EDetector(alpha, mean, bounds=bounds, deviation=deviation)


def test_an_unknown_direction_or_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="direction is 'up': it must be one of greater"):
        EDetector(0.1, 0.0, deviation=1.0, direction="up")  # type: ignore[arg-type] # that is what is tested
    with pytest.raises(ValueError, match="rule is 'sum': it must be one of shiryaev-roberts"):
        EDetector(0.1, 0.0, deviation=1.0, rule="sum")  # type: ignore[arg-type] # that is what is tested


def test_a_state_that_lost_a_part_is_refused() -> None:
    state = EDetector(0.1, 0.0, deviation=1.0).to_json()
    with pytest.raises(ValueError, match="wrong length"):
        EDetector.from_json({**state, "evidence": [0.0]})
    with pytest.raises(ValueError, match="expected EDetector version 1"):
        EDetector.from_json({**state, "kind": "Adwin"})
