"""Measure error rates, power and speed, and write them down: `python -m bench.stats [--smoke]`."""

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from bench.row import Row, to_json
from bench.stats.plan import GROUPS, TASKS, TIMED, Task
from bench.stats.table import document, ordered, printed, summary

REPOSITORY = Path(__file__).parents[2]
PROCESSES = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; 0 when it ran, 1 when a smoke run contradicts a goal."""
    parser = argparse.ArgumentParser(prog="python -m bench.stats", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="a few seconds, written nowhere, judged with allowance")
    return _smoke() if parser.parse_args(arguments).smoke else _full()


def smoke_rows() -> list[Row]:
    """Return all rows that need no quiet machine, from so few replications that it takes seconds."""
    return ordered([row for task in TASKS if task.smoke for row in task.rows(task.smoke)], GROUPS)


def _smoke() -> int:
    rows = smoke_rows()
    contradicted = [row.name for row in rows if not row.plausible]
    verdicts = [None if row.ok is None else row.plausible for row in rows]
    sys.stdout.write(f"{printed(rows, verdicts)}{len(rows)} rows, {len(contradicted)} contradict their goal\n")
    return 1 if contradicted else 0


def _full() -> int:
    begun = time.monotonic()
    # One thread each, so that the processes do not wait for each other's.
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    rows = ordered(_measured(TASKS, PROCESSES) + _measured(TIMED, 1), GROUPS)
    _write(REPOSITORY / "build/bench/stats.json", to_json(rows))
    _write(REPOSITORY / "docs/error-rates.md", document(rows))
    sys.stdout.write(f"{printed(rows, [row.ok for row in rows])}{time.monotonic() - begun:.0f} s\n{summary(rows)}\n")
    return 0


def _measured(tasks: Sequence[Task], processes: int) -> list[Row]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        pending = [pool.submit(task.rows, task.full) for task in tasks]
        return [row for rows in pending for row in rows.result()]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


if __name__ == "__main__":
    sys.exit(main())
