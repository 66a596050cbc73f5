import json
import math
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shadow_stats.bounded_mean import BoundedMean
from shadow_stats.command import main
from shadow_stats.design import Dependence, Design, Guarantee, Sides
from shadow_stats.drawdown import Drawdown
from shadow_stats.drawdown_report import drawdown_test
from shadow_stats.fixed_sample import MeanReport
from shadow_stats.mean import PairedMean
from shadow_stats.paired_report import paired_mean_report
from shadow_stats.paired_sign import PairedSign
from shadow_stats.sharpe import SharpeDifference
from shadow_stats.sharpe_confidence import SharpeMoments, probabilistic_sharpe
from shadow_stats.sharpe_report import SharpeReport, ledoit_wolf_hac
from shadow_stats.unpaired_report import welch

Series = NDArray[np.float64]
Report = MeanReport | SharpeReport
Write = Callable[..., None]
ROOT = Path(__file__).resolve().parents[3]
GOOD = "timestamp,pnl\n10,1.5\n20,-0.5\n30,2\n"
ROWS = 240


@pytest.fixture(autouse=True)
def _in_an_empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def series(gain: float = 0.3, rows: int = ROWS) -> tuple[Series, Series]:
    rng = np.random.default_rng(4)
    champion = rng.normal(size=rows)
    return champion, champion + rng.normal(size=rows) + gain


def csv_of(**columns: Any) -> str:
    lines = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    return "\n".join(lines) + "\n"


