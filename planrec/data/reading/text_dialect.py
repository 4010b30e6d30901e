"""The dialect of a delimited text file: its encoding, its separator and its header."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from planrec.data.reading.encoding import TextScan, scan_text
from planrec.errors import DataError

SEPARATORS = (";", "\t", "|", ",")
"In the order of preference if two fit equally: `Charge, USD;Minutes, min` has one of each per column."

SNIFFED_ROWS = 20
HEAD_BYTES = 4 << 20
"Bytes that show the separator and hold the header."


@dataclass(frozen=True)
class Dialect:
    """How a text file is written."""

    scan: TextScan
    separator: str
    header: tuple[str, ...]
    "Cells of the first row that is not blank."
    header_bytes: int
    "Length of the text up to the end of the header, in UTF-8."
    is_only_header: bool
    "Whether the file ends after the header, but for blank lines."


def dialect_of(path: Path) -> Dialect:
    """Find the dialect of a text file.

    Raises:
        DataError: if the file is not text, is damaged, or has no header.
    """
    scan = scan_text(path)
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        is_whole = not file.read(1)
    text = codecs.getincrementaldecoder(scan.encoding)().decode(head)
    separator = separator_of(text if is_whole else text.rpartition("\n")[0] or text)
    rows = numbered_rows(io.StringIO(text, newline=""), separator, str(path))
    last_line, header = next(((last, cells) for _, last, cells in rows if any(cells)), (0, []))
    if not header or (is_whole and not text.strip()):
        raise DataError(f"{path} is empty ({path.stat().st_size} bytes): it must hold a header and rows")
    begin = "".join(islice(io.StringIO(text, newline=""), last_line))
    if not is_whole and len(begin) == len(text):
        raise DataError(f"{path}: the header must have fewer than {HEAD_BYTES:,} bytes")
    return Dialect(
        scan=scan,
        separator=separator,
        header=tuple(header),
        header_bytes=len(begin.encode()),
        is_only_header=is_whole and not text[len(begin) :].strip("\r\n"),
    )


def separator_of(text: str) -> str:
    r"""Find the separator that cuts the first rows into the same number of cells, two or more.

    Examples:
        >>> separator_of("plan;spend, EUR\nmini;7,50\nmax;30,00")
        ';'
    """

    def fit(separator: str) -> tuple[bool, float, int]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        try:
            widths = [len(row) for row in islice(reader, SNIFFED_ROWS) if any(row)]
        except csv.Error:  # a wide row without this separator is longer than a cell may be
            return False, 0.0, 0
        if not widths:
            return False, 0.0, 0
        return widths[0] > 1, float(np.mean([width == widths[0] for width in widths])), widths[0]

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
