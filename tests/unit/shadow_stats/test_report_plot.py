from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from numpy.typing import NDArray

from shadow_stats.design import Design
from shadow_stats.report.clock import Clock
from shadow_stats.report.comparison import Comparison, Terms, compare
from shadow_stats.report.csv_table import Times
from shadow_stats.report.pairing import PairedRows, Source
from shadow_stats.report.plot import draw

Series = NDArray[np.float64]


def compared(differences: Series, times: Times | None = None, margin: float = 0.0) -> Comparison:
    champion = np.random.default_rng(1).normal(size=differences.size)
    rows = PairedRows(Source("a.csv", "x"), Source("b.csv", "x"), champion, champion + differences, times=times)
    terms = Terms(Design(0.05, 300, margin=margin, look_every=10), plan_given=True, capital=None, seed=1)
    return compare(rows, terms)


def noise(size: int = 300) -> Series:
    return np.random.default_rng(3).normal(size=size)


def picture(comparison: Comparison, file: Path) -> bytes:
    draw(comparison, str(file))
    pixels = imread(file)
    assert pixels.shape[0] > 1000
    assert pixels.shape[1] > 1000
    # Not one flat colour: there is ink on it.
    assert np.ptp(pixels[..., :3]) == 1.0
    return pixels.tobytes()


def test_every_verdict_looks_different(tmp_path: Path) -> None:
    cases = {
        "better": compared(noise() + 0.5),
        "worse": compared(noise() - 0.5),
        "equivalent": compared(0.01 * noise(), margin=0.1),
        "inconclusive": compared(0.01 * noise()),
    }
    assert len({picture(case, tmp_path / f"{name}.png") for name, case in cases.items()}) == len(cases)


@pytest.mark.parametrize(("clock", "step"), [(Clock.NUMBER, 60.0), (Clock.LOCAL, 60.0), (Clock.ZONED, 86_400.0)])
def test_times_stand_below_the_rows_unless_they_are_bare_numbers(clock: Clock, step: float, tmp_path: Path) -> None:
    times = Times(clock, np.linspace(1.77e9, 1.77e9 + 299 * step, 300))
    plain, dated = compared(noise()), compared(noise(), times)
    same = picture(plain, tmp_path / "a.png") == picture(dated, tmp_path / "b.png")
    assert same == (clock is Clock.NUMBER)


@pytest.mark.parametrize("differences", [np.ones(1), np.zeros(50), np.full(300, 1e-9), 1e12 * noise()])
def test_data_with_little_to_show_are_drawn_too(differences: Series, tmp_path: Path) -> None:
    picture(compared(differences), tmp_path / "a.png")
