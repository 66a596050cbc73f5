"""docs/shadow-stats.md says what the command and the library do."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from shadow_stats.command import main

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "shadow-stats.md").read_text()
FILES = ("champion.csv", "challenger.csv")


@pytest.fixture(autouse=True)
def _in_the_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "examples" / "compare")


def block(kind: str) -> str:
    (found,) = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, flags=re.DOTALL | re.MULTILINE)
    return str(found)


def test_the_report_on_the_page_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    (shown,) = re.findall(r"a test compares it -->\n```\n(.*?)```", PAGE, flags=re.DOTALL)
    assert main(["compare", *FILES, "--planned-samples", "1500"]) == 0
    assert capsys.readouterr().out == shown, "paste what the command prints into docs/shadow-stats.md"


def test_the_program_on_the_page_runs_and_agrees_with_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    done = subprocess.run([sys.executable, "-c", block("python")], capture_output=True, text=True, check=True)
    assert main(["compare", *FILES, "--planned-samples", "1500", "--look-every", "1", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    pairing = report["pairing"]
    assert done.stdout.startswith(
        f"left out: {pairing['only_challenger']} and {pairing['only_champion']} rows\n"
        f"{report['verdict']} {report['verdict_row']} ConfidenceInterval("
    )


def test_every_key_of_the_json_is_on_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *FILES, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    keys = {*report, *report["champion"], *report["pairing"], *report["always_valid"], *report["one_look_only"]}
    keys |= set(report["one_look_only"]["welch"])
    assert {key for key in keys if f"`{key}`" not in PAGE} == set()


def test_every_option_is_on_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["compare", "--help"])
    options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) - {"--help"}
    assert {option for option in options if option not in PAGE} == set()
