"""Which row of the champion belongs to which row of the challenger."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from shadow_stats.report.csv_table import CsvTable, Times, Values
from shadow_stats.report.input_error import InputError
from shadow_stats.timeline import paired

USUAL_TIME_COLUMN = "timestamp"


def _nothing() -> Values:
    return np.empty(0)


@dataclass(frozen=True, slots=True)
class Source:
    """Where the results of one model stand."""

    file: str
    column: str


@dataclass(frozen=True, slots=True, eq=False)
class PairedRows:
    """Two streams of profit and loss over the same rows.

    Attributes:
        champion_source: where the champion's stand.
        challenger_source: where the challenger's stand.
        champion: shape (n,), n at least 1.
        challenger: shape (n,).
        time_column: what they were joined by; None where row stands beside row.
        times: of each row, shape (n,); None without a time column.
        only_champion: times whose rows were left out because the challenger has none there.
        only_challenger: times whose rows were left out because the champion has none there.

    """

    champion_source: Source
    challenger_source: Source
    champion: Values
    challenger: Values
    time_column: str | None = None
    times: Times | None = None
    only_champion: Values = field(default_factory=_nothing)
    only_challenger: Values = field(default_factory=_nothing)


class _Stream(NamedTuple):
    source: Source
    values: Values
    times: Times | None


def read_pair(champion: Source, challenger: Source, time_column: str | None = None) -> PairedRows:
    """Read both streams and pair them; both may stand in one file.

    Args:
        champion: where its results stand.
        challenger: where its results stand.
        time_column: rows with equal times in this column are paired. Empty to pair row by row; None to do so unless
            a file has a column `timestamp`.

    Raises:
        InputError: a file, a column or a cell cannot be used, or the files do not belong together.

    """
    tables = {file: CsvTable.read(file) for file in dict.fromkeys((champion.file, challenger.file))}
    if time_column is None and any(USUAL_TIME_COLUMN in table.header for table in tables.values()):
        time_column = USUAL_TIME_COLUMN
    first, second = (_stream(tables[source.file], source, time_column) for source in (champion, challenger))
    if first.times is None or second.times is None:
        return _row_by_row(first, second)
    return _joined(first, first.times, second, second.times, time_column)


def _stream(table: CsvTable, source: Source, time_column: str | None) -> _Stream:
    times = table.times(time_column) if time_column else None
    return _Stream(source, table.numbers(source.column), times)


def _row_by_row(first: _Stream, second: _Stream) -> PairedRows:
    if first.values.size != second.values.size:
        shorter, longer = sorted((first, second), key=lambda stream: stream.values.size)
        raise InputError(
            f"{shorter.source.file} ends after row {shorter.values.size} and {longer.source.file} after row "
            f"{longer.values.size}: without a time column (--time-column) they are paired row by row and must be "
            "equally long."
        )
    return PairedRows(first.source, second.source, first.values, second.values)


def _joined(first: _Stream, times1: Times, second: _Stream, times2: Times, time_column: str | None) -> PairedRows:
    files = f"{time_column} of {second.source.file} is {times2.clock} and of {first.source.file} {times1.clock}"
    if times1.clock is not times2.clock:
        raise InputError(f"{files}: both must be written in the same way.")
    joined = paired(times2.seconds, second.values, times1.seconds, first.values)
    if joined.times.size == 0:
        ours, theirs = (times.clock.text(times.seconds[0]) for times in (times1, times2))
        raise InputError(
            f"{first.source.file} (from {ours}) and {second.source.file} (from {theirs}) have no {time_column} in "
            "common: rows of equal times are paired."
        )
    return PairedRows(
        champion_source=first.source,
        challenger_source=second.source,
        champion=joined.champion,
        challenger=joined.challenger,
        time_column=time_column,
        times=Times(times1.clock, joined.times.astype(np.float64)),
        only_champion=joined.only_champion.astype(np.float64),
        only_challenger=joined.only_challenger.astype(np.float64),
    )


def refuse_left_out(rows: PairedRows) -> None:
    """Refuse rows that have no partner.

    Raises:
        InputError: a row was left out.

    """
    sources = rows.champion_source.file, rows.challenger_source.file
    for left_out, (file, other) in zip(
        (rows.only_champion, rows.only_challenger), (sources, sources[::-1]), strict=True
    ):
        if rows.times is not None and left_out.size:
            raise InputError(
                f"{file} has {left_out.size} rows at times that {other} lacks, the first with {rows.time_column} "
                f"{rows.times.clock.text(left_out[0])}: with --strict every time must be in both."
            )
