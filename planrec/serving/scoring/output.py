"""The answers as a CSV or Parquet file that is there whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

SUFFIXES = (".csv", ".parquet")


@contextmanager
def output_file(path: Path, schema: pa.Schema) -> Iterator[pacsv.CSVWriter | pq.ParquetWriter]:
    """What writes tables of the schema beside `path`; it takes the place of `path` when all went well."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            kind = pq.ParquetWriter if path.suffix == ".parquet" else pacsv.CSVWriter
            with kind(file, schema) as writer:
                yield writer
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
