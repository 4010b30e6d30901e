"""The dialect of a delimited text file: its encoding, its separator and its header."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from planrec.data.reading.encoding import TextScan, scan_text
from planrec.data.reading.header import common_width, header_of
from planrec.data.reading.numerals import EXAMINED_ROWS
from planrec.errors import DataError

SEPARATORS = (";", "\t", "|", ",")
"In the order of preference if two fit equally: `Charge, USD;Minutes, min` has one of each per column."

SEPARATOR_LINE = re.compile(r'"?sep=([;,|\t])"?[;,|\t]*\r?\n', re.IGNORECASE)
"A first line that spreadsheets write and read: `sep=;`."

SNIFFED_ROWS = 20
HEAD_BYTES = 4 << 20
"Bytes that show the separator and hold the header."


@dataclass(frozen=True)
class Dialect:
    """How a text file is written."""

    scan: TextScan
    separator: str
    header: tuple[str, ...]
    "Cells of the header: the first row that is not blank, below title lines."
    header_line: int
    "The last line of the header, from 1."
    header_bytes: int
    "Length of the text up to the end of the header, in UTF-8."
    is_only_header: bool
    "Whether the file ends after the header, but for blank lines."
    first_rows: tuple[tuple[str, ...], ...]
    "Rows below the header, to see how their cells are written."
    notes: tuple[str, ...]


def dialect_of(path: Path) -> Dialect:
    """Find the dialect of a text file.

    Raises:
        DataError: if the file is not text, is damaged, has no header, or has two.
    """
    scan = scan_text(path)
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        is_whole = not file.read(1)
    text = codecs.getincrementaldecoder(scan.encoding)().decode(head)
    whole_rows = text if is_whole else text.rpartition("\n")[0] or text
    named = SEPARATOR_LINE.match(text)
    separator = named[1] if named else separator_of(whole_rows)
    skipped = text[: named.end()].count("\n") if named else 0
    rows = [row for row in _first_rows(whole_rows, separator, str(path)) if any(row[2]) and row[0] > skipped]
    if not rows or (is_whole and not text.strip()):
        raise DataError(f"{path} is empty ({path.stat().st_size} bytes): it must hold a header and rows")
    header = header_of([cells for _, _, cells in rows], [f"line {line}" for line, _, _ in rows], str(path))
    last_line = rows[header.position][1]
    begin = "".join(islice(io.StringIO(text, newline=""), last_line))
    if not is_whole and len(begin) == len(text):
        raise DataError(f"{path}: the header must have fewer than {HEAD_BYTES:,} bytes")
    below = (tuple(cells) for _, _, cells in rows[header.position + 1 :])
    return Dialect(
        scan=scan,
        separator=separator,
        header=header.cells,
        header_line=last_line,
        header_bytes=len(begin.encode()),
        is_only_header=is_whole and not text[len(begin) :].strip("\r\n"),
        first_rows=tuple(cells for cells in below if len(cells) == len(header.cells)),
        notes=(*_separator_notes(named), *header.notes),
    )


def _separator_notes(named: re.Match[str] | None) -> tuple[str, ...]:
    if named is None:
        return ()
    return (f"the first line names the separator of cells, {named[1]!r}, and is not the header",)


def _first_rows(text: str, separator: str, path: str) -> list[tuple[int, int, list[str]]]:
    """Cut the first rows into cells. Raises DataError if the first of them cannot be cut."""
    lines = io.StringIO(text, newline="")
    rows = list(islice(numbered_rows(lines, separator, path), 1))
    lenient = numbered_rows(io.StringIO(text, newline=""), separator, path, strict=False)
    with suppress(DataError):  # a damaged row below is reported when it is read
        rows += islice(lenient, 1, EXAMINED_ROWS)
    return rows


def separator_of(text: str) -> str:
    r"""Find the separator that cuts the first rows into the same number of cells, two or more.

    Examples:
        >>> separator_of("plan;spend, EUR\nmini;7,50\nmax;30,00")
        ';'
    """

    def fit(separator: str) -> tuple[bool, float, int]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        try:
            rows = [row for row in islice(reader, SNIFFED_ROWS) if any(row)]
        except csv.Error:  # a wide row without this separator is longer than a cell may be
            return False, 0.0, 0
        if not rows:
            return False, 0.0, 0
        # Title lines have one cell with every separator: the rows below show the width.
        width = len(rows[0]) if len(rows[0]) > 1 else common_width(rows)
        return width > 1, float(np.mean([len(row) == width for row in rows])), width

    return max(SEPARATORS, key=fit)


def numbered_rows(
    lines: Iterable[str], separator: str, path: str, *, strict: bool = True
) -> Iterator[tuple[int, int, list[str]]]:
    """Yield the first line, the last line and the cells of every row that is not a blank line.

    Args:
        lines: the text, line by line with the line ends.
        separator: character between the cells.
        path: name of the file in messages.
        strict: whether to refuse text after a closing quotation mark.

    Raises:
        DataError: if a row cannot be cut into cells.
    """
    reader = csv.reader(lines, delimiter=separator, strict=strict)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, reader.line_num, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"{path}: the row that begins on line {line} cannot be cut into cells: {error};"
            " is a quotation mark left open?"
        ) from None
