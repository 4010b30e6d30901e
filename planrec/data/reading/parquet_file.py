"""Parquet files."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from planrec.data.reading.column_names import column_names
from planrec.data.reading.dictionary_limits import check_chunks, decoded, is_text, unread
from planrec.data.reading.input_file import InputFile, Progress, row_places
from planrec.errors import DataError
from planrec.schema.cell_form import CellForm

BATCH_ROWS = 65_536
"Rows read at a time."


@dataclass(frozen=True)
class ParquetFile(InputFile):
    """A Parquet file; its rows are called `row 1`, `row 2` ... in messages."""

    zones: dict[str, str]
    "Time zone of each column that has one."

    @property
    def notes(self) -> tuple[str, ...]:
        """Guesses and changes made while the file was opened, one sentence each."""
        return (
            *self.columns.notes,
            *(
                f"column {column!r} is in the time zone {zone!r}: days and months are read as in that zone"
                for column, zone in self.zones.items()
            ),
        )

    def places(self, positions: Iterable[int]) -> dict[int, str]:
        """Name rows in messages; see `InputFile.places`."""
        return row_places(positions)

    def _tables(self, wanted: Sequence[str], progress: Progress) -> Iterator[pa.Table]:
        in_file = dict(zip(self.columns.tidy, self.columns.in_file, strict=True))
        nested = {field.name: field.type for field in self._schema if pa.types.is_nested(field.type)}
        names = [in_file[name] for name in wanted]
        flat = [name for name in names if name not in nested]
        with _damage_reported(self.path), pq.ParquetFile(self.path, read_dictionary=self._texts()) as file:
            check_chunks(file.metadata, str(self.path))
            n_read = 0
            for batch in file.iter_batches(BATCH_ROWS, columns=flat):
                n_read += batch.num_rows
                progress(n_read / file.metadata.num_rows)
                # Names with points also select the columns "inside" them.
                table = decoded(pa.Table.from_batches([batch]).select(flat), str(self.path))
                columns = [
                    unread(nested[name], batch.num_rows) if name in nested else table[name] for name in names
                ]
                yield pa.table(columns, names=list(wanted))

    @cached_property
    def _schema(self) -> pa.Schema:
        return pq.read_schema(self.path)

    def _texts(self) -> list[str]:
        return [field.name for field in self._schema if is_text(field.type)]


def parquet_file(path: Path, form: CellForm) -> ParquetFile:
    """Open a Parquet file.

    Raises:
        DataError: if the file is damaged, repeats a column name, or uses a time zone that is not known here.
    """
    with _damage_reported(path):
        schema = pq.read_schema(path)
    instants = [field for field in schema if pa.types.is_timestamp(field.type)]
    zones = {field.name: field.type.tz for field in instants if field.type.tz is not None}
    for column, zone in zones.items():
        _check_zone(zone, column, path)
    return ParquetFile(path, column_names(schema.names, str(path)), form, zones)


def _check_zone(zone: str, column: str, path: Path) -> None:
    try:
        pc.local_timestamp(pa.array([0], pa.timestamp("s", zone)))
    except pa.ArrowException:
        raise DataError(
            f"{path}: column {column!r} is in the time zone {zone!r}, which this computer does not"
            " know: install time zones (pip install tzdata), or store the column without a zone"
        ) from None


@contextmanager
def _damage_reported(path: Path) -> Iterator[None]:
    try:
        yield
    except pa.ArrowCancelled:  # Ctrl-C while Arrow reads
        raise KeyboardInterrupt from None
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} is a damaged Parquet file: {error}") from None
