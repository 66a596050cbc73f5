"""What a run of the chaos suite found: printed, and kept for the one line that both runs end with."""

import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.guarantees import Guarantees

KEPT = Path(__file__).resolve().parents[2] / "build" / "test" / "chaos"


@dataclass
class Told:
    """Sentences that are printed once all tests have run, the last one last."""

    sentences: list[str] = field(default_factory=list)

    def tell(self, where: str, seed: int, happened: Counter[str], guarantees: Guarantees) -> None:
        """Tell all of one run."""
        checked = guarantees.checked
        self.sentences += [f"{count:5} x {name}" for name, count in sorted((happened + checked).items())]
        self.sentences.append(f"{guarantees.unanswered:5} looks that the API server did not answer")
        self.sentences += guarantees.broken
        found = {
            "seed": seed,
            "faults": happened.total(),
            "checked": checked.total(),
            "broken": len(guarantees.broken),
        }
        self.sentences.append(line([found]))
        KEPT.mkdir(parents=True, exist_ok=True)
        (KEPT / f"{where}.json").write_text(json.dumps(found))


def line(runs: list[dict[str, int]]) -> str:
    """One line for all runs."""
    seeds = ", ".join(sorted({str(run["seed"]) for run in runs}))
    faults, checked, broken = (sum(run[name] for run in runs) for name in ("faults", "checked", "broken"))
    return f"seed {seeds}: {faults} faults, {checked} guarantees checked, broken: {broken}"


if __name__ == "__main__":
    sys.stdout.write(line([json.loads(path.read_text()) for path in sorted(KEPT.glob("*.json"))]) + "\n")
