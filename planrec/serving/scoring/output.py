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
FIRST_LETTERS = pa.array(list("=+-@\t\r"))
"Letters that `FORMULA` matches."
UNIQUE = ("subscriber_ref", "recommendation_id")
"Columns whose values do not repeat: a dictionary of them would only take time."


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
    # Comparing first letters takes a third of the time of a pattern, and few columns have any formula.
    if not pc.any(pc.is_in(pc.utf8_slice_codeunits(texts, 0, 1), value_set=FIRST_LETTERS)).as_py():
        return texts
    starts = pc.match_substring_regex(texts, FORMULA)
    is_formula = pc.and_(starts, pc.invert(pc.match_substring_regex(texts, NUMBER)))
    return pc.if_else(is_formula, pc.binary_join_element_wise("'", texts, ""), texts)


@contextmanager
def output_file(path: Path, schema: pa.Schema) -> Iterator[pacsv.CSVWriter | pq.ParquetWriter]:
    """Open a writer of tables with this schema; its file replaces `path` once everything is written."""
    with replaced_atomically(path) as file:
        if path.suffix == ".parquet":
            repeating = [name for name in schema.names if name not in UNIQUE]
            with pq.ParquetWriter(file, schema, use_dictionary=repeating) as writer:
                yield writer
        else:
            with _CsvWriter(file, schema) as writer:
                yield writer
