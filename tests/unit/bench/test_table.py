import numpy as np

from bench.row import Goal, Row
from bench.stats.table import document, ordered, printed, summary

ROWS = [
    Row.share("speed", "met", np.arange(200) < 4, Goal(high=5.0), detail="remark"),
    Row("looking", "missed", 7.25, "n_z", Goal(high=1.2)),
    Row("looking", "never", float("inf"), "n_z", Goal(high=1.2)),
    Row("looking", "absent", None, "points", Goal(high=1.2)),
    Row("looking", "comparison", 12_345.6, "rows"),
]


def test_the_last_line_names_what_misses_with_its_figure() -> None:
    assert summary(ROWS) == (
        "5 rows, 2 miss their goal: looking, missed: 7.25 n_z, at most 1.2; looking, never: never n_z, at most 1.2"
    )
    assert summary(ROWS[:1]) == "1 rows, 0 miss their goal"


def test_rows_stand_by_group_in_the_order_of_the_groups() -> None:
    assert [row.name for row in ordered(ROWS, ("looking", "speed"))] == [
        "missed",
        "never",
        "absent",
        "comparison",
        "met",
    ]


def test_the_page_has_a_line_for_each_row() -> None:
    page = document(ordered(ROWS, ("looking", "speed")))
    assert "| missed | 7.25 n_z |  | at most 1.2 | **missed** |  |  |" in page
    assert "| absent | absent |  | at most 1.2 |  |  |  |" in page
    assert "| comparison | 12,346 rows |  |  |  |  |  |" in page
    assert "| met | 2 % | 4.52 % | at most 5 | met | 200 | remark |" in page
    assert page.index("## Looking") < page.index("## Speed")
    assert "Of 5 rows 2 miss their goal.\n\n- looking, missed: 7.25 n_z, at most 1.2\n" in page


def test_the_screen_shows_the_verdict_that_it_is_given() -> None:
    lines = printed(ROWS[:2], [True, None]).splitlines()
    assert lines[0].startswith("ok ")
    assert lines[1].startswith("  ")
    assert lines[1].endswith("looking: missed")
