"""Adds up what several runs of pytest found: `python3 hack/tally.py build/test/*.xml`, their JUnit reports."""

import sys
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path


def tally(reports: Sequence[Path]) -> str:
    """Give one line for all of them."""
    total = {"tests": 0.0, "failures": 0.0, "errors": 0.0, "skipped": 0.0, "time": 0.0}
    for report in reports:
        for suite in ET.parse(report).getroot().iter("testsuite"):  # noqa: S314 - pytest wrote it a moment ago
            for name in total:
                total[name] += float(suite.get(name, "0"))
    failed = total["failures"] + total["errors"]
    passed = total["tests"] - failed - total["skipped"]
    return f"{passed:.0f} passed, {failed:.0f} failed, {total['skipped']:.0f} skipped in {total['time']:.0f} s"


if __name__ == "__main__":
    print(f"total of {len(sys.argv) - 1} runs: {tally([Path(name) for name in sys.argv[1:]])}")
