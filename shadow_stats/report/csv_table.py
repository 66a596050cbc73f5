"""One CSV file, of which only finite numbers and rising times get out."""

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from shadow_stats.report.clock import Clock, read_time
from shadow_stats.report.input_error import InputError
from shadow_stats.series import LARGEST
from shadow_stats.timeline import out_of_order

Values = NDArray[np.float64]


class Line(NamedTuple):
    """The cells of one row and where it ends in the file, counted from 1."""

    number: int
    cells: list[str]


class Times(NamedTuple):
    """Rising times, in seconds; shape (n,)."""

    clock: Clock
    seconds: Values


@dataclass(frozen=True, slots=True)
class CsvTable:
    """The cells of a file.

    Attributes:
        file: its name, as the user gave it.
        header: the names of its columns.
        lines: its rows, at least one, each with as many cells as the header.

    """

    file: str
    header: list[str]
    lines: list[Line]

    @classmethod
    def read(cls, file: str) -> Self:
        """Read a file in UTF-8, separated by commas, with its header in the first line.

        Raises:
            InputError: it cannot be read, has no header or no row, or a row has not as many cells as the header.

        """
        found = _lines(file, _text(file))
        if len(found) < 2:
            wanted = (
                "a row for each sample is expected below the header" if found else "the names of columns are expected"
            )
            raise InputError(f"{file} line {len(found) + 1} is missing: {wanted}.")
        header, *lines = found
        for line in lines:
            if len(line.cells) != len(header.cells):
                raise InputError(
                    f"{file} line {line.number} has {len(line.cells)} cells: it must have {len(header.cells)}, "
                    "as the header has."
                )
        return cls(file, header.cells, lines)

    def numbers(self, column: str) -> Values:
        """Return a column of numbers; shape (n,).

        Raises:
            InputError: there is no such column, or a cell is not a finite number.

        """
        place = self._place(column)
        numbers = np.array([_number(line.cells[place]) for line in self.lines])
        usable = np.abs(numbers) <= LARGEST
        if not usable.all():
            line = self.lines[int(np.argmin(usable))]
            raise self._refused(line, column, repr(line.cells[place]), "it must be a finite number, as in -1.25")
        return numbers

    def times(self, column: str) -> Times:
        """Return a column of rising times, all written in one way.

        Raises:
            InputError: there is no such column, a cell is not a time, they are written in different ways, do not rise,
                or one occurs twice.

        """
        place = self._place(column)
        found = [self._time(line, column, place) for line in self.lines]
        clock = found[0][0]
        for line, (written, _) in zip(self.lines, found, strict=True):
            if written is not clock:
                wanted = f"it must be {clock}, as in line {self.lines[0].number}"
                raise self._refused(line, column, f"{line.cells[place]!r}, {written}", wanted)
        seconds = np.array([time for _, time in found])
        late = out_of_order(seconds)
        if late is not None:
            before, line = self.lines[late - 1], self.lines[late]
            after = f"{line.cells[place]!r}, not after {before.cells[place]!r} in line {before.number}"
            raise self._refused(line, column, after, "times must rise from row to row")
        return Times(clock, seconds)

    def _place(self, column: str) -> int:
        count = self.header.count(column)
        if count != 1:
            names = ", ".join(map(repr, self.header))
            raise InputError(
                f"{self.file} line 1 has {count or 'no'} columns named {column!r}: it must have one; it has {names}."
            )
        return self.header.index(column)

    def _time(self, line: Line, column: str, place: int) -> tuple[Clock, float]:
        found = read_time(line.cells[place])
        if found is None:
            wanted = "it must be Unix seconds, as in 1735732800, or ISO 8601, as in 2025-01-01T12:00:00+00:00"
            raise self._refused(line, column, repr(line.cells[place]), wanted)
        return found

    def _refused(self, line: Line, column: str, found: str, wanted: str) -> InputError:
        return InputError(f"{self.file} line {line.number}: {column} is {found}: {wanted}.")


def _text(file: str) -> str:
    try:
        content = Path(file).read_bytes()
        # Spreadsheets begin a file with a byte order mark.
        return content.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}; a CSV file is expected.") from error
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{file} line {number} is not text in UTF-8: save the file as CSV in UTF-8.") from error


def _lines(file: str, text: str) -> list[Line]:
    """Return the rows of a file without the empty lines at its end."""
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
    try:
        lines = [Line(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        raise InputError(
            f"{file} line {reader.line_num} is not CSV: {error}; commas and closed quotes are expected."
        ) from error
    while lines and not lines[-1].cells:
        lines.pop()
    return lines


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan
