"""The bench of the rollback, as far as it needs no cluster."""

from pathlib import Path

import pytest
import yaml

from bench.rollback.breaches import Breach
from bench.rollback.document import document, printed, summary
from bench.rollback.peer import Description
from bench.rollback.pods.figures import EDGE, LOST, Figures
from bench.rollback.runs import GROUPS, REACTION
from bench.row import Goal, Row
from examples.demo.player.failure import DemoError

_PEERS = Path(__file__).resolve().parents[3] / "bench" / "rollback" / "peers"


def series(figures: Figures) -> dict[str, float]:
    lines = (line.rsplit(" ", 1) for line in figures.lines())
    return {name: float(value) for name, value in lines}


def test_a_break_is_told_by_the_contract_and_by_a_figure_of_its_own_in_one_scrape() -> None:
    figures = Figures()
    figures.race(["lane-00"], "new", ["old"])
    before = series(figures)
    figures.break_(["lane-00"])
    after = series(figures)
    loss = 'model_loss_total{namespace="bench",rollout="lane-00",model="new"}'
    assert after[loss] - before[loss] >= LOST
    assert (before['bench_broken{lane="lane-00"}'], after['bench_broken{lane="lane-00"}']) == (0.0, 1.0)
    assert figures.seen()["lane-00"]["visibleAt"] is None, "nobody asked Prometheus yet"


def test_after_a_promotion_the_next_challenger_is_the_better_one_and_the_champions_counters_go_on() -> None:
    figures = Figures()
    figures.race(["lane-00"], "model-1", ["model-0"])
    champion = figures.lanes["lane-00"].models["model-1"]
    figures.race(["lane-00"], "model-2", ["model-1"])
    models = figures.lanes["lane-00"].models
    assert models["model-1"] is champion
    assert {name: model.edge for name, model in models.items()} == {"model-1": 0.0, "model-2": EDGE}


def test_a_breach_counts_from_the_question_that_was_answered_with_it() -> None:
    assert Breach("lane-00", at=10.0, visible_at=10.6, last_at=11.0).seconds == pytest.approx(0.4)


def test_the_page_has_a_row_for_each_figure_and_names_those_that_miss() -> None:
    rows = [
        Row(REACTION, "worst", 1.31, "s", Goal(high=1.3), 60),
        Row(REACTION, "median", 0.5, "s", Goal(high=0.6), 60),
    ]
    assert summary(rows) == "2 rows, 1 miss their goal: worst"
    assert "| worst | 1.31 s | at most 1.3 | **missed** | 60 |" in document(rows, GROUPS)
    assert "MISSED" in printed(rows)


@pytest.mark.parametrize("directory", sorted(path.name for path in _PEERS.iterdir() if path.is_dir()))
def test_each_controller_is_described_and_its_manifests_can_be_read(directory: str) -> None:
    assert Description.read(_PEERS / directory).title
    for name in ("lane.yaml", "begin.yaml"):
        text = (_PEERS / directory / name).read_text()
        assert "LANE" in text
        assert all(document["metadata"]["namespace"] == "bench" for document in yaml.safe_load_all(text))


def test_a_directory_that_describes_no_controller_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match=r"describes no controller .* see bench/rollback/peers/README.md"):
        Description.read(tmp_path)
