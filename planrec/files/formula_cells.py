"""Cells that a spreadsheet would execute, in files of results: they are written as text."""

import re
from collections.abc import Iterable, Mapping

FORMULA = r"^[=+\-@\t\r]"
"Text that begins a formula; both patterns are read by Arrow too."
NUMBER = r"^[+-]?[0-9]+([.,][0-9]+)?$"


def plain_cell(value: object) -> object:
    """Return a cell that no spreadsheet executes: text that begins like a formula gets an apostrophe first.

    >>> plain_cell("=1+1"), plain_cell("-5.25"), plain_cell(-5.25)
    ("'=1+1", '-5.25', -5.25)
    """
    is_formula = isinstance(value, str) and re.match(FORMULA, value) and not re.match(NUMBER, value)
    return f"'{value}" if is_formula else value


def plain_rows(rows: Iterable[Mapping[str, object]]) -> list[dict[str, object]]:
    """Return rows for a CSV file, each a mapping from column to cell, without cells that are executed."""
    return [{name: plain_cell(value) for name, value in row.items()} for row in rows]
