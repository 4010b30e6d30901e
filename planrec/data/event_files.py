"""Tables of events in DuckDB: their files, columns and date formats. No table is held in memory."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import duckdb

from planrec.commands.advice import typed
from planrec.errors import DataError
from planrec.files.input_path import find_input
from planrec.schema.columns import MAX_USAGE
from planrec.wording import did_you_mean, shown

SUFFIXES = (".csv", ".parquet")
DateOrder = Literal["detect", "day_month", "month_day"]

ISO = r"\d{4}-\d{2}-\d{2}([ T].*)?"
YEAR_LAST = r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4})( .*)?"


@dataclass(frozen=True)
class FolderTable:
    """One table of the folder, and the columns that are read; others, such as names of people, are not."""

    name: str
    columns: tuple[str, ...]
    date: str | None = None
    "Column that holds a date."


@contextmanager
def database(memory_mib: int, threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database in memory that spills into its own folder, and remove both at the end."""
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


def open_tables(connection: duckdb.DuckDBPyConnection, folder: str, tables: Sequence[FolderTable]) -> Path:
    """Make a view of the needed columns of each table, under its name; return the folder of the tables.

    Raises:
        DataError: lists every table that is missing, cannot be read or lacks a column.
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


def _folder_of(folder: str, table: FolderTable) -> Path:
    try:
        return find_input("data.path", f"{folder}/{table.name}.parquet", DataError).parent
    except DataError:
        return find_input("data.path", f"{folder}/{table.name}.csv", DataError).parent


def _open(connection: duckdb.DuckDBPyConnection, file: Path, table: FolderTable) -> list[str]:
    path = str(file).replace("'", "''")
    # As text: a cell that is not a number must be shown as it is, not stop the reader.
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
class ColumnSql:
    """SQL expressions over the columns of one table."""

    types: dict[str, str]

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection, table: FolderTable) -> "ColumnSql":
        """Find the expressions that fit the stored types of a table's columns."""
        described = connection.execute(f"DESCRIBE {table.name}").fetchall()
        return cls({row[0]: row[1] for row in described})

    def text(self, column: str) -> str:
        """Write SQL of a cell as text without blanks around it, NULL if it is blank.

        Examples:
            >>> ColumnSql({"city": "VARCHAR"}).text("city")
            "nullif(trim(CAST(city AS VARCHAR)), '')"
        """
        return f"nullif(trim(CAST({column} AS VARCHAR)), '')"

    def id(self, column: str) -> str:
        """Write SQL of an id as text, `1000.0` as `1000`: with blanks, tools write ids as fractions."""
        text = self.text(column)
        if "INT" in self.types[column]:
            return text
        return f"if(ends_with({text}, '.0'), left({text}, -2), {text})"

    def hundredths(self, column: str) -> str:
        """Write SQL of a number in [0, MAX_USAGE] as hundredths, BIGINT: sums do not depend on the order."""
        number = self.number(column)
        return (
            f"CASE WHEN {number} BETWEEN 0 AND {MAX_USAGE:.0f} THEN CAST(round({number} * 100) AS BIGINT) END"
        )

    def number(self, column: str) -> str:
        """Write SQL of a cell as DOUBLE, NULL if it is not a number."""
        return f"TRY_CAST({column} AS DOUBLE)"

    def date(self, column: str, form: str | None) -> str:
        """Write SQL of a cell as DATE, NULL if it is not a date; `form` comes from `date_form`."""
        if form is None:
            return f"CAST({column} AS DATE)"
        # A time of day does not matter.
        day = f"regexp_extract({self.text(column)}, '^[^ T]+')"
        return f"CAST(try_strptime({day}, '{form}') AS DATE)"


def date_form(
    connection: duckdb.DuckDBPyConnection, table: FolderTable, cells: ColumnSql, order: DateOrder
) -> tuple[str | None, list[str]]:
    """Find the date format of a table (None: stored as dates), and the problem if it is not clear."""
    column = table.date
    if column is None or not cells.types[column].startswith("VARCHAR"):
        return None, []
    n_iso, n_year_last, example, first, second, shortest, longest = _date_facts(connection, table, cells)
    place = f"{table.name}: column {column!r}"
    if not n_year_last:
        return "%Y-%m-%d", []
    if n_iso or shortest != longest:
        return None, [f"{place} must write all dates in one form: 2018-11-30, 30/11/2018 or 11/30/18"]
    year = "%Y" if longest == 4 else "%y"
    forms = {"day_month": f"%d/%m/{year}", "month_day": f"%m/%d/{year}"}
    if order != "detect":
        return forms[order], []
    if (first > 12) == (second > 12):
        why = "no date shows which part is the day" if first <= 12 else f"parts up to {first} and {second}"
        return None, [
            f"{place} has dates like {example!r} and {why}: type"
            f" {typed({'data.date_order': 'day_month'})} or {typed({'data.date_order': 'month_day'})}"
        ]
    return forms["day_month" if first > 12 else "month_day"], []


def _date_facts(connection: duckdb.DuckDBPyConnection, table: FolderTable, cells: ColumnSql) -> tuple:
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
