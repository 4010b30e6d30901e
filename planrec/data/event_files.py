"""Tables of events in DuckDB: which file, which columns, how dates are written. Nothing is held in memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import duckdb

from planrec.data.input_file import find_file
from planrec.errors import DataError
from planrec.schema.columns import MAX_USAGE
from planrec.wording import did_you_mean, shown

SUFFIXES = (".csv", ".parquet")
DateOrder = Literal["detect", "day_month", "month_day"]

ISO = r"\d{4}-\d{2}-\d{2}([ T].*)?"
YEAR_LAST = r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4})( .*)?"


@dataclass(frozen=True)
class Table:
    """One table of the folder, and the columns that are read; no other column is, names of people neither."""

    name: str
    columns: tuple[str, ...]
    date: str | None = None
    "Which of the columns holds a date."


@contextmanager
def database(memory_mib: int, threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory that spills into a folder of its own, gone at the end."""
    with TemporaryDirectory(prefix="planrec-") as folder:
        connection = duckdb.connect(
            config={
                "memory_limit": f"{memory_mib}MiB",
                "threads": threads,
                "temp_directory": folder,
                "preserve_insertion_order": False,
                # Never fetch anything: operators' networks are closed.
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
        )
        try:
            yield connection
        finally:
            connection.close()


def open_tables(connection: duckdb.DuckDBPyConnection, folder: str, tables: Sequence[Table]) -> Path:
    """Make a view of the needed columns of each table, under its name; the folder that they are in.

    Raises:
        DataError: every table that is not there, cannot be read or lacks a column.
    """
    place = _folder_of(folder, tables[0])
    problems = []
    for table in tables:
        files = [place / (table.name + suffix) for suffix in SUFFIXES]
        file = next((file for file in files if file.is_file()), None)
        if file is None:
            problems.append(f"no file {table.name}.csv or {table.name}.parquet")
        else:
            problems += _open(connection, file, table)
    if problems:
        raise DataError(f"{place} does not hold the tables of events", problems)
    return place


def _folder_of(folder: str, table: Table) -> Path:
    try:
        return find_file(f"{folder}/{table.name}.parquet").parent
    except DataError:
        return find_file(f"{folder}/{table.name}.csv").parent


def _open(connection: duckdb.DuckDBPyConnection, file: Path, table: Table) -> list[str]:
    path = str(file).replace("'", "''")
    # As text: a cell that is no number must be shown as it stands, not stop the reader.
    csv = f"read_csv('{path}', all_varchar=true, header=true, delim=',', quote='\"')"
    source = f"read_parquet('{path}')" if file.suffix == ".parquet" else csv
    try:
        found = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
        missing = [name for name in table.columns if name not in found]
        if not missing:
            columns = ", ".join(table.columns)
            connection.execute(f"CREATE VIEW {table.name} AS SELECT {columns} FROM {source}")
    except duckdb.Error as error:
        return [f"{file.name} cannot be read: {str(error).splitlines()[0]}"]
    return [
        f"{file.name}: no column {name!r}{did_you_mean(name, found)}; it has {shown(found, most=20)}"
        for name in missing
    ]


@dataclass(frozen=True)
class Cells:
    """SQL expressions over the columns of one table."""

    types: dict[str, str]

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection, table: Table) -> "Cells":
        """The expressions that fit the types in which a table's columns are stored."""
        described = connection.execute(f"DESCRIBE {table.name}").fetchall()
        return cls({row[0]: row[1] for row in described})

    def text(self, column: str) -> str:
        """The cell as text without blanks around it, NULL where there is nothing."""
        return f"nullif(trim(CAST({column} AS VARCHAR)), '')"

    def id(self, column: str) -> str:
        """An id as text; `1000.0` is `1000`: a blank elsewhere made some tool write ids as fractions."""
        text = self.text(column)
        if "INT" in self.types[column]:
            return text
        return f"if(ends_with({text}, '.0'), left({text}, -2), {text})"

    def hundredths(self, column: str) -> str:
        """A number in [0, MAX_USAGE] as whole hundredths, BIGINT: sums do not depend on their order."""
        number = self.number(column)
        return (
            f"CASE WHEN {number} BETWEEN 0 AND {MAX_USAGE:.0f} THEN CAST(round({number} * 100) AS BIGINT) END"
        )

    def number(self, column: str) -> str:
        """The cell as DOUBLE, NULL where it is no number."""
        return f"TRY_CAST({column} AS DOUBLE)"

    def date(self, column: str, form: str | None) -> str:
        """The cell as DATE, NULL where it is none; `form` as `date_form` says."""
        if form is None:
            return f"CAST({column} AS DATE)"
        # The time of day, where there is one, does not matter.
        day = f"regexp_extract({self.text(column)}, '^[^ T]+')"
        return f"CAST(try_strptime({day}, '{form}') AS DATE)"


def date_form(
    connection: duckdb.DuckDBPyConnection, table: Table, cells: Cells, order: DateOrder
) -> tuple[str | None, list[str]]:
    """How a table writes its dates (None: stored as dates), and why that cannot be told."""
    column = table.date
    if column is None or not cells.types[column].startswith("VARCHAR"):
        return None, []
    n_iso, n_year_last, example, first, second, shortest, longest = _date_facts(connection, table, cells)
    place = f"{table.name}: column {column!r}"
    if not n_year_last:
        return "%Y-%m-%d", []
    if n_iso or shortest != longest:
        return None, [f"{place} must write all dates alike: 2018-11-30, 30/11/2018 or 11/30/18"]
    year = "%Y" if longest == 4 else "%y"
    forms = {"day_month": f"%d/%m/{year}", "month_day": f"%m/%d/{year}"}
    if order != "detect":
        return forms[order], []
    if (first > 12) == (second > 12):
        why = "nothing tells day from month" if first <= 12 else f"parts up to {first} and {second}"
        return None, [
            f"{place} has dates like {example!r} and {why}: set data.date_order to day_month or month_day"
        ]
    return forms["day_month" if first > 12 else "month_day"], []


def _date_facts(connection: duckdb.DuckDBPyConnection, table: Table, cells: Cells) -> tuple:
    day = cells.text(str(table.date))
    found = connection.execute(
        f"""
        SELECT count(*) FILTER (is_iso), count(*) FILTER (is_year_last), min(day) FILTER (is_year_last),
               max(TRY_CAST(part[1] AS INT)) FILTER (is_year_last),
               max(TRY_CAST(part[2] AS INT)) FILTER (is_year_last),
               min(length(part[3])) FILTER (is_year_last), max(length(part[3])) FILTER (is_year_last)
        FROM (
            SELECT day, regexp_full_match(day, ?) AS is_iso, regexp_full_match(day, ?) AS is_year_last,
                   string_split(regexp_extract(day, '^[^ T]+'), '/') AS part
            FROM (SELECT DISTINCT {day} AS day FROM {table.name})
        )
        """,
        [ISO, YEAR_LAST],
    ).fetchone()
    return found or (0,) * 7
