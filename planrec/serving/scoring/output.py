"""Answers as a CSV or Parquet file that is complete or missing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from planrec.files.atomic_write import replaced_atomically

SUFFIXES = (".csv", ".parquet")


@contextmanager
def output_file(path: Path, schema: pa.Schema) -> Iterator[pacsv.CSVWriter | pq.ParquetWriter]:
    """Open a writer of tables with this schema; its file replaces `path` once everything is written."""
    kind = pq.ParquetWriter if path.suffix == ".parquet" else pacsv.CSVWriter
    with replaced_atomically(path) as file, kind(file, schema) as writer:
        yield writer
