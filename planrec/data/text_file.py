"""Delimited text of any dialect (CSV), cut into cells; nothing is guessed here about their meaning."""

import csv
import io
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa

from planrec.data.raw_table import RawTable, column_names, tidy_text
from planrec.errors import DataError

SEPARATORS = (";", "\t", "|", ",")
"In the order of preference where two fit equally: `Charge, USD;Minutes, min` has one of each per column."

SNIFFED_ROWS = 20
CHUNK_ROWS = 10_000
"Rows held as Python strings at a time: they take about five times the memory of the columns they become."

# Longest first: the mark of UTF-32-LE begins with that of UTF-16-LE.
BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def read_text_file(content: bytes, path: str) -> RawTable:
    """Cut the content of a delimited text file into a RawTable.

    Raises:
        DataError: the content is no text, is empty, has no rows, or its rows and header do not fit.
    """
    text, notes = _decoded(content, path)
    if not text.strip():
        raise DataError(f"{path} is empty ({len(content)} bytes): it must hold a header and rows")
    separator = separator_of(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows = _rows(reader, path)
    header = next(rows)[1]
    names, unnamed, header_notes = column_names(header, path)
    columns, lines = _columns(rows, len(names), path)
    if not len(lines):
        raise DataError(f"{path} has a header of {len(names)} column(s) but no rows")
    return RawTable(
        columns=dict(zip(names, map(tidy_text, columns), strict=True)),
        unnamed=unnamed,
        positions=lines,
        position_word="line",
        decimal_comma=separator != ",",
        notes=notes + header_notes,
    )


def _columns(
    rows: Iterator[tuple[int, list[str]]], width: int, path: str
) -> tuple[list[pa.ChunkedArray], np.ndarray]:
    """Turn rows into columns of text, chunk by chunk, with the line of each row."""
    lines: list[int] = []
    ragged: list[tuple[int, int]] = []
    chunks: list[list[pa.Array]] = []
    while chunk := list(islice(rows, CHUNK_ROWS)):
        ragged += [(line, len(cells)) for line, cells in chunk if len(cells) != width]
        if not ragged:
            lines += [line for line, _ in chunk]
            cells_by_column = zip(*(cells for _, cells in chunk), strict=True)
            chunks.append([pa.array(cells, pa.string()) for cells in cells_by_column])
    if ragged:
        shown = [f"line {line} has {count}" for line, count in ragged[:5]]
        more = [f"... and {len(ragged) - 5:,} more rows"] if len(ragged) > 5 else []
        raise DataError(f"{path}: every row must have {width} cells, as the header has", shown + more)
    columns = [pa.chunked_array(arrays) for arrays in zip(*chunks, strict=True)]
    return columns, np.array(lines, dtype=np.int64)


def _rows(reader: Any, path: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold anything, each with the line it begins on.

    A row of blank cells only is passed over like a blank line: spreadsheets leave them at the end.
    """
    line = 1
    try:
        for cells in reader:
            if any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"{path}: the row that begins on line {line} cannot be cut into cells: {error};"
            " is a quotation mark left open?"
        ) from None


def separator_of(text: str) -> str:
    """The separator that cuts the first rows into the same number of cells, two or more."""

    def fit(separator: str) -> tuple[bool, float, int]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        try:
            widths = [len(row) for row in islice(reader, SNIFFED_ROWS) if any(row)]
        except csv.Error:  # a wide row not cut at all is longer than a cell may be
            return False, 0.0, 0
        return widths[0] > 1, float(np.mean([width == widths[0] for width in widths])), widths[0]

    return max(SEPARATORS, key=fit)


def _decoded(content: bytes, path: str) -> tuple[str, tuple[str, ...]]:
    """The content as text, and a note where its encoding had to be guessed."""
    marked = next((name for mark, name in BYTE_ORDER_MARKS if content.startswith(mark)), None)
    notes: tuple[str, ...] = ()
    try:
        text = content.decode(marked or "utf-8")
    except UnicodeDecodeError as error:
        if marked:
            raise DataError(f"{path} begins with the mark of {marked} text but is not: {error}") from None
        text, encoding = decoded_by_guess(content, path)
        notes = (f"the file is not UTF-8: read as {encoding}; if names look wrong, save it as UTF-8",)
    if "\x00" in text:
        raise DataError(
            f"{path} is not text: NUL at character {text.index(chr(0)) + 1:,}; save it as UTF-8 CSV"
        )
    return text, notes


def decoded_by_guess(content: bytes, path: str, first_line: int = 1) -> tuple[str, str]:
    """Text in a one-byte encoding, and which: Cyrillic writes whole words above 0xC0, Latin single letters.

    Raises:
        DataError: the content is damaged UTF-8; it begins on `first_line` of the file.
    """
    replaced = content.decode("utf-8", errors="replace")
    broken = replaced.count("\ufffd")
    # In a one-byte encoding hardly any pair of bytes is UTF-8 by chance: such a file is damaged UTF-8.
    if len(re.findall(r"[^\x00-\x7f\ufffd]", replaced)) > broken:
        line = replaced[: replaced.index("\ufffd")].count("\n") + first_line
        raise DataError(
            f"{path} is UTF-8 text but for {broken} place(s), first on line {line}: save it again"
        )
    high_runs = re.findall(rb"[\xc0-\xff]+", content)
    cyrillic = sum(len(run) for run in high_runs if len(run) > 1) > sum(len(run) == 1 for run in high_runs)
    for encoding in ("cp1251",) if cyrillic else ("cp1252", "latin-1"):
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1"), "latin-1"
