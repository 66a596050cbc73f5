import pytest

from bench.stats.cusum import mean_run, threshold_for


@pytest.mark.parametrize(
    ("threshold", "mean", "rows"),
    [
        (4.0, 0.0, 2 * 168.0),
        (4.0, 0.5, 26.6),
        (4.0, 1.0, 8.38),
        (5.0, 0.0, 2 * 465.0),
        (5.0, 0.5, 38.0),
        (5.0, 1.0, 10.4),
    ],
)
def test_mean_runs_are_the_published_ones(threshold: float, mean: float, rows: float) -> None:
    """Montgomery, Introduction to Statistical Quality Control, the table of the tabular CUSUM with k = 1/2.

    Without a shift either side of the published chart, which has two, runs twice as long as the chart.
    """
    assert mean_run(threshold, 1.0, mean) == pytest.approx(rows, rel=0.005)


@pytest.mark.parametrize("shift", [0.5, 1.0, 2.0])
def test_the_threshold_gives_the_run_that_was_asked_for(shift: float) -> None:
    assert mean_run(threshold_for(1_000.0, shift), shift, 0.0) == pytest.approx(1_000.0, rel=1e-6)
