"""Answers as a CSV or Parquet file that is complete or missing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from planrec.files.atomic_write import replaced_atomically
from planrec.files.formula_cells import FORMULA, NUMBER

SUFFIXES = (".csv", ".parquet")


class _CsvWriter(pacsv.CSVWriter):
    """A writer of CSV without cells that a spreadsheet would execute."""

    def write_table(self, table: pa.Table) -> None:
        """Write rows."""
        super().write_table(without_formulas(table))


def without_formulas(table: pa.Table) -> pa.Table:
    """Return the table with an apostrophe before texts that begin like a formula.

    >>> without_formulas(pa.table({"plan": ["=1+1", "-5", None]}))["plan"].to_pylist()
    ["'=1+1", '-5', None]
    """
    for place, name in enumerate(table.column_names):
        if pa.types.is_string(table.schema.field(place).type):
            table = table.set_column(place, table.schema.field(place), _without_formulas(table[name]))
    return table


def _without_formulas(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    starts = pc.match_substring_regex(texts, FORMULA)
    if not pc.any(starts).as_py():
        return texts
    is_formula = pc.and_(starts, pc.invert(pc.match_substring_regex(texts, NUMBER)))
    return pc.if_else(is_formula, pc.binary_join_element_wise("'", texts, ""), texts)


@contextmanager
def output_file(path: Path, schema: pa.Schema) -> Iterator[pacsv.CSVWriter | pq.ParquetWriter]:
    """Open a writer of tables with this schema; its file replaces `path` once everything is written."""
    kind = pq.ParquetWriter if path.suffix == ".parquet" else _CsvWriter
    with replaced_atomically(path) as file, kind(file, schema) as writer:
        yield writer
