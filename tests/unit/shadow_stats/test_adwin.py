import importlib
import json
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from shadow_stats.adwin import Adwin

river = importlib.import_module("river.drift")

Series = NDArray[np.float64]


def binary(seed: int) -> Series:
    rng = np.random.default_rng(seed)
    return (rng.random(3000) < np.repeat([0.2, 0.5, 0.2], 1000)).astype(np.float64)


def small_step(seed: int) -> Series:
    return np.clip(np.random.default_rng(seed).normal(np.repeat([0.3, 0.4], 1500), 0.1), 0.0, 1.0)


def mirrored(seed: int) -> Series:
    values = np.random.default_rng(seed).beta(2.0, 5.0, 3000)
    return np.concatenate([values[:1700], 1.0 - values[1700:]])


def drifting(seed: int) -> Series:
    return np.clip(0.3 + np.arange(3000) / 6000 + np.random.default_rng(seed).normal(0.0, 0.1, 3000), 0.0, 1.0)


@pytest.mark.parametrize("stream", [binary, small_step, mirrored, drifting])
@pytest.mark.parametrize(("delta", "clock"), [(0.002, 32), (0.002, 1), (0.3, 8)])
def test_every_window_and_alarm_is_rivers(stream: Callable[[int], Series], delta: float, clock: int) -> None:
    ours, theirs = Adwin(delta=delta, clock=clock), river.ADWIN(delta=delta, clock=clock)
    alarms = 0
    for row, value in enumerate(stream(1)[:2400].tolist(), 1):
        ours.update([value])
        # Its window without the wrapper, which would start from nothing after an alarm.
        alarms += theirs._helper.update(value)
        result = ours.result()
        assert (result.width, result.alarms) == (theirs.width, alarms), row
        assert result.mean == pytest.approx(theirs.estimation, rel=1e-9)
    assert alarms > 0
    assert ours.to_json()["squares"] == pytest.approx(theirs.variance, rel=1e-9)


def test_a_moved_mean_is_forgotten() -> None:
    detector = Adwin()
    values = binary(4)
    detector.update(values)
    result = detector.result()
    assert result.alarms >= 2
    assert result.mean == pytest.approx(values[-result.width :].mean())
    assert result.mean == pytest.approx(0.2, abs=0.05)
    assert result.width <= 1100


def test_the_histogram_is_the_window_itself() -> None:
    values = np.random.default_rng(4).random(700)
    detector = Adwin(clock=1)
    for row in range(1, 701):
        detector.update(values[row - 1 : row])
        window = values[row - detector.result().width : row]
        assert detector.result().mean == pytest.approx(window.mean())
    assert detector.to_json()["squares"] == pytest.approx(window.var() * window.size)


def test_a_steady_mean_alarms_rarely() -> None:
    rng = np.random.default_rng(5)
    alarms = 0
    for _ in range(20):
        detector = Adwin()
        detector.update(rng.random(1000))
        alarms += detector.result().alarms
    assert alarms <= 1


def test_a_state_of_any_size_fits() -> None:
    detector = Adwin(clock=10**9)
    detector.update(np.random.default_rng(6).random(60_000))
    text = json.dumps(detector.to_json(), allow_nan=False)
    levels = len(detector.to_json()["rows"])
    # Thirty sizes of buckets hold five thousand million rows.
    assert len(text) * 30 / levels < 4096
    assert Adwin.from_json(json.loads(text)).to_json() == detector.to_json()


def test_what_is_outside_its_range_is_refused() -> None:
    detector = Adwin()
    before = detector.to_json()
    with pytest.raises(ValueError, match=r"values\[1\] is 1.5: scale the rows"):
        detector.update([0.5, 1.5])
    assert detector.to_json() == before
    with pytest.raises(ValueError, match="delta is 0"):
        Adwin(delta=0.0)
    with pytest.raises(ValueError, match="clock is 0"):
        Adwin(clock=0)
    with pytest.raises(TypeError, match=r"clock is 1\.5"):
        Adwin(clock=1.5)  # type: ignore[arg-type] # that is what is tested


def test_a_state_that_lost_a_part_is_refused() -> None:
    detector = Adwin()
    detector.update([0.5, 0.5])
    for rows in (["AAAA"], ["AAA"], ["?"]):
        with pytest.raises(ValueError, match="has a broken bucket"):
            Adwin.from_json({**detector.to_json(), "rows": rows})
    with pytest.raises(ValueError, match="expected Adwin version 1"):
        Adwin.from_json({**detector.to_json(), "kind": "EDetector"})
