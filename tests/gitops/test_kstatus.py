"""What Flux and Helm 4 wait for: kstatus itself, in Go, is asked about statuses that the code writes."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from shadow_operator.api.status import Phase
from tests.world.standings import BY_NAME, STANDINGS, Standing

_SOURCE = Path(__file__).resolve().parent / "kstatus"
_DOCS = Path(__file__).resolve().parents[2] / "docs" / "gitops.md"
# The first run downloads and compiles the libraries; Go keeps what it made.
pytestmark = pytest.mark.timeout(600)


def kstatus_program(directory: Path) -> Path:
    go = shutil.which("go")
    if go is None:
        pytest.fail("no `go` is on PATH, and kstatus is a Go library: install Go 1.26 or later")
    program = directory / "kstatus"
    built = subprocess.run(
        [go, "build", "-mod=readonly", "-buildvcs=false", "-trimpath", "-o", str(program), "."],
        cwd=_SOURCE,
        env=os.environ | {"CGO_ENABLED": "0", "GOWORK": "off"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return program


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, str]]:
    """What each library says of each standing."""
    objects = "\n".join(json.dumps(standing.stored()) for standing in STANDINGS)
    program = kstatus_program(tmp_path_factory.mktemp("kstatus"))
    ended = subprocess.run([str(program)], input=objects, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    answers = [json.loads(line) for line in ended.stdout.splitlines()]
    return dict(zip(BY_NAME, answers, strict=True))


@pytest.mark.parametrize("standing", STANDINGS, ids=lambda standing: standing.name)
def test_flux_and_helm_see_where_a_rollout_stands(standing: Standing, said: Mapping[str, Mapping[str, str]]) -> None:
    assert said[standing.name] == {"original": standing.kstatus, "flux": standing.kstatus}


@pytest.mark.parametrize("standing", STANDINGS, ids=lambda standing: standing.name)
def test_the_condition_ready_is_as_the_table_says(standing: Standing) -> None:
    conditions = standing.stored()["status"].get("conditions", [])
    found = {each["type"]: each["status"] for each in conditions}
    assert found.get("Ready") == standing.ready


def test_no_phase_is_left_out() -> None:
    reached = {standing.stored()["status"]["phase"] for standing in STANDINGS}
    assert reached == set(Phase)


def test_reconciling_and_stalled_are_never_true_together() -> None:
    """Kstatus takes the first that it finds, so that their order would decide."""
    for standing in STANDINGS:
        conditions = standing.stored()["status"].get("conditions", [])
        true = {each["type"] for each in conditions if each["status"] == "True"}
        assert not {"Reconciling", "Stalled"} <= true, standing.name


@pytest.mark.parametrize("standing", STANDINGS, ids=lambda standing: standing.name)
def test_the_page_says_the_same(standing: Standing) -> None:
    health = "" if standing.health is None else standing.health
    row = f"| {standing.words} | {standing.ready or ''} | {standing.kstatus} | {health} |"
    assert row in _DOCS.read_text()
