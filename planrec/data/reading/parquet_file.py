"""Parquet files."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from planrec.data.reading.dictionary_limits import check_chunks, decoded, is_text
from planrec.data.reading.input_file import InputFile, Progress, row_places, with_positions
from planrec.errors import DataError

BATCH_ROWS = 65_536
"Rows read at a time."


@dataclass(frozen=True)
class ParquetFile(InputFile):
    """A Parquet file; its rows are called `row 1`, `row 2` ... in messages."""

    def parts(self, wanted: Sequence[str], progress: Progress) -> Iterator[pa.Table]:
        """Yield the wanted columns; see `InputFile.parts`."""
        has_rows = False
        for part in with_positions(self._batches(wanted, progress)):
            has_rows = True
            yield part
        if not has_rows:
            raise DataError(f"{self.path} has {len(self.columns.tidy)} column(s) but no rows")

    def places(self, positions: Iterable[int]) -> dict[int, str]:
        """Name rows in messages; see `InputFile.places`."""
        return row_places(positions)

    def _batches(self, wanted: Sequence[str], progress: Progress) -> Iterator[pa.Table]:
        in_file = dict(zip(self.columns.tidy, self.columns.in_file, strict=True))
        names = [in_file[name] for name in wanted]
        with _damage_reported(self.path), pq.ParquetFile(self.path, read_dictionary=self._texts()) as file:
            check_chunks(file.metadata, str(self.path))
            n_read = 0
            for batch in file.iter_batches(BATCH_ROWS, columns=names):
                n_read += batch.num_rows
                progress(n_read / file.metadata.num_rows)
                # Names with points also select the columns "inside" them.
                table = pa.Table.from_batches([batch]).select(names).rename_columns(list(wanted))
                yield decoded(table, str(self.path))

    def _texts(self) -> list[str]:
        return [field.name for field in pq.read_schema(self.path) if is_text(field.type)]


def parquet_names(path: Path) -> list[str]:
    """Read the names of the columns of a Parquet file.

    Raises:
        DataError: if the file is damaged.
    """
    with _damage_reported(path):
        return list(pq.read_schema(path).names)


@contextmanager
def _damage_reported(path: Path) -> Iterator[None]:
    try:
        yield
    except pa.ArrowCancelled:  # Ctrl-C while Arrow reads
        raise KeyboardInterrupt from None
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} is a damaged Parquet file: {error}") from None
