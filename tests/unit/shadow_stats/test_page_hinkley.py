import importlib
import json
import math

import numpy as np
import pytest

from shadow_stats.direction import Direction
from shadow_stats.page_hinkley import PageHinkley

river = importlib.import_module("river.drift")


def series(seed: int) -> list[float]:
    rng = np.random.default_rng(seed)
    parts = [rng.normal(size=500), rng.normal(1.0, 1, 500), rng.normal(-1, 1, 500)]
    return [float(x) for part in parts for x in part]


def alarms(detector: PageHinkley, values: list[float]) -> list[int]:
    found: list[int] = []
    for row, value in enumerate(values, 1):
        detector.update([value])
        if detector.result().last_alarm == row:
            found.append(row)
    return found


@pytest.mark.parametrize(("direction", "mode"), [("two-sided", "both"), ("greater", "up"), ("less", "down")])
@pytest.mark.parametrize(
    ("threshold", "tolerance", "forgetting", "minimum"),
    [(50.0, 0.005, 0.9999, 30), (20.0, 0.005, 0.9999, 30), (10.0, 0.1, 0.99, 5), (3.0, 0.0, 1.0, 1)],
)
def test_it_alarms_where_river_does(
    direction: Direction, mode: str, threshold: float, tolerance: float, forgetting: float, minimum: int
) -> None:
    terms = {"threshold": threshold, "tolerance": tolerance, "forgetting": forgetting, "minimum_samples": minimum}
    for seed in range(3):
        values = series(seed)
        oracle = river.PageHinkley(minimum, tolerance, threshold, forgetting, mode)
        expected = []
        for row, value in enumerate(values, 1):
            oracle.update(value)
            expected += [row] * oracle.drift_detected
        assert expected
        assert alarms(PageHinkley(**terms, direction=direction), values) == expected  # type: ignore[arg-type] # mixed


def test_nothing_is_known_without_data() -> None:
    result = PageHinkley().result()
    assert (result.statistic, result.alarms, result.last_alarm, result.samples) == (0.0, 0, None, 0)


def test_a_number_that_cannot_be_used_is_named_and_nothing_is_added() -> None:
    detector = PageHinkley()
    before = detector.to_json()
    with pytest.raises(ValueError, match=r"values\[1\] is nan"):
        detector.update([1.0, math.nan])
    assert detector.to_json() == before


def test_the_state_is_small_standard_json_of_its_own_kind() -> None:
    detector = PageHinkley()
    detector.update(series(0))
    assert len(json.dumps(detector.to_json(), allow_nan=False)) < 4096
    with pytest.raises(ValueError, match="expected PageHinkley version 1"):
        PageHinkley.from_json({**detector.to_json(), "kind": "Adwin"})


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"threshold": 0.0}, "threshold is 0"),
        ({"tolerance": -1.0}, "tolerance is -1"),
        ({"forgetting": 1.1}, "forgetting is 1.1"),
        ({"minimum_samples": 0}, "minimum_samples is 0"),
    ],
)
def test_terms_out_of_range_are_refused(terms: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PageHinkley(**terms)  # type: ignore[arg-type]


def test_an_unknown_direction_is_refused() -> None:
    unknown: Direction = "up"  # type: ignore[assignment]
    with pytest.raises(ValueError, match="direction is 'up'"):
        PageHinkley(direction=unknown)
