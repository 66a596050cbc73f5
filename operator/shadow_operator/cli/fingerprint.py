"""`shadow-operator fingerprint PATH`: prints the fingerprint of a dataset, or checks that it is the expected one."""

import argparse
import sys
from pathlib import Path
from typing import Any

from shadow_operator.api.dataset import report
from shadow_operator.dataset import DatasetError, Format, fingerprint, format_of

EXIT_MISMATCHED = 1
EXIT_UNREADABLE = 2


def add_to(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("fingerprint", help="print the fingerprint of a dataset, or check it")
    parser.add_argument("path", type=Path, help="a directory or a file")
    parser.add_argument("--without-times", action="store_true", help="modification times don't count")
    parser.add_argument("--expect", metavar="FINGERPRINT", help="compare with this one, by its own format")
    parser.add_argument("--allow-mismatch", action="store_true", help="say a mismatch, and end well all the same")
    parser.add_argument("--message-to", type=Path, metavar="FILE", help="where the sentence is written as well")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print or check, and return the exit code."""
    try:
        if arguments.expect is None:
            form = Format.V1_TIMELESS if arguments.without_times else Format.V1
            sys.stdout.write(f"{fingerprint(arguments.path, form)}\n")
            return 0
        found = fingerprint(arguments.path, format_of(arguments.expect))
    except (DatasetError, ValueError) as error:
        _say(str(error), arguments.message_to)
        return EXIT_UNREADABLE
    _say(report(str(arguments.path), found, arguments.expect), arguments.message_to)
    return 0 if found == arguments.expect or arguments.allow_mismatch else EXIT_MISMATCHED


def _say(sentence: str, also_to: Path | None) -> None:
    sys.stderr.write(f"{sentence}\n")
    if also_to is not None:
        also_to.write_text(sentence, encoding="utf-8")
