"""The whole bench in seconds: no figure may contradict its goal beyond what so few replications explain."""

import pickle

from bench.stats.__main__ import smoke_rows
from bench.stats.plan import GROUPS, TASKS, TIMED


def test_no_error_rate_or_power_contradicts_its_goal() -> None:
    rows = smoke_rows()
    assert [f"{row.group}, {row.name}: {row.value}" for row in rows if not row.plausible] == []
    assert {row.group for row in rows} == set(GROUPS)


def test_every_task_can_be_handed_to_another_process() -> None:
    for task in (*TASKS, *TIMED):
        assert pickle.loads(pickle.dumps(task.rows)).__self__ == task  # noqa: S301 # made the line before