def write_both(gain: float = 0.3, rows: int = ROWS) -> tuple[Series, Series]:
    champion, challenger = series(gain, rows)
    Path("a.csv").write_text(csv_of(pnl=champion))
    Path("b.csv").write_text(csv_of(pnl=challenger))
    return champion, challenger


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The sentence with which the command refuses; nothing else is printed."""
    assert main(["compare", *arguments]) == 2
    out, sentence = capsys.readouterr()
    assert out == ""
    assert sentence.count("\n") == 1
    assert sentence.endswith(".\n")
    return sentence


def report(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["compare", *arguments]) == 0
    out, complaint = capsys.readouterr()
    assert complaint == ""
    return out


def json_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    def refuse(literal: str) -> None:
        raise AssertionError(f"{literal} is not JSON")

    found: dict[str, Any] = json.loads(report(capsys, *arguments, "--json"), parse_constant=refuse)
    return found


@pytest.mark.parametrize(
    ("challenger", "sentence"),
    [
        ("", "b.csv line 1 is missing: the names of columns are expected."),
        ("timestamp,pnl\n", "b.csv line 2 is missing: a row for each sample is expected below the header."),
        ("timestamp,profit\n10,1\n", "b.csv line 1 has no columns named 'pnl': it must have one; it has 'timestamp', "),
        ("timestamp,pnl,pnl\n10,1,2\n", "b.csv line 1 has 2 columns named 'pnl': it must have one"),
        ("time,pnl\n10,1\n", "b.csv line 1 has no columns named 'timestamp': it must have one; it has 'time', 'pnl'."),
        ("timestamp,pnl\n10,1\n20,x\n", "b.csv line 3: pnl is 'x': it must be a finite number"),
        ("timestamp,pnl\n10,1\n20,\n", "b.csv line 3: pnl is '': it must be a finite number"),
        ("timestamp,pnl\n10,nan\n", "b.csv line 2: pnl is 'nan': it must be a finite number"),
        ("timestamp,pnl\n10,-inf\n", "b.csv line 2: pnl is '-inf': it must be a finite number"),
        ("timestamp,pnl\n10,1e61\n", "b.csv line 2: pnl is '1e61': it must be a finite number"),
        ("timestamp,pnl\n10,1,2\n", "b.csv line 2 has 3 cells: it must have 2, as the header has."),
        ("timestamp,pnl\n10,1\n\n20,2\n", "b.csv line 3 has 0 cells: it must have 2"),
        ('timestamp,pnl\n10,"1\n', "b.csv line 2 is not CSV: "),
        ("timestamp,pnl\n10,1\n10,2\n", "b.csv line 3: timestamp is '10', not after '10' in line 2: times must rise"),
        ("timestamp,pnl\n20,1\n10,2\n", "b.csv line 3: timestamp is '10', not after '20' in line 2: times must rise"),
        ("timestamp,pnl\n10,1\nnoon,2\n", "b.csv line 3: timestamp is 'noon': it must be Unix seconds, as in "),
        ("timestamp,pnl\n,1\n", "b.csv line 2: timestamp is '': it must be Unix seconds"),
        ("timestamp,pnl\nnan,1\n", "b.csv line 2: timestamp is 'nan': it must be Unix seconds"),
        ("timestamp,pnl\n1735732800000000000,1\n", "b.csv line 2: timestamp is '1735732800000000000': it must be Unix"),
        (
            "timestamp,pnl\n10,1\n2025-01-01T00:00Z,2\n",
            "b.csv line 3: timestamp is '2025-01-01T00:00Z', ISO 8601 with an offset: it must be a number, as in",
        ),
        (
            "timestamp,pnl\n2025-01-01T00:00,1\n",
            "timestamp of b.csv is ISO 8601 without an offset and of a.csv a number: both must be written in the same",
        ),
        ("timestamp,pnl\n11,1\n", "a.csv (from 10) and b.csv (from 11) have no timestamp in common"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(
    challenger: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("a.csv").write_text(GOOD)
    Path("b.csv").write_text(challenger)
    assert refusal(capsys, "a.csv", "b.csv").startswith(sentence)


def test_the_champions_file_is_named_where_it_is_at_fault(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.csv").write_text("pnl\n1\nx\n")
    Path("b.csv").write_text("pnl\n1\n2\n")
    assert refusal(capsys, "a.csv", "b.csv").startswith("a.csv line 3: pnl is 'x'")


def test_a_file_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert refusal(capsys, "a.csv", "b.csv").startswith("a.csv cannot be read: No such file or directory")


def test_a_directory_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert refusal(capsys, ".", "b.csv").startswith(". cannot be read: Is a directory")


def test_a_file_in_another_encoding_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.csv").write_bytes("pnl,venue\n1,Paris\n2,Zürich\n".encode("latin-1"))
    assert refusal(capsys, "a.csv", "a.csv") == ("a.csv line 3 is not text in UTF-8: save the file as CSV in UTF-8.\n")


def test_files_of_unequal_length_are_not_paired_row_by_row(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.csv").write_text("pnl\n1\n2\n3\n")
    Path("b.csv").write_text("pnl\n1\n2\n")
    assert refusal(capsys, "a.csv", "b.csv") == (
        "b.csv ends after row 2 and a.csv after row 3: without a time column (--time-column) they are paired row by "
        "row and must be equally long.\n"
    )


@pytest.mark.parametrize("files", [("a.csv", "b.csv"), ("b.csv", "a.csv")])
def test_strict_accepts_only_times_that_are_in_both(files: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.csv").write_text(GOOD)
    Path("b.csv").write_text("timestamp,pnl\n10,1\n20,1\n")
    assert report(capsys, *files)
    assert refusal(capsys, *files, "--strict") == (
        "a.csv has 1 rows at times that b.csv lacks, the first with timestamp 30: with --strict every time must be in "
        "both.\n"
    )


def test_strict_accepts_files_that_agree(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.csv").write_text(GOOD)
    assert report(capsys, "a.csv", "a.csv", "--strict")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--alpha", "0.7"], "alpha is 0.7: it must lie above 0 and below 0.5."),
        (["--alpha", "x"], "Argument --alpha: invalid float value: 'x'"),
        (["--planned-samples", "50"], "planned_samples is 50: it must be at least 100."),
        (["--planned-samples", "1e3"], "Argument --planned-samples: invalid int value: '1e3'"),
        (["--margin", "-1"], "margin is -1.0: it must be 0"),
        (["--minimum-effect", "nan"], "minimum_effect is nan: it must be 0 or a finite positive number."),
        (["--guarantee", "bounded"], "bound is None: guarantee Bounded needs the largest size of one difference"),
        (["--bound", "3"], "bound is 3.0: it belongs to guarantee Bounded only."),
        (["--guarantee", "bounded", "--bound", "0.01"], "paired row 1 has a difference of "),
        (["--dependence", "regimes"], "--dependence regimes and --session-samples belong together: give both"),
        (["--session-samples", "10"], "--dependence regimes and --session-samples belong together: give both"),
        (["--look-every", "0"], "Argument --look-every: 0 must be a whole number of at least 1"),
        (["--capital", "0"], "Argument --capital: 0 must be a positive finite number"),
        (["--capital", "inf"], "Argument --capital: inf must be a positive finite number"),
        (["--seed", "-1"], "Argument --seed: -1 must be a whole number of at least 0"),
        (["--sides", "less"], "Argument --sides: invalid choice: 'less'"),
        (["--columns", "a,b,c"], "--columns is 'a,b,c': it must be two names, as in champion,challenger."),
        (["--column", "a", "--columns", "a,b"], "Argument --columns: not allowed with argument --column"),
        (["--plot", "out.gif"], "--plot is out.gif: it must end in .png."),
        (["--plot", "nowhere/out.png"], "nowhere/out.png cannot be written: No such file or directory."),
        (["--colour"], "Unrecognized arguments: --colour"),
    ],
)
def test_a_term_that_cannot_be_used_is_refused(
    options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_both(rows=120)
    assert refusal(capsys, "a.csv", "b.csv", *options).startswith(sentence)


def test_one_file_needs_the_names_of_two_columns(capsys: pytest.CaptureFixture[str]) -> None:
    assert refusal(capsys, "a.csv").startswith("There is one file, a.csv: give the challenger's file too, or the two")


def test_the_command_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "required: compare" in capsys.readouterr().err


def test_without_matplotlib_a_plot_is_refused_and_the_rest_works(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_both(rows=120)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert refusal(capsys, "a.csv", "b.csv", "--plot", "out.png") == (
        "--plot needs matplotlib: pip install shadow-operator[plot].\n"
    )
    assert report(capsys, "a.csv", "b.csv")


def test_the_figures_are_those_of_the_library(capsys: pytest.CaptureFixture[str]) -> None:
    champion, challenger = write_both()
    found = json_of(capsys, "a.csv", "b.csv", "--planned-samples", "200", "--alpha", "0.1", "--look-every", "7")
    design = Design(0.1, 200, look_every=7)
    mean, sharpe, wins = PairedMean(design), SharpeDifference(design), PairedSign(design)
    ends = range(ROWS % 7, ROWS + 1, 7)
    for begin, end in pairwise((0, *ends)):
        batch = slice(begin, end)
        mean.update(challenger[batch] - champion[batch])
        sharpe.update(challenger[batch], champion[batch])
        wins.update((challenger[batch] > 0).astype(float) - (champion[batch] > 0))
    for name, result in {"mean": mean.result(), "sharpe": sharpe.result(), "win_rate": wins.result()}.items():
        shown = found["always_valid"][name]
        for field in ("effect", "low", "high", "pvalue", "log_e_value", "samples", "samples_needed", "verdict"):
            assert shown[field] == getattr(result, field), (name, field)
    assert found["design"] == {**design.to_json(), "planned_samples_given": True}
    assert found["looks"] == math.ceil(ROWS / 7)


def test_under_a_bound_the_mean_rests_on_that_alone(capsys: pytest.CaptureFixture[str]) -> None:
    champion, challenger = write_both()
    options = ["--guarantee", "bounded", "--bound", "10", "--margin", "0.1", "--look-every", "240"]
    design = Design(0.05, ROWS, Guarantee.BOUNDED, bound=10.0, margin=0.1, look_every=240)
    bounded = BoundedMean(design)
    bounded.update(challenger - champion)
    found = json_of(capsys, "a.csv", "b.csv", *options)
    assert found["design"] == {**design.to_json(), "planned_samples_given": False}
    assert found["always_valid"]["mean"]["low"] == bounded.result().low
    assert found["always_valid"]["sharpe"] == json_of(capsys, "a.csv", "b.csv", *options[-2:])["always_valid"]["sharpe"]
    assert "The bound vouches for the mean alone" in report(capsys, "a.csv", "b.csv", *options)


def test_sessions_and_sides_reach_the_comparison(capsys: pytest.CaptureFixture[str]) -> None:
    champion, challenger = write_both()
    options = ["--dependence", "regimes", "--session-samples", "4", "--sides", "greater", "--minimum-effect", "0.05"]
    design = Design(
        0.05, ROWS, dependence=Dependence.REGIMES, session_samples=4, sides=Sides.GREATER, minimum_effect=0.05
    )
    expected = PairedMean(design)
    for difference in challenger - champion:
        expected.update([difference])
    shown = json_of(capsys, "a.csv", "b.csv", *options)["always_valid"]["mean"]
    assert (shown["pvalue"], shown["low"], shown["high"]) == (expected.result().pvalue, expected.result().low, None)


def test_the_figures_for_one_look_are_those_of_the_library(capsys: pytest.CaptureFixture[str]) -> None:
    champion, challenger = write_both()
    found = json_of(capsys, "a.csv", "b.csv", "--seed", "3")
    tests = found["one_look_only"]
    expected: dict[str, Report] = {
        "welch": welch(challenger, champion),
        "paired_mean": paired_mean_report(challenger, champion),
        "ledoit_wolf": ledoit_wolf_hac(challenger, champion, prewhiten=True),
    }
    for name, test in expected.items():
        low, high = test.confidence_interval(0.95)
        figures = {"effect": test.effect, "low": low, "high": high, "pvalue": test.pvalue, "missing": None}
        assert tests[name] == figures
    drawdown = drawdown_test(challenger, champion, contrast="ratio", rng=3)
    assert tests["drawdown_permutation"]["pvalue"] == drawdown.pvalue
    assert found["drawdown_ratio"] == tests["drawdown_permutation"]["effect"] == drawdown.statistic
    assert found["champion"]["probabilistic_sharpe"] == probabilistic_sharpe(SharpeMoments.of(champion))


def test_with_a_capital_drawdowns_are_shares_of_the_equity(capsys: pytest.CaptureFixture[str]) -> None:
    champion, challenger = write_both()
    found = json_of(capsys, "a.csv", "b.csv", "--capital", "500")
    shares = []
    for pnl in (champion, challenger):
        drawdown = Drawdown(500.0)
        drawdown.update(pnl)
        shares.append(drawdown.maximum)
    assert [found[model]["maximum_drawdown"] for model in ("champion", "challenger")] == shares
    assert found["drawdown_ratio"] == shares[1] / shares[0]


def test_the_same_files_give_the_same_figures_and_another_seed_other_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_both()
    first, again, other = (json_of(capsys, "a.csv", "b.csv", "--seed", seed) for seed in ("1", "1", "2"))
    assert first == again
    assert first["always_valid"] == other["always_valid"]
    assert first["one_look_only"]["bootstrap_mean"] != other["one_look_only"]["bootstrap_mean"]


def test_one_file_may_hold_both_models(capsys: pytest.CaptureFixture[str]) -> None:
    champion, challenger = write_both()
    Path("both.csv").write_text(csv_of(old=champion, new=challenger))
    together = json_of(capsys, "both.csv", "--columns", "old,new")
    apart = json_of(capsys, "a.csv", "b.csv")
    assert together["always_valid"] == apart["always_valid"]
    assert (together["champion"]["file"], together["champion"]["column"]) == ("both.csv", "old")
    assert (together["challenger"]["file"], together["challenger"]["column"]) == ("both.csv", "new")


def test_two_files_may_name_their_columns_differently(capsys: pytest.CaptureFixture[str]) -> None:
    champion, challenger = series()
    Path("a.csv").write_text(csv_of(old=champion))
    Path("b.csv").write_text(csv_of(new=challenger))
    assert json_of(capsys, "a.csv", "b.csv", "--columns", "old,new")["always_valid"]["mean"]["samples"] == ROWS


def test_rows_are_joined_by_time_and_what_is_left_out_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    champion, challenger = series()
    times = np.arange(ROWS)
    kept = np.delete(times, [5, 17])
    Path("a.csv").write_text(csv_of(timestamp=times, pnl=champion))
    Path("b.csv").write_text(csv_of(timestamp=kept + 0.0, pnl=challenger[kept]))
    found = json_of(capsys, "a.csv", "b.csv")
    assert found["pairing"] == {
        "time_column": "timestamp",
        "rows": ROWS - 2,
        "only_champion": 2,
        "only_challenger": 0,
        "first": "0",
        "last": str(ROWS - 1),
    }
    expected = PairedMean(Design(0.05, ROWS - 2))
    expected.update((challenger - champion)[kept])
    assert found["always_valid"]["mean"]["effect"] == expected.result().effect
    assert "238 rows in both; left out: 2 only of the champion, 0 only of" in report(capsys, "a.csv", "b.csv")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2026-01-05T10:00:00Z", "2026-01-05T11:00:00+01:00"),
        ("2026-01-05T10:00", "2026-01-05 10:00:00.000"),
        ("2026-01-05", "2026-01-05T00:00:00"),
        ("1767607200", "1767607200.0"),
    ],
)
def test_one_moment_may_be_written_in_two_ways(first: str, second: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.csv").write_text(f"when,pnl\n{first},1\n")
    Path("b.csv").write_text(f"when,pnl\n{second},1\n")
    assert json_of(capsys, "a.csv", "b.csv", "--time-column", "when")["pairing"]["rows"] == 1


def test_a_column_of_times_is_not_used_where_row_by_row_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.csv").write_text(GOOD)
    Path("b.csv").write_text("timestamp,pnl\n11,1\n21,1\n31,2\n")
    assert json_of(capsys, "a.csv", "b.csv", "--time-column", "")["pairing"]["time_column"] is None


def test_a_file_from_a_spreadsheet_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.csv").write_bytes('\ufeff"pnl", note\r\n"1.5", "a, b"\r\n-2,\r\n\r\n'.encode())
    assert json_of(capsys, "a.csv", "a.csv")["champion"]["total_pnl"] == -0.5


def test_too_few_rows_for_a_figure_leave_it_out_and_say_why(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.csv").write_text("pnl\n1\n2\n")
    found = json_of(capsys, "a.csv", "a.csv")
    assert found["verdict"] == "Inconclusive"
    assert found["always_valid"]["mean"]["low"] is None
    assert found["champion"]["sharpe"] is None
    assert found["one_look_only"]["ledoit_wolf"]["missing"] == "there are 2 pairs: at least 10 are needed."
    assert "Sharpe: Ledoit-Wolf HAC: there are 2 pairs" in report(capsys, "a.csv", "a.csv")


ONES = np.tile([1.0, -1.0, -1.0], 40)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "challenger",
    [ONES, -ONES, 2.0 * ONES, np.zeros(120), np.ones(120), 1e-300 * ONES, 1e59 * ONES],
    ids=["equal", "opposite", "double", "idle", "constant", "tiny", "huge"],
)
def test_odd_series_give_figures_or_a_reason_and_no_noise(
    challenger: Series, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("both.csv").write_text(csv_of(a=ONES, b=challenger))
    tests = json_of(capsys, "both.csv", "--columns", "a,b", "--look-every", "20")["one_look_only"]
    assert tests.pop("bootstrap_mean")["pvalue"] is None
    for name, test in tests.items():
        assert (test["pvalue"] is None) == (test["missing"] is not None), name


def test_the_table_names_the_models_the_terms_and_what_is_valid_once(capsys: pytest.CaptureFixture[str]) -> None:
    write_both()
    lines = report(capsys, "a.csv", "b.csv").splitlines()
    assert lines[0] == "champion    a.csv, column pnl"
    assert lines[1] == "challenger  b.csv, column pnl"
    assert any(line.startswith("planned     240 rows, by default; a design is one only if") for line in lines)
    always, once = (next(n for n, line in enumerate(lines) if line.startswith(f"Valid {of}")) for of in ("at", "for"))
    for name in ("mean PnL", "Sharpe", "win rate", "max drawdown"):
        assert any(line.startswith(f"{name}  ") for line in lines[always:once])
    assert all("Welch" not in line for line in lines[:once])
    assert lines[-1].startswith("The challenger is better, by 0.")


def test_a_plan_that_was_given_is_not_excused(capsys: pytest.CaptureFixture[str]) -> None:
    write_both()
    assert "planned     200 rows\n" in report(capsys, "a.csv", "b.csv", "--planned-samples", "200")


def test_a_plot_is_a_picture_of_these_data(capsys: pytest.CaptureFixture[str]) -> None:
    pictures = []
    for gain in (0.3, -0.3):
        write_both(gain)
        report(capsys, "a.csv", "b.csv", "--plot", "out.png")
        pictures.append(Path("out.png").read_bytes())
    assert all(picture.startswith(b"\x89PNG\r\n\x1a\n") and len(picture) > 30_000 for picture in pictures)
    assert pictures[0] != pictures[1]


def test_the_command_runs_as_a_module() -> None:
    write_both()
    command = [sys.executable, "-m", "shadow_stats", "compare", "a.csv", "b.csv"]
    done = subprocess.run([*command, "--json"], cwd=Path.cwd(), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["verdict"] == "Better"
    refused = subprocess.run([*command, "--strict=1"], capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stdout) == (2, "")


def test_the_example_is_what_its_script_writes_and_finds_the_better_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    example = ROOT / "examples" / "compare"
    script = tmp_path / "make_series.py"
    script.write_text((example / "make_series.py").read_text())
    subprocess.run([sys.executable, script], check=True)
    for name in ("champion.csv", "challenger.csv"):
        assert (tmp_path / name).read_bytes() == (example / name).read_bytes()
    assert json_of(capsys, "champion.csv", "challenger.csv")["verdict"] == "Better"
