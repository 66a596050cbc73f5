import json
import math

import numpy as np
import pytest

from shadow_stats.page_hinkley import Direction, PageHinkley


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


# river 0.26.1, PageHinkley with the same settings on the same series.
@pytest.mark.parametrize(("seed", "rows"), [(0, [536, 1014]), (1, [519, 1019]), (2, [553, 1021])])
def test_it_alarms_where_river_does(seed: int, rows: list[int]) -> None:
    assert alarms(PageHinkley(), series(seed)) == rows


@pytest.mark.parametrize(("seed", "rows"), [(0, [512]), (1, [450, 528, 871]), (2, [519, 885])])
def test_a_watch_for_a_rise_alarms_where_rivers_does(seed: int, rows: list[int]) -> None:
    assert alarms(PageHinkley(threshold=20.0, direction="greater"), series(seed)) == rows


def test_a_watch_for_a_fall_alarms_where_rivers_does() -> None:
    detector = PageHinkley(threshold=10.0, tolerance=0.1, forgetting=0.99, direction="less")
    assert alarms(detector, series(0)) == [160, 487, 599, 746, 799, 930, 1006, 1078, 1141, 1478]


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
        ({"tolerance": -1.0}, "tolerance -1"),
        ({"forgetting": 1.1}, "forgetting is 1.1"),
        ({"minimum_samples": 0}, "minimum_samples 0"),
    ],
)
def test_terms_out_of_range_are_refused(terms: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PageHinkley(**terms)  # type: ignore[arg-type]


def test_an_unknown_direction_is_refused() -> None:
    unknown: Direction = "up"  # type: ignore[assignment]
    with pytest.raises(ValueError, match="direction is 'up'"):
        PageHinkley(direction=unknown)
