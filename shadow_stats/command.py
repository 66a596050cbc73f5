"""`python -m shadow_stats compare`: two streams of profit and loss in, one report out."""

import argparse
import importlib.util
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from shadow_stats.design import FEWEST_SAMPLES, Dependence, Design, Guarantee, Sides
from shadow_stats.report.comparison import Comparison, Terms, compare
from shadow_stats.report.input_error import InputError
from shadow_stats.report.pairing import Source, read_pair, refuse_left_out
from shadow_stats.report.plain_json import plain_json
from shadow_stats.report.text import text

# The error rates are measured with this many; more cost time and hardly bring a verdict forward.
_LOOKS = 1000


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message[:1].upper()}{message[1:]}; --help has what is accepted.")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 for any report, 2 for what is refused, with one sentence on stderr.

    Args:
        argv: the arguments after the program's name; those of the process if None.

    """
    try:
        report = _run(_parser().parse_args(argv))
    except InputError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(report)
    return 0


def _run(arguments: argparse.Namespace) -> str:
    if arguments.plot is not None:
        _check_plot(arguments.plot)
    rows = read_pair(*_sources(arguments), arguments.time_column)
    if arguments.strict:
        refuse_left_out(rows)
    comparison = compare(rows, _terms(arguments, rows.champion.size))
    if arguments.plot is not None:
        _draw(comparison, arguments.plot)
    if arguments.json:
        return json.dumps(plain_json(comparison), indent=2, allow_nan=False) + "\n"
    return text(comparison)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m shadow_stats", description="Statistics for comparing models on live results.")
    commands = parser.add_subparsers(required=True, metavar="compare")
    command = commands.add_parser(
        "compare",
        help="compare the profit and loss of two models",
        description="Compare the profit and loss of a challenger with a champion's, as if it had been watched live.",
    )
    _add_data(command)
    _add_design(command)
    _add_output(command)
    return parser


def _add_data(command: argparse.ArgumentParser) -> None:
    data = command.add_argument_group("data")
    data.add_argument("champion", help="CSV file of the model that is in place, or of both (with --columns)")
    data.add_argument("challenger", nargs="?", help="CSV file of the model that wants its place")
    columns = data.add_mutually_exclusive_group()
    columns.add_argument("--column", default="pnl", help="column of profit and loss in both files (default: pnl)")
    columns.add_argument("--columns", metavar="CHAMPION,CHALLENGER", help="columns of profit and loss of the two")
    data.add_argument(
        "--time-column",
        metavar="NAME",
        help="join by equal times in this column, Unix seconds or ISO 8601; '' pairs row by row "
        "(default: timestamp where a file has such a column, otherwise row by row)",
    )
    data.add_argument("--strict", action="store_true", help="refuse times that are in one file only")


def _add_design(command: argparse.ArgumentParser) -> None:
    design = command.add_argument_group("design, to be chosen before the data are seen")
    design.add_argument("--alpha", type=float, default=0.05, help="probability of any wrong verdict (default: 0.05)")
    design.add_argument(
        "--planned-samples",
        type=int,
        metavar="N",
        help="rows at which a verdict is expected (default: those there are)",
    )
    design.add_argument("--sides", choices=[side.value for side in Sides], default=Sides.TWO_SIDED.value)
    design.add_argument("--margin", type=float, default=0.0, metavar="X", help="mean difference that does not matter")
    design.add_argument(
        "--minimum-effect", type=float, default=0.0, metavar="X", help="mean gain that does not count as better"
    )
    design.add_argument("--guarantee", choices=_words(Guarantee), default="asymptotic")
    design.add_argument("--bound", type=float, metavar="X", help="largest size of one difference; for bounded")
    design.add_argument("--dependence", choices=_words(Dependence), default="short")
    design.add_argument("--session-samples", type=_count, metavar="N", help="rows of one session; for regimes")


def _add_output(command: argparse.ArgumentParser) -> None:
    output = command.add_argument_group("report")
    output.add_argument(
        "--look-every", type=_count, metavar="N", help=f"rows between looks (default: as few as give {_LOOKS:,} looks)"
    )
    output.add_argument(
        "--capital", type=_amount, metavar="X", help="equity before the first row, for drawdowns in percent"
    )
    output.add_argument("--seed", type=_seed, default=1, metavar="N", help="of what is resampled (default: 1)")
    output.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    output.add_argument("--plot", metavar="FILE.png", help="draw equity, difference and confidence sequence")


def _words(terms: type[Guarantee | Dependence]) -> list[str]:
    return [term.value.lower() for term in terms]


def _count(word: str) -> int:
    return _whole(word, 1)


def _seed(word: str) -> int:
    return _whole(word, 0)


def _whole(word: str, least: int) -> int:
    if not (word.isascii() and word.isdecimal() and int(word) >= least):
        raise argparse.ArgumentTypeError(f"{word} must be a whole number of at least {least}")
    return int(word)


def _amount(word: str) -> float:
    amount = float(word)
    if not (math.isfinite(amount) and amount > 0.0):
        raise argparse.ArgumentTypeError(f"{word} must be a positive finite number")
    return amount


def _sources(arguments: argparse.Namespace) -> tuple[Source, Source]:
    if arguments.columns is None:
        if arguments.challenger is None:
            raise InputError(
                f"There is one file, {arguments.champion}: give the challenger's file too, or the two columns of this "
                "one as --columns CHAMPION,CHALLENGER."
            )
        columns = [arguments.column, arguments.column]
    else:
        columns = arguments.columns.split(",")
        if len(columns) != 2:
            raise InputError(f"--columns is {arguments.columns!r}: it must be two names, as in champion,challenger.")
    challenger = arguments.champion if arguments.challenger is None else arguments.challenger
    return Source(arguments.champion, columns[0]), Source(challenger, columns[1])


def _terms(arguments: argparse.Namespace, rows: int) -> Terms:
    planned: int | None = arguments.planned_samples
    every = math.ceil(rows / _LOOKS) if arguments.look_every is None else arguments.look_every
    return Terms(
        design=_design(arguments, max(rows, FEWEST_SAMPLES) if planned is None else planned, every),
        plan_given=planned is not None,
        capital=arguments.capital,
        seed=arguments.seed,
    )


def _design(arguments: argparse.Namespace, planned_samples: int, look_every: int) -> Design:
    dependence = Dependence(arguments.dependence.capitalize())
    if (dependence is Dependence.REGIMES) != (arguments.session_samples is not None):
        raise InputError("--dependence regimes and --session-samples belong together: give both or neither.")
    try:
        return Design(
            alpha=arguments.alpha,
            planned_samples=planned_samples,
            guarantee=Guarantee(arguments.guarantee.capitalize()),
            margin=arguments.margin,
            minimum_effect=arguments.minimum_effect,
            sides=Sides(arguments.sides),
            dependence=dependence,
            bound=arguments.bound,
            session_samples=arguments.session_samples or 1,
            look_every=look_every,
        )
    except ValueError as error:
        raise InputError(str(error)) from error


def _check_plot(file: str) -> None:
    if importlib.util.find_spec("matplotlib") is None:
        raise InputError("--plot needs matplotlib: pip install shadow-operator[plot].")
    if Path(file).suffix.lower() != ".png":
        raise InputError(f"--plot is {file}: it must end in .png.")


def _draw(comparison: Comparison, file: str) -> None:
    # matplotlib is optional, so nothing else may import this module.
    from shadow_stats.report.plot import draw  # noqa: PLC0415

    try:
        draw(comparison, file)
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}.") from error
